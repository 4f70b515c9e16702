// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "write_resolved.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/bpf.h>

#include "../compile/compile.h"
#include "handle.h"
#include "name_key.h"

/* Room for addresses that come later, before all is built anew: as of the table of addresses. */
#define HEADROOM 1024

int resolved_make(const struct compiled *compiled)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC);
	size_t entries = compiled->resolved_count + compiled->resolved_count / 2 + HEADROOM;
	int fd = bpf_map_create(BPF_MAP_TYPE_HASH, "egret_resolved", sizeof(struct egret_resolved_key),
				sizeof(struct egret_resolved), entries, &options);

	return fd < 0 ? -errno : fd;
}

int resolved_fill(int fd, const struct compiled *compiled, const __u64 *hash_keys)
{
	size_t count = compiled->resolved_count;
	struct egret_resolved_key *keys = calloc(count + 1, sizeof(*keys));
	struct egret_resolved *values = calloc(count + 1, sizeof(*values));
	int rc = keys && values ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && !rc; i++) {
		const char *name = compiled->names[compiled->resolved[i].name - 1];

		keys[i] = (struct egret_resolved_key){compiled->resolved[i].addr, name_key(name, hash_keys)};
	}
	if (!rc)
		rc = map_write_batch(fd, keys, values, count);
	free(keys);
	free(values);
	return rc;
}

static int write_one(int fd, const struct egret_resolved_key *key, const struct egret_resolved *resolved)
{
	if (!resolved)
		return bpf_map_delete_elem(fd, key) && errno != ENOENT ? -errno : 0;
	return bpf_map_update_elem(fd, key, resolved, BPF_ANY) ? -errno : 0;
}

int kernel_set_resolved(struct kernel *kernel, const char *name, const struct egret_addr *addr,
			const struct egret_resolved *resolved)
{
	struct egret_resolved_key key = {*addr, name_key(name, kernel->hash_keys)};

	return write_one(kernel->inner_resolved, &key, resolved);
}
