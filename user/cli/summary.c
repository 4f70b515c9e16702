// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "summary.h"

#include <errno.h>
#include <string.h>

#include "../view/denials.h"
#include "../view/json.h"
#include "../view/reason.h"
#include "egret_reasons.h"

#define SPECIAL_LINES 10

/* The rule that took it away; the sentence of a special address says its rule. */
static void print_rule(const json_t *row)
{
	if (!strcmp(json_text(row, "reason"), reason_label(EGRET_REASON_DENY_RULE)) && *json_text(row, "rule"))
		fprintf(stderr, ": %s:%lld `%s`", json_text(row, "file"), json_number(row, "line"),
			json_text(row, "rule"));
}

static void print_row(const json_t *row)
{
	const char *name = json_text(row, "name"), *suggestion = json_text(row, "suggestion");
	long long packets = json_number(row, "packets_total");
	char why[REASON_TEXT_SIZE];

	fprintf(stderr, "  %s %s%s%s%s, %lld packet%s: %s", denial_address(row), json_text(row, "port"),
		*name ? " (" : "", name, *name ? ")" : "", packets, packets == 1 ? "" : "s", reason_of_row(row, why));
	print_rule(row);
	fputc('\n', stderr);
	if (*suggestion)
		fprintf(stderr, "    add: %s\n", suggestion);
}

static void print_rows(const json_t *rows, bool audited)
{
	const json_t *row;
	bool any = false;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (json_flag(row, "audited") != audited)
			continue;
		if (!any)
			fprintf(stderr, "egret: %s:\n", audited ? "would have been denied" : "denied");
		any = true;
		print_row(row);
	}
}

void summary_print(const struct kernel *kernel)
{
	json_t *rows = NULL;

	if (view_drops(kernel, &rows))
		return;
	print_rows(rows, false);
	print_rows(rows, true);
	json_decref(rows);
}

int summary_report(const struct kernel *kernel, FILE *file)
{
	json_t *rows = NULL;
	int rc = view_drops(kernel, &rows);

	if (!rc && (json_dumpf(rows, file, JSON_INDENT(2)) || fputc('\n', file) == EOF || fflush(file)))
		rc = -errno;
	json_decref(rows);
	return rc;
}

void summary_specials(FILE *out, const char *prefix, const json_t *specials)
{
	size_t i, count = json_array_size(specials);
	char why[REASON_TEXT_SIZE];
	const json_t *row;

	json_array_foreach (specials, i, row) {
		if (i < SPECIAL_LINES)
			fprintf(out, "%s%s\n", prefix, reason_of_row(row, why));
	}
	if (count > SPECIAL_LINES)
		fprintf(out, "%sand %zu more like these\n", prefix, count - SPECIAL_LINES);
}
