/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Each rule with what it let through, or took away. */
#ifndef EGRET_VIEW_RULES_H
#define EGRET_VIEW_RULES_H

#include <jansson.h>

#include "../kernel/read.h"

/*
 * [{rule_id, rule, file, line, purpose, packets_total, bytes_total, last_time, last_hit_time,
 * untimed_packets_count, recorded_since_time, unused_since_time, would_deny_packets_count, would_deny_last_time}], in
 * the order of the policy; then what passed without a line of it, where anything did: "rule" is "(loopback)" and so on,
 * and no file has it.
 *
 * last_time (and last_hit_time, which is the same): good to 10 s, which is how often the agent looks; kept over
 * reboots. recorded_since_time: no hit since then was missed. unused_since_time: no hit since then, as far as that
 * reaches; null where it is not known. untimed_packets_count: came when none did. would_deny_packets_count: of a deny,
 * what it would have taken away in audit, as far as `drops` has it; of an `audit` line, what it would have changed.
 */
int view_rules(const struct kernel *kernel, const char *instance, json_t **ret);

/* Of lines of the policy; what a line would have taken away in audit is a use of it, too. */
struct rules_counts {
	size_t all, unused;
};
/* The same with @limit lines that were used, and @limit of those that were not. */
int view_rules_some(const struct kernel *kernel, const char *instance, size_t limit, json_t **ret,
		    struct rules_counts *ret_counts);

#endif
