/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * When each rule was last hit. No clock is read for this in the kernel: the
 * agent sees now and then which counters moved.
 */
#ifndef EGRET_HITS_H
#define EGRET_HITS_H

#include "../kernel/kernel.h"

void hits_refresh(struct kernel *kernel);

#endif
