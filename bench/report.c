// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Three digits that mean something; no figure here is better than that. */
static int decimals(double value)
{
	double size = value < 0 ? -value : value;

	if (size >= 100)
		return 0;
	if (size >= 10)
		return 1;
	return size >= 1 ? 2 : 3;
}

void report(const struct row *row)
{
	printf("{\"name\": \"%s\", \"value\": %.*f, \"unit\": \"%s\"", row->name, decimals(row->value), row->value,
	       row->unit);
	if (row->bar > 0)
		printf(", \"bar\": %g, \"ok\": %s", row->bar,
		       !row->failed && row->value <= row->bar ? "true" : "false");
	printf(", \"gate\": %s", row->steady ? "true" : "false");
	if (row->note)
		printf(", \"note\": \"%s\"", row->note);
	puts("}");
	fflush(stdout);
}

static int by_value(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double *allocate(size_t count)
{
	double *values = calloc(count ? count : 1, sizeof(*values));

	if (!values)
		die("calloc");
	return values;
}

static double median_in_place(double *values, size_t count)
{
	if (!count)
		return 0;
	qsort(values, count, sizeof(*values), by_value);
	return values[count / 2];
}

double median(const double *values, size_t count)
{
	double *sorted = allocate(count), ret;

	memcpy(sorted, values, count * sizeof(*values));
	ret = median_in_place(sorted, count);
	free(sorted);
	return ret;
}

double percentile(const double *values, size_t count, int percent)
{
	double *sorted = allocate(count), ret;

	memcpy(sorted, values, count * sizeof(*values));
	qsort(sorted, count, sizeof(*sorted), by_value);
	ret = count ? sorted[(count - 1) * percent / 100] : 0;
	free(sorted);
	return ret;
}

double median_of_ratios(const double *values, const double *to, size_t count)
{
	double *ratios = allocate(count), ret;

	for (size_t i = 0; i < count; i++)
		ratios[i] = values[i] / to[i];
	ret = median_in_place(ratios, count);
	free(ratios);
	return ret;
}

double median_of_deltas(const double *values, const double *from, size_t count)
{
	double *deltas = allocate(count), ret;

	for (size_t i = 0; i < count; i++)
		deltas[i] = values[i] - from[i];
	ret = median_in_place(deltas, count);
	free(deltas);
	return ret;
}

void die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(1);
}
