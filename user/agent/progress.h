/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the agent is doing, for whoever watches: one line that changes on a
 * terminal, a plain line now and then otherwise. All on standard error. */
#ifndef EGRET_PROGRESS_H
#define EGRET_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	bool quiet, terminal, open_line;
	uint64_t last_ns;
};

void progress_start(struct progress *progress, bool quiet);
/* "resolving 12 of 40 names": may be called often. */
void progress_step(struct progress *progress, const char *what, size_t done, size_t all);
/* A line that stays. */
__attribute__((format(printf, 2, 3))) void progress_say(struct progress *progress, const char *format, ...);
/* A line that stays, also when quiet. */
__attribute__((format(printf, 2, 3))) void progress_warn(struct progress *progress, const char *format, ...);

#endif
