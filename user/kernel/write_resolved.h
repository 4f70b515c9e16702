/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The table of which exact name has which address, one for each slot. Private to kernel/. */
#ifndef EGRET_KERNEL_WRITE_RESOLVED_H
#define EGRET_KERNEL_WRITE_RESOLVED_H

#include "egret_types.h"

struct compiled;

/* With room for half as many again as @compiled knows. The descriptor is the caller's to close. */
int resolved_make(const struct compiled *compiled);
int resolved_fill(int fd, const struct compiled *compiled, const __u64 *hash_keys);

#endif
