/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a node cannot do without must be in its policy: rules from a file named node.rules.
 * One that ruled under a release that did not ask for them goes on, and `status` says so.
 */
#ifndef EGRET_FLOOR_H
#define EGRET_FLOOR_H

#include "agent.h"

/* What ruled without a floor has this text for `status`. */
extern const char floor_problem[];

/* -EINVAL: the policy has none; @diag says what to write. *ret_rules tells the rules apart that go
 * on without one (struct egret_meta, floorless_rules); 0 = there is nothing to tell. */
int floor_check(const struct agent_options *options, const struct policy *policy, struct diag *diag,
		uint64_t *ret_rules);

#endif
