/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What each rule let through, or took away. The first RULES_MAX of the policy have counters of their own; of those
 * behind them the sum is the rule "other". */
#ifndef EGRET_SERVE_RULES_H
#define EGRET_SERVE_RULES_H

#include "../kernel/read.h"
#include "series.h"

#define RULES_MAX 1000

/* Zero-initialise; rules_free. */
struct rules {
	uint32_t texts_id;
	struct rule_known *all; /* in the order of the policy */
	size_t count, capacity;
	struct rule_known *by_place;
	struct egret_counter *counters; /* by their ids */
	uint32_t limit;
	uint64_t allowed; /* packets, by lines and built-in rules */
};

/* Reads the texts again where they are others. */
int rules_look(struct rules *rules, const struct kernel *kernel);
/* Their texts name destinations: @named for who may see those. */
void rules_write(const struct rules *rules, struct series *series, bool named);
void rules_free(struct rules *rules);

#endif
