// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tick.h"

#include <time.h>

#include "../base/clock.h"
#include "read.h"
#include "egret_decide.h"

uint32_t tick_hz(void)
{
	struct timespec resolution;

	/* The coarse clocks advance once a tick: clock_getres(2). */
	if (clock_getres(CLOCK_MONOTONIC_COARSE, &resolution) || !resolution.tv_nsec)
		return 250;
	return (1000000000 + resolution.tv_nsec / 2) / resolution.tv_nsec;
}

uint64_t kernel_tick_now(void)
{
	uint64_t hz = tick_hz();
	/* include/linux/jiffies.h, INITIAL_JIFFIES: the count begins five minutes before 2^32. */
	uint64_t first = (uint32_t)(-300 * (int32_t)hz);

	return first + clock_kernel_ns() / (CLOCK_NS_PER_SEC / hz);
}

uint32_t kernel_sec_now(void)
{
	return egret_sec_of(kernel_tick_now(), tick_hz());
}
