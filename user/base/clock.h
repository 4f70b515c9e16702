/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The clocks, in nanoseconds. */
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

/* CLOCK_MONOTONIC: how long something took, and when it is due. */
static inline uint64_t clock_now_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC);
}

/* The same clock as the kernel and its programs have it, whatever this process's time namespace
 * adds to it: what times in maps are measured against. */
uint64_t clock_kernel_ns(void);

/* CLOCK_REALTIME: what people read. */
static inline uint64_t clock_realtime_ns(void)
{
	return clock_read_ns(CLOCK_REALTIME);
}

/* 0 where @then_ns is later: the times come out of maps. */
static inline int64_t clock_seconds_between(uint64_t then_ns, uint64_t now_ns)
{
	return now_ns > then_ns ? (int64_t)((now_ns - then_ns) / CLOCK_NS_PER_SEC) : 0;
}

#endif
