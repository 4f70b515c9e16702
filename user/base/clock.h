/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The two clocks, in nanoseconds. */
#ifndef EGRET_CLOCK_H
#define EGRET_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_NS_PER_SEC UINT64_C(1000000000)
#define CLOCK_NS_PER_MS  UINT64_C(1000000)

static inline uint64_t clock_read_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * CLOCK_NS_PER_SEC + now.tv_nsec;
}

/* CLOCK_MONOTONIC: what the programs' times are measured against. */
static inline uint64_t clock_now_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC);
}

/* CLOCK_REALTIME: what people read. */
static inline uint64_t clock_realtime_ns(void)
{
	return clock_read_ns(CLOCK_REALTIME);
}

#endif
