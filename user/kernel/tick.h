/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The programs' clock; what it says is kernel_tick_now() of read.h. Private to kernel/. */
#ifndef EGRET_KERNEL_TICK_H
#define EGRET_KERNEL_TICK_H

#include <stdint.h>

/* Ticks in a second. */
uint32_t tick_hz(void);

#endif
