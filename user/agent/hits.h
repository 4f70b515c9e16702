/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* When each rule was last hit: seen by the counters that moved since the last look,
 * so that no clock is read for it in the kernel. */
#ifndef EGRET_HITS_H
#define EGRET_HITS_H

#include <stddef.h>
#include <stdint.h>

#include "../kernel/kernel.h"

struct hits;

/* @rules: ids below this are watched. NULL: out of memory. */
struct hits *hits_new(uint32_t rules);
void hits_free(struct hits *hits); /* takes NULL */
void hits_refresh(struct hits *hits, struct kernel *kernel);

#endif
