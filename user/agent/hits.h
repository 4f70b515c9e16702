/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * When each rule was last hit. No clock is read for this in the kernel: the agent sees now and then which counters
 * moved. And since when that is known of each rule, so that nobody calls a rule unused for longer.
 */
#ifndef EGRET_HITS_H
#define EGRET_HITS_H

#include "../kernel/kernel.h"

/* @recalled: what is known of rules from before is there (hit_record.h); what has no record yet begins one. */
void hits_refresh(struct kernel *kernel, bool recalled);

#endif
