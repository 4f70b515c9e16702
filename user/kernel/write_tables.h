/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What writing a policy and writing one of its addresses share. Private to kernel/. */
#ifndef EGRET_KERNEL_WRITE_TABLES_H
#define EGRET_KERNEL_WRITE_TABLES_H

#include "buckets.h"
#include "handle.h"

/* The values of an array map from @first on, in one call. */
int write_array(int fd, const void *values, size_t first, size_t count);
/* For `status`: how many places of the slot's table of addresses are used. */
void note_places(struct kernel *kernel, uint32_t slot, const struct buckets *buckets);

#endif
