/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What became of packets in each minute of the last hour: as much memory after a year as after an hour. */
#ifndef EGRET_SERVE_HISTORY_H
#define EGRET_SERVE_HISTORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_INTERVAL_SEC 60
#define HISTORY_INTERVALS    60

/* Since the instance is there. */
struct history_totals {
	uint64_t time_ns; /* CLOCK_REALTIME */
	bool known;       /* else the instance could not be read */
	uint64_t allowed, denied, would_deny;
};

/* Zero-initialise. */
struct history {
	struct history_totals ends[HISTORY_INTERVALS + 1]; /* of intervals; a ring */
	size_t count, next;
};

void history_note(struct history *history, const struct history_totals *totals);
/* Where nothing was known at the end of the last interval, it ends when something is. */
void history_mend(struct history *history, const struct history_totals *totals);
/*
 * {interval_seconds, intervals: [{begin_time, end_time, allowed_packets_count, denied_packets_count,
 * would_deny_packets_count}]}, the oldest first, and as the last one what is not over: until @now. A count is null
 * where nobody knows.
 */
json_t *history_to_json(const struct history *history, const struct history_totals *now);

#endif
