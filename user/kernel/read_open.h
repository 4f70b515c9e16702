/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef EGRET_KERNEL_READ_OPEN_H
#define EGRET_KERNEL_READ_OPEN_H

#include "handle.h"

/* kernel_open; @protection of the page of the configuration, as of mmap(2). handle_free closes it.
 * Private to kernel/. */
int open_pinned(const char *instance, int protection, struct kernel **ret, struct error *error);

#endif
