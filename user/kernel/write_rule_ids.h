/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which id a rule has in the kernel. A rule that the policy before had too keeps its id, and
 * with it its counters, its denials and the connections that it allowed; others get one that
 * nobody has. A rule is the same if its text, its file and the destinations that its text
 * stands for are. Private to kernel/.
 */
#ifndef EGRET_RULE_ID_H
#define EGRET_RULE_ID_H

#include "handle.h"

struct rule_ids {
	uint32_t *ids;   /* of each rule of the policy, in its order */
	uint32_t *borns; /* generation under which the id got this meaning */
	bool *kept;      /* the rule had the id before */
	size_t count;
	size_t limit; /* all ids are below EGRET_RULE_FIRST + limit */
};

/* For a policy that is to be loaded over the one that rules, if one does. */
int rule_ids_make(const struct kernel *kernel, const struct compiled *compiled, struct rule_ids *ret);
void rule_ids_free(struct rule_ids *ids);

/* @compiled with these ids: only ports, rules, texts and rule_count are its own. */
int rule_ids_apply(const struct rule_ids *ids, const struct compiled *compiled, struct compiled *ret);
void rule_ids_drop(struct compiled *applied);

/* What was counted under ids that get another meaning. Before the switch, and after it. */
int rule_ids_clear(const struct kernel *kernel, const struct rule_ids *ids);
void rule_ids_forget_denials(const struct kernel *kernel, const struct rule_ids *ids);

#endif
