/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Metrics as text: of OpenMetrics 1.0, or of the format before it, text 0.0.4, which promtool checks. Both say the
 * same; the first has a type of its own for what only describes, and names counters without their _total.
 */
#ifndef EGRET_SERVE_SERIES_H
#define EGRET_SERVE_SERIES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum series_type { SERIES_GAUGE, SERIES_COUNTER, SERIES_INFO };

struct series {
	FILE *out;
	bool open;
	const char *name; /* of what series_begin began */
	enum series_type type;
};

struct series_label {
	const char *name, *value;
};
#define SERIES_LABELS 4

/* @name without _total and _info. */
void series_begin(struct series *series, const char *name, enum series_type type, const char *help);
/* One sample of what was begun; labels without a name are none. */
void series_add(struct series *series, uint64_t value, const struct series_label labels[static SERIES_LABELS]);
#define series_add_labelled(series, value, ...)                                                                        \
	series_add(series, value, (const struct series_label[SERIES_LABELS]){__VA_ARGS__})
/* One without labels, begun and added. */
void series_single(struct series *series, const char *name, enum series_type type, uint64_t value, const char *help);
void series_end(struct series *series);

#endif
