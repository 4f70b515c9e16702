// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/format.h"
#include "../view/json.h"

#define MAX_COLUMNS 16

static void format_integer(json_int_t value, char *buf, size_t size)
{
	char digits[32];
	int len = snprintf(digits, sizeof(digits), "%" JSON_INTEGER_FORMAT, value), at = 0;

	for (int i = 0; i < len && at + 2 < (int)size; i++) {
		if (i && digits[i - 1] != '-' && (len - i) % 3 == 0)
			buf[at++] = ' ';
		buf[at++] = digits[i];
	}
	buf[at] = '\0';
}

static void format_value(const json_t *value, char buf[static CELL_SIZE])
{
	if (json_is_string(value))
		snprintf(buf, CELL_SIZE, "%s", json_string_value(value));
	else if (json_is_integer(value))
		format_integer(json_integer_value(value), buf, CELL_SIZE);
	else
		buf[0] = '\0';
}

static void format_cell(const json_t *row, const struct column *column, char buf[static CELL_SIZE])
{
	if (column->format)
		column->format(row, buf);
	else
		format_value(json_object_get(row, column->key), buf);
	if (!buf[0])
		snprintf(buf, CELL_SIZE, "-");
}

static void print_row(const char cells[][CELL_SIZE], const struct column *columns, const int *widths, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (columns[i].right)
			printf("%*s", widths[i], cells[i]);
		else if (i + 1 < count)
			printf("%-*s", widths[i], cells[i]);
		else
			printf("%s", cells[i]);
		fputs(i + 1 < count ? "  " : "\n", stdout);
	}
}

void table_print(const json_t *rows, const struct column *columns, size_t count)
{
	char cells[MAX_COLUMNS][CELL_SIZE];
	int widths[MAX_COLUMNS] = {};
	const json_t *row;
	size_t index;

	if (count > MAX_COLUMNS)
		count = MAX_COLUMNS;
	for (size_t i = 0; i < count; i++)
		widths[i] = strlen(columns[i].heading);
	json_array_foreach (rows, index, row) {
		for (size_t i = 0; i < count; i++) {
			format_cell(row, &columns[i], cells[i]);
			if ((int)strlen(cells[i]) > widths[i])
				widths[i] = strlen(cells[i]);
		}
	}
	for (size_t i = 0; i < count; i++)
		snprintf(cells[i], CELL_SIZE, "%s", columns[i].heading);
	print_row(cells, columns, widths, count);
	json_array_foreach (rows, index, row) {
		for (size_t i = 0; i < count; i++)
			format_cell(row, &columns[i], cells[i]);
		print_row(cells, columns, widths, count);
	}
}

void json_print(json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(value);
}

/* At an uplink the sender is behind another device than the one that is told. */
static void cell_somebody(const json_t *row, char buf[static CELL_SIZE])
{
	const char *device = json_text(row, "device"), *owner = json_text(row, "device_subject");

	if (!strcmp(json_text(row, "layer"), "uplink"))
		snprintf(buf, CELL_SIZE, "unknown");
	else if (*owner)
		snprintf(buf, CELL_SIZE, "behind %s (%s)", device, owner);
	else
		snprintf(buf, CELL_SIZE, "somebody behind %s", device);
}

void cell_subject(const json_t *row, char buf[static CELL_SIZE])
{
	const char *subject = json_text(row, "subject");

	if (*subject)
		snprintf(buf, CELL_SIZE, "%s", subject);
	else if (!json_number(row, "cgroup_id") && *json_text(row, "device"))
		cell_somebody(row, buf);
	else
		snprintf(buf, CELL_SIZE, "cgroup %lld, gone", json_number(row, "cgroup_id"));
}

void cell_place(const json_t *row, char buf[static CELL_SIZE])
{
	const char *file = json_text(row, "file");

	buf[0] = '\0';
	if (*file)
		snprintf(buf, CELL_SIZE, "%s:%lld", file, json_number(row, "line"));
}

void cell_last(const json_t *row, char buf[static CELL_SIZE])
{
	char age[AGE_TEXT_SIZE];
	time_t last;

	snprintf(buf, CELL_SIZE, "%s",
		 json_time(row, "last_time", &last) ? age_format(last, time(NULL), age) : "never");
}
