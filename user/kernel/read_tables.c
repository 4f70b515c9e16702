// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "read_tables.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "handle.h"
#include "name_key.h"

void tables_close(const struct tables *tables)
{
	const int fds[] = {tables->addrs, tables->cidrs, tables->ports, tables->lists, tables->sets};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

int tables_open(const struct kernel *kernel, struct tables *ret)
{
	uint32_t slot = handle_slot(kernel);
	struct egret_meta meta;
	int rc = kernel_get_meta(kernel, &meta);

	if (rc)
		return rc;
	*ret = (struct tables){
	    .kernel = kernel,
	    .slot = slot,
	    .addrs = handle_slot_fd(kernel, MAP_addrs, slot),
	    .cidrs = handle_slot_fd(kernel, MAP_cidrs, slot),
	    .ports = handle_slot_fd(kernel, MAP_ports, slot),
	    .lists = handle_slot_fd(kernel, MAP_lists, slot),
	    .sets = handle_slot_fd(kernel, MAP_sets, slot),
	};
	memcpy(ret->hash_keys, meta.hash_keys, sizeof(ret->hash_keys));
	if (ret->addrs >= 0 && ret->cidrs >= 0 && ret->ports >= 0 && ret->lists >= 0 && ret->sets >= 0)
		return 0;
	tables_close(ret);
	return -EIO;
}

int tables_find_target(const struct tables *tables, const struct egret_addr *addr, struct egret_target *ret)
{
	struct egret_cidr_key key = {.prefix_len = 128, .addr = *addr};
	struct buckets buckets = {.fd = tables->addrs,
				  .shift = tables->kernel->config->settings[tables->slot].bucket_shift};
	int rc = buckets_find(&buckets, tables->hash_keys, addr, ret);

	if (rc != -ENOENT)
		return rc;
	memset(ret, 0, sizeof(*ret));
	return bpf_map_lookup_elem(tables->cidrs, &key, ret) && errno != ENOENT ? -errno : 0;
}

static bool has_list(const void *policy, uint64_t key)
{
	const struct tables *tables = policy;
	struct egret_target ignored;

	return !bpf_map_lookup_elem(tables->lists, &key, &ignored);
}

/* All zero: nothing. */
static void find_list(const struct tables *tables, uint64_t rule_name, struct egret_target *ret)
{
	if (!rule_name || bpf_map_lookup_elem(tables->lists, &rule_name, ret))
		memset(ret, 0, sizeof(*ret));
}

void tables_find_list_of_key(const struct tables *tables, uint64_t name, struct egret_target *ret)
{
	struct egret_known known;

	if (!bpf_map_lookup_elem(tables->lists, &name, ret))
		return;
	if (bpf_map_lookup_elem(tables->kernel->maps[MAP_known], &name, &known))
		memset(&known, 0, sizeof(known));
	find_list(tables, name_speaker(0, known.suffixes, EGRET_SUFFIXES, tables->hash_keys, has_list, tables), ret);
}

void tables_find_list_of_text(const struct tables *tables, const char *name, struct egret_target *ret)
{
	__u64 domains[EGRET_MAX_LABELS];
	size_t count = name_domains(name, tables->hash_keys, domains, EGRET_MAX_LABELS);

	find_list(tables,
		  name_speaker(name_key(name, tables->hash_keys), domains, count, tables->hash_keys, has_list, tables),
		  ret);
}
