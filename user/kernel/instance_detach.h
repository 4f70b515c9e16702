/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Taking away what is pinned. Private to kernel/. */
#ifndef EGRET_KERNEL_INSTANCE_DETACH_H
#define EGRET_KERNEL_INSTANCE_DETACH_H

#include "../base/error.h"

/* "map_NAME", "link_NAME": removed; a hook is cut first, since a holder that still runs has it open. */
int instance_remove_pin(const char *instance, const char *name, struct error *error);

#endif
