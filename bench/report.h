/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the measuring programs print: one JSON object a line, which bench/run gathers. */
#ifndef EGRET_BENCH_REPORT_H
#define EGRET_BENCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>

struct row {
	const char *name;
	double value;
	const char *unit;
	double bar;       /* of the design, section 8: at most this; 0 = none */
	bool failed;      /* the bar is missed, whatever the value is */
	bool steady;      /* enough to gate on: two runs agree far better than the bar is away */
	const char *note; /* may be NULL */
};

void report(const struct row *row);

/* All of them leave @values as they are. */
double median(const double *values, size_t count);
double percentile(const double *values, size_t count, int percent);
double median_of_ratios(const double *values, const double *to, size_t count);
double median_of_deltas(const double *values, const double *from, size_t count);

/* Says what failed, with errno, and ends the program. */
__attribute__((noreturn)) void die(const char *what);

#endif
