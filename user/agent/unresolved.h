/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a start tells of the policy's names: how many have addresses, and one line for each reason why
 * others have none, or unconfirmed ones, since a node without DNS has the same reason for all. */
#ifndef EGRET_UNRESOLVED_H
#define EGRET_UNRESOLVED_H

#include "../policy/policy.h"
#include "../resolve/resolver.h"
#include "progress.h"

/* Of the names of @policy. @addresses: different ones in all. */
void unresolved_report(struct resolver *resolver, const struct policy *policy, size_t addresses,
		       struct progress *progress);

#endif
