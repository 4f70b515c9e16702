/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the agent is doing, for whoever watches: one line that changes on a
 * terminal, a plain line now and then otherwise. All by base/log.h. */
#ifndef EGRET_PROGRESS_H
#define EGRET_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRESS_STAGES 8

struct progress {
	bool quiet, terminal;
	uint64_t last_ns;
	size_t last_done; /* of the step that was told last; SIZE_MAX = another line was */
	/* How long each stage of the start took. */
	uint64_t begun_ns, stage_ns[PROGRESS_STAGES];
	const char *stage_names[PROGRESS_STAGES];
	size_t stages;
};

void progress_start(struct progress *progress, bool quiet);
/* "resolving 12 of 40 names": may be called often. A plain line is not said twice in a row. */
void progress_step(struct progress *progress, const char *what, size_t done, size_t all);
/* The stage @name, a word that stays valid, ends now. */
void progress_stage(struct progress *progress, const char *name);
/* "started in 0.74 s: policy 0.01, names 0.12, ...". */
void progress_say_stages(struct progress *progress);
/* A line that stays. */
__attribute__((format(printf, 2, 3))) void progress_say(struct progress *progress, const char *format, ...);
/* A line that stays, also when quiet. */
__attribute__((format(printf, 2, 3))) void progress_warn(struct progress *progress, const char *format, ...);

#endif
