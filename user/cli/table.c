// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"

#define MAX_COLUMNS 16
#define CELL_SIZE   512

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

static void format_cell(const json_t *row, const char *key, char *buf, size_t size)
{
	const json_t *value = json_object_get(row, key);

	if (json_is_string(value) && json_string_length(value))
		snprintf(buf, size, "%s", json_string_value(value));
	else if (json_is_integer(value))
		format_integer(json_integer_value(value), buf, size);
	else if (json_is_boolean(value))
		snprintf(buf, size, "%s", json_is_true(value) ? "yes" : "no");
	else
		snprintf(buf, size, "-");
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
			format_cell(row, columns[i].key, cells[i], CELL_SIZE);
			if ((int)strlen(cells[i]) > widths[i])
				widths[i] = strlen(cells[i]);
		}
	}
	for (size_t i = 0; i < count; i++)
		snprintf(cells[i], CELL_SIZE, "%s", columns[i].heading);
	print_row(cells, columns, widths, count);
	json_array_foreach (rows, index, row) {
		for (size_t i = 0; i < count; i++)
			format_cell(row, columns[i].key, cells[i], CELL_SIZE);
		print_row(cells, columns, widths, count);
	}
}

void json_print(json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(value);
}

const char *age_format(unsigned long long then_ns, unsigned long long now_ns, char *buf, size_t size)
{
	unsigned long long seconds = now_ns > then_ns ? (now_ns - then_ns) / CLOCK_NS_PER_SEC : 0;

	if (!then_ns)
		snprintf(buf, size, "never");
	else if (seconds < 120)
		snprintf(buf, size, "%llu s ago", seconds);
	else if (seconds < 2 * 3600)
		snprintf(buf, size, "%llu min ago", seconds / 60);
	else if (seconds < 48 * 3600)
		snprintf(buf, size, "%llu h ago", seconds / 3600);
	else
		snprintf(buf, size, "%llu days ago", seconds / 86400);
	return buf;
}

const char *bytes_format(unsigned long long bytes, char *buf, size_t size)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = bytes;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	snprintf(buf, size, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return buf;
}
