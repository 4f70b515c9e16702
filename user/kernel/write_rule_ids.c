// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "write_rule_ids.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../compile/compile.h"
#include "egret_reasons.h"

int rule_ids_clear(const struct kernel *kernel, const struct compiled *compiled)
{
	int cpus = libbpf_num_possible_cpus(), rc = 0;
	struct egret_counter *none = cpus > 0 ? calloc((size_t)cpus, sizeof(*none)) : NULL;
	struct egret_hit never = {};

	if (!none)
		return -ENOMEM;
	for (size_t i = 0; i < compiled->rule_count && !rc; i++) {
		uint32_t id = compiled->ids[i];

		if (!compiled->kept[id - EGRET_RULE_FIRST] &&
		    (bpf_map_update_elem(kernel->maps[MAP_counters], &id, none, BPF_ANY) ||
		     bpf_map_update_elem(kernel->maps[MAP_hits], &id, &never, BPF_ANY)))
			rc = -errno;
	}
	free(none);
	return rc;
}

struct forgetting {
	const struct kernel *kernel;
	const struct compiled *compiled;
};

static int forget_denial(void *context, const void *place)
{
	const struct forgetting *forgetting = context;
	const struct compiled *compiled = forgetting->compiled;
	struct egret_drop_row row;
	uint32_t at;

	if (bpf_map_lookup_elem_flags(forgetting->kernel->maps[MAP_drops], place, &row, BPF_F_LOCK) || !row.key.rule)
		return 0;
	at = (uint32_t)row.key.rule - EGRET_RULE_FIRST;
	if (at >= compiled->rule_limit || !compiled->kept[at])
		bpf_map_delete_elem(forgetting->kernel->maps[MAP_drops], place);
	return 0;
}

void rule_ids_forget_denials(const struct kernel *kernel, const struct compiled *compiled)
{
	struct forgetting forgetting = {kernel, compiled};
	struct egret_drop_place places[2];

	map_each_entry(kernel->maps[MAP_drops], 2 * EGRET_MAX_DROPS, (void *[]){&places[0], &places[1]}, forget_denial,
		       &forgetting);
}
