// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "hits.h"

#include <string.h>

#include "../base/clock.h"
#include "egret_reasons.h"

/* What a `deny` would have taken away is in no counter of the rule: in audit its hits are missed. */
static bool is_missed(const struct kernel *kernel, uint32_t rule, bool audit)
{
	struct egret_rule_text text;

	if (rule < EGRET_RULE_FIRST || !audit || kernel_get_text(kernel, rule, &text))
		return false;
	return !strncmp(text.text, "deny ", strlen("deny "));
}

static void refresh(struct kernel *kernel, uint32_t rule, bool begin, bool missed)
{
	uint64_t now = clock_realtime_ns();
	struct egret_counter counter;
	struct egret_hit hit;

	if (kernel_get_counter(kernel, rule, &counter) || kernel_get_hit(kernel, rule, &hit))
		return;
	begin = missed || (begin && !hit.since_ns);
	if (counter.packets == hit.packets && !begin)
		return;
	if (counter.packets != hit.packets)
		hit.last_ns = now;
	if (begin)
		hit.since_ns = now;
	hit.packets = counter.packets;
	kernel_set_hit(kernel, rule, &hit);
}

void hits_refresh(struct kernel *kernel, bool recalled)
{
	bool audit = kernel_settings(kernel)->audit;
	uint32_t limit = kernel_rule_limit(kernel);

	for (uint32_t rule = 1; rule < limit; rule++)
		refresh(kernel, rule, recalled, is_missed(kernel, rule, audit));
}
