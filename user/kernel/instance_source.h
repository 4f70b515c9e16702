/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The pins of the layer source. Private to kernel/. */
#ifndef EGRET_KERNEL_INSTANCE_SOURCE_H
#define EGRET_KERNEL_INSTANCE_SOURCE_H

#include <stdbool.h>

bool source_is_pin(const char *pin);

#endif
