/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a start tells of the policy's names: how many have addresses, and one line for each reason why
 * others have none, since a node without DNS has the same reason for all. */
#ifndef EGRET_UNRESOLVED_H
#define EGRET_UNRESOLVED_H

#include "../resolve/resolver.h"
#include "progress.h"

/* @addresses: different ones in all. */
void unresolved_report(struct resolver *resolver, size_t addresses, struct progress *progress);

#endif
