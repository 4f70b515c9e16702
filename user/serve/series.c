// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "series.h"

#include <inttypes.h>
#include <string.h>

static const char *suffix_of(enum series_type type)
{
	static const char *const suffixes[] = {"", "_total", "_info"};

	return suffixes[type];
}

/* The format before OpenMetrics has no type for what describes, and speaks of whole names. */
static const char *type_of(const struct series *series)
{
	static const char *const types[] = {"gauge", "counter", "info"};

	return series->type == SERIES_INFO && !series->open ? "gauge" : types[series->type];
}

void series_begin(struct series *series, const char *name, enum series_type type, const char *help)
{
	const char *suffix = series->open ? "" : suffix_of(type);

	series->name = name;
	series->type = type;
	fprintf(series->out, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, suffix, help, name, suffix, type_of(series));
}

static void put_value(FILE *out, const char *value)
{
	for (;;) {
		size_t plain = strcspn(value, "\\\"\n");

		fwrite_unlocked(value, 1, plain, out);
		value += plain;
		if (!*value)
			return;
		fputs_unlocked(*value == '\n' ? "\\n" : *value == '"' ? "\\\"" : "\\\\", out);
		value++;
	}
}

void series_add(struct series *series, uint64_t value, const struct series_label labels[static SERIES_LABELS])
{
	fputs_unlocked(series->name, series->out);
	fputs_unlocked(suffix_of(series->type), series->out);
	for (size_t i = 0; i < SERIES_LABELS && labels[i].name; i++) {
		fputc_unlocked(i ? ',' : '{', series->out);
		fputs_unlocked(labels[i].name, series->out);
		fputs_unlocked("=\"", series->out);
		put_value(series->out, labels[i].value);
		fputc_unlocked('"', series->out);
	}
	fprintf(series->out, "%s %" PRIu64 "\n", labels[0].name ? "}" : "", value);
}

void series_single(struct series *series, const char *name, enum series_type type, uint64_t value, const char *help)
{
	series_begin(series, name, type, help);
	series_add_labelled(series, value, {});
}

void series_end(struct series *series)
{
	if (series->open)
		fputs("# EOF\n", series->out);
}
