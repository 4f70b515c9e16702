/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Promise 12: what must be denied is tried by a child in a cgroup of its own below the governed one. These denials are
 * not accounted for: a person should not read of one that Egret caused. Private to kernel/.
 */
#ifndef EGRET_KERNEL_INSTANCE_CHILD_H
#define EGRET_KERNEL_INSTANCE_CHILD_H

#include "../base/error.h"
#include "kernel.h"

/* How it ended; above CHILD_NOT_TRIED, @run says by itself what was missing. */
enum child_outcome { CHILD_REFUSED = 0, CHILD_LET_OUT, CHILD_NOT_TRIED };

/* What @run returned in the child, or negative errno where there is no place for one. */
int child_try(struct kernel *kernel, int cgroup_fd, int (*run)(void *context), void *context, struct error *error);

#endif
