// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "hits.h"

#include "../base/clock.h"

void hits_refresh(struct kernel *kernel)
{
	uint32_t limit = kernel_rule_limit(kernel);
	uint64_t now = clock_realtime_ns();

	for (uint32_t rule = 1; rule < limit; rule++) {
		struct egret_counter counter;
		struct egret_hit hit;

		if (kernel_get_counter(kernel, rule, &counter) || kernel_get_hit(kernel, rule, &hit) ||
		    counter.packets == hit.packets)
			continue;
		hit = (struct egret_hit){.packets = counter.packets, .last_ns = now};
		kernel_set_hit(kernel, rule, &hit);
	}
}
