// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "hits.h"

#include <stdlib.h>

#include "../base/clock.h"

struct hits {
	uint32_t rules;
	uint64_t packets[];
};

struct hits *hits_new(uint32_t rules)
{
	struct hits *hits = calloc(1, sizeof(*hits) + rules * sizeof(hits->packets[0]));

	if (hits)
		hits->rules = rules;
	return hits;
}

void hits_free(struct hits *hits)
{
	free(hits);
}

void hits_refresh(struct hits *hits, struct kernel *kernel)
{
	uint64_t now = clock_realtime_ns();

	for (uint32_t rule = 1; rule < hits->rules; rule++) {
		struct egret_counter counter;

		if (kernel_get_counter(kernel, rule, &counter) || counter.packets == hits->packets[rule])
			continue;
		hits->packets[rule] = counter.packets;
		kernel_set_last_hit(kernel, rule, now);
	}
}
