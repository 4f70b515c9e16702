/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What was counted and noted under ids that get another meaning with a policy (which ids those are:
 * struct compiled). Private to kernel/.
 */
#ifndef EGRET_RULE_ID_H
#define EGRET_RULE_ID_H

#include "handle.h"

/* Their counters, before the switch. */
int rule_ids_clear(const struct kernel *kernel, const struct compiled *compiled);
/* Their denials, and those of rules that went, after it. */
void rule_ids_forget_denials(const struct kernel *kernel, const struct compiled *compiled);

#endif
