// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Where the kernel's connection tracking keeps its addresses. The programs cannot be fitted to it when they are loaded,
 * as they are to all else: it may be a module that comes later. Of modules the kernel describes its types since 5.11.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "handle.h"
#include "layer.h"

#define MODULE "nf_conntrack"

/* Offset in octets, or -ENOENT. @ret_type: what the member is. */
static int find_member(const struct btf *btf, int type_id, const char *name, int *ret_type)
{
	const struct btf_type *type = btf__type_by_id(btf, (__u32)type_id);
	const struct btf_member *members = type ? btf_members(type) : NULL;

	if (!type || !btf_is_struct(type))
		return -ENOENT;
	for (__u16 i = 0; i < btf_vlen(type); i++) {
		if (strcmp(btf__name_by_offset(btf, members[i].name_off), name))
			continue;
		*ret_type = (int)members[i].type;
		return (int)btf_member_bit_offset(type, i) / 8;
	}
	return -ENOENT;
}

/* nf_conn.tuplehash[0].tuple: of two directions the first is that of who began. */
static int find_original(const struct btf *btf, int connection)
{
	int hashes, tuple, at = find_member(btf, connection, "tuplehash", &hashes), within;
	const struct btf_type *type = at < 0 ? NULL : btf__type_by_id(btf, (__u32)hashes);

	if (!type || !btf_is_array(type))
		return -ENOENT;
	within = find_member(btf, btf__resolve_type(btf, btf_array(type)->type), "tuple", &tuple);
	return within < 0 ? within : at + within;
}

static int find_places(const struct btf *btf, struct egret_conntrack_places *ret)
{
	int connection = btf__find_by_name_kind(btf, "nf_conn", BTF_KIND_STRUCT), type, status, original;

	if (connection < 0)
		return -ENOENT;
	status = find_member(btf, connection, "status", &type);
	original = find_original(btf, connection);
	if (status <= 0 || original <= 0)
		return -ENOENT;
	*ret = (struct egret_conntrack_places){.status = (__u32)status, .original = (__u32)original};
	return 0;
}

/* In the kernel itself, or in the module. */
static int look_up_places(struct egret_conntrack_places *ret)
{
	struct btf *kernels = btf__load_vmlinux_btf(), *modules;
	int rc;

	if (!kernels)
		return -errno;
	rc = find_places(kernels, ret);
	if (rc) {
		modules = btf__load_module_btf(MODULE, kernels);
		rc = modules ? find_places(modules, ret) : -ENOENT;
		btf__free(modules);
	}
	btf__free(kernels);
	return rc;
}

int kernel_find_conntrack(struct kernel *kernel)
{
	struct egret_conntrack_places *told = &kernel->config->conntrack, found;
	int rc;

	if (told->status && told->original)
		return 0;
	/* It is there, too, where the module is built in; so nothing is read in vain again and again. */
	if (access("/sys/module/" MODULE, F_OK))
		return -ENOENT;
	rc = look_up_places(&found);
	if (rc)
		return rc;
	__atomic_store_n(&told->original, found.original, __ATOMIC_RELEASE);
	__atomic_store_n(&told->status, found.status, __ATOMIC_RELEASE);
	return 0;
}
