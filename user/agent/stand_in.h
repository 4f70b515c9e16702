/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What rules where the policy's files cannot: they are broken, or not there, when an agent starts.
 * First the last good policy, where one is kept (good_policy.h). Else, where nothing is attached yet,
 * what --fallback says:
 *
 *   audit   no rule, and nothing is denied: it only counts what a policy would have to allow
 *   closed  `use linux/node` alone is enforced: lo, DHCP, time, and the node's resolvers
 *
 * What was found in force goes on in any case.
 */
#ifndef EGRET_STAND_IN_H
#define EGRET_STAND_IN_H

#include "edition.h"

/* Is something in force under this name, by pins of this version or another one? */
bool stand_in_is_in_force(const char *instance);
/* @said: what holds meanwhile, or why nothing stands in for the files (a negative errno). @found: something is in
 * force. */
int stand_in_find(const struct agent_options *options, struct loop *loop, bool found, struct edition **ret,
		  struct error *said);

#endif
