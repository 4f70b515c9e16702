// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Taking away what was learned and ended. */
#include <errno.h>

#include <bpf/bpf.h>

#include "handle.h"
#include "tick.h"
#include "egret_limits.h"

/* An entry that ended less than this ago is left alone: programs may be learning it again at this moment. */
#define SWEEP_AFTER_SEC 60

static bool ended_long_ago(const struct egret_learned *learned, uint64_t now_tick)
{
	uint64_t before = now_tick - (uint64_t)SWEEP_AFTER_SEC * tick_hz();

	for (size_t i = 0; i < EGRET_LEARNED_NAMES; i++) {
		if ((int64_t)(learned->lessons[i].expires_tick - before) > 0)
			return false;
	}
	return true;
}

/* Learned again between the look and the deletion? Then it is put back at once. */
static int sweep_learned(void *context, const struct egret_learned_key *key, const struct egret_learned *learned)
{
	const struct kernel *kernel = context;
	uint64_t now_tick = kernel_tick_now();
	struct egret_learned gone;

	if (!ended_long_ago(learned, now_tick))
		return 0;
	/* BPF_MAP_LOOKUP_AND_DELETE_ELEM of a hash: 5.14. */
	if (!bpf_map_lookup_and_delete_elem(kernel->maps[MAP_learned], key, &gone)) {
		if (!ended_long_ago(&gone, now_tick))
			bpf_map_update_elem(kernel->maps[MAP_learned], key, &gone, BPF_NOEXIST);
	} else if (errno != ENOENT) {
		bpf_map_delete_elem(kernel->maps[MAP_learned], key);
	}
	return 0;
}

/* A place in the ring of a subject whose address went. */
static int sweep_ring(void *context, const void *place)
{
	const struct kernel *kernel = context;
	struct egret_learned_key key;
	struct egret_learned learned;

	if (!bpf_map_lookup_elem(kernel->maps[MAP_rings], place, &key) &&
	    bpf_map_lookup_elem(kernel->maps[MAP_learned], &key, &learned))
		bpf_map_delete_elem(kernel->maps[MAP_rings], place);
	return 0;
}

int kernel_sweep_learned(struct kernel *kernel)
{
	struct egret_ring_key keys[2];
	int rc = kernel_each_learned(kernel, sweep_learned, kernel);

	if (rc)
		return rc;
	return map_each_entry(kernel->maps[MAP_rings], 2 * EGRET_MAX_LEARNED, (void *[]){&keys[0], &keys[1]},
			      sweep_ring, kernel);
}
