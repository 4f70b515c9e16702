/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An instance as metrics. docs/metrics.md has all of them. */
#ifndef EGRET_SERVE_METRICS_H
#define EGRET_SERVE_METRICS_H

#include <stdio.h>

#include "../kernel/read.h"
#include "history.h"
#include "http.h"

struct metrics;
struct metrics *metrics_new(void);          /* NULL: out of memory */
void metrics_free(struct metrics *metrics); /* takes NULL */

/* How it is written, and for whom. */
struct metrics_form {
	bool open;  /* OpenMetrics, series.h */
	bool named; /* with texts that name destinations */
};
/* What is counted by looking: once, however many write it then. @kernel NULL: the instance cannot be read. */
void metrics_look(struct metrics *metrics, const struct kernel *kernel, const char *instance);
struct metrics_totals {
	struct history_totals packets;
	uint64_t unjudged;
};
/* As of the last look. */
void metrics_get_totals(const struct metrics *metrics, struct metrics_totals *ret);
/* view_names, as old as half a minute; borrowed. NULL: none was made so far. */
json_t *metrics_names(const struct metrics *metrics);
void metrics_write(const struct metrics *metrics, const struct http_counts *counts, const struct metrics_form *form,
		   FILE *out);

#endif
