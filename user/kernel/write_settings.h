/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef EGRET_KERNEL_WRITE_SETTINGS_H
#define EGRET_KERNEL_WRITE_SETTINGS_H

#include "egret_config.h"

/* The same policy, in the same slot; but every cached verdict is judged again. Private to kernel/. */
void forget_verdicts(struct egret_config *config);

#endif
