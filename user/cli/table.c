// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/format.h"
#include "../view/json.h"

#define MAX_COLUMNS 16
#define LEAST_WIDTH 8 /* narrower, and a cell tells nothing */
#define LEAST_WORD  4
#define GAP         "  "

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

/* A byte that goes on with a character of UTF-8. */
static bool goes_on(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

/* Out of the middle of @len octets from @at on: both ends of a name tell more. */
static void cut_middle(char *text, size_t at, size_t len, size_t excess)
{
	size_t kept = len - excess - 1, head = at + kept / 2, tail = at + len - (kept - kept / 2);

	while (head > at && goes_on(text[head]))
		head--;
	while (goes_on(text[tail]))
		tail++;
	text[head] = '*';
	memmove(text + head + 1, text + tail, strlen(text + tail) + 1);
}

/* What stands first says most, and what stands last in brackets, "(older)", what that is worth. */
static void cut_end(char *text, size_t width)
{
	size_t len = strlen(text), head, kept = 0;
	const char *last = strrchr(text, '(');

	if (last > text && last[-1] == ' ' && text[len - 1] == ')')
		kept = strlen(last) + 1;
	if (kept + LEAST_WIDTH > width)
		kept = 0;
	head = width - kept - 1;
	while (head && goes_on(text[head]))
		head--;
	text[head] = '*';
	memmove(text + head + 1, text + len - kept, kept + 1);
}

/* Out of its longest word, of equals the last, so that a port and a rule's place stay; or, where that is too short, at
 * the end: out of the middle of several words come others, that nobody said. */
static void cut_to(char *text, size_t width)
{
	size_t len = strlen(text), longest = 0, longest_len = 0;

	if (len <= width)
		return;
	for (size_t at = 0; at < len; at++) {
		size_t word = strcspn(text + at, " ");

		if (word >= longest_len) {
			longest = at;
			longest_len = word;
		}
		at += word;
	}
	if (longest_len >= len - width + LEAST_WORD)
		cut_middle(text, longest, longest_len, len - width);
	else
		cut_end(text, width);
}

struct layout {
	const struct column *columns;
	const struct screen *screen;
	size_t count;
	int widths[MAX_COLUMNS];
};

static int width_of_all(const struct layout *layout)
{
	int width = (int)strlen(GAP) * ((int)layout->count - 1);

	for (size_t i = 0; i < layout->count; i++)
		width += layout->widths[i];
	return width;
}

/* The column that gives way next; layout->count: none. */
static size_t next_to_give(const struct layout *layout)
{
	size_t next = layout->count;
	int most = 0;

	for (size_t i = 0; i < layout->count; i++) {
		int weighed = layout->widths[i] * layout->columns[i].gives;

		if (weighed <= most || layout->widths[i] <= LEAST_WIDTH)
			continue;
		most = weighed;
		next = i;
	}
	return next;
}

static void fit(struct layout *layout)
{
	size_t next;

	while (layout->screen->width && width_of_all(layout) > layout->screen->width &&
	       (next = next_to_give(layout)) < layout->count)
		layout->widths[next]--;
}

static void print_cell(const struct layout *layout, size_t column, char *text, enum shade shade)
{
	bool last = column + 1 == layout->count;
	int padding;

	if (layout->screen->width)
		cut_to(text, (size_t)layout->widths[column]);
	padding = layout->widths[column] - (int)strlen(text);
	if (layout->columns[column].right)
		printf("%*s", padding > 0 ? padding : 0, "");
	printf("%s%s%s", screen_begin(layout->screen, shade), text, screen_end(layout->screen, shade));
	if (!layout->columns[column].right && !last)
		printf("%*s", padding > 0 ? padding : 0, "");
	fputs(last ? "\n" : GAP, stdout);
}

static void print_headings(const struct layout *layout)
{
	char cell[CELL_SIZE];

	for (size_t i = 0; i < layout->count; i++) {
		snprintf(cell, sizeof(cell), "%s", layout->columns[i].heading);
		print_cell(layout, i, cell, SHADE_HEADING);
	}
}

static void print_row(const struct layout *layout, const json_t *row)
{
	char cell[CELL_SIZE];

	for (size_t i = 0; i < layout->count; i++) {
		const struct column *column = &layout->columns[i];

		format_cell(row, column, cell);
		if (column->shorten && layout->screen->width && strlen(cell) > (size_t)layout->widths[i])
			column->shorten(row, (size_t)layout->widths[i], cell);
		print_cell(layout, i, cell, column->shade ? column->shade(row) : SHADE_NONE);
	}
}

static void widen(struct layout *layout, const json_t *row)
{
	char cell[CELL_SIZE];

	for (size_t i = 0; i < layout->count; i++) {
		format_cell(row, &layout->columns[i], cell);
		if ((int)strlen(cell) > layout->widths[i])
			layout->widths[i] = (int)strlen(cell);
	}
}

void table_print(const json_t *rows, const struct column *columns, size_t count, const struct screen *screen)
{
	struct layout layout = {columns, screen, count < MAX_COLUMNS ? count : MAX_COLUMNS, {}};
	const json_t *row;
	size_t index;

	for (size_t i = 0; i < layout.count; i++)
		layout.widths[i] = (int)strlen(columns[i].heading);
	json_array_foreach (rows, index, row)
		widen(&layout, row);
	fit(&layout);
	print_headings(&layout);
	json_array_foreach (rows, index, row)
		print_row(&layout, row);
}

static void print_line(const json_t *value)
{
	json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
	putchar('\n');
}

void json_print(json_t *value, bool lines)
{
	const json_t *element;
	size_t i;

	if (!lines) {
		json_dumpf(value, stdout, JSON_INDENT(2));
		putchar('\n');
	} else if (json_is_array(value)) {
		json_array_foreach (value, i, element)
			print_line(element);
	} else {
		print_line(value);
	}
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

/* The container by its own name, where that is known. */
static void cell_pod(const json_t *row, char buf[static CELL_SIZE])
{
	const char *container = json_text(row, "container");

	if (*container && *json_text(row, "namespace"))
		snprintf(buf, CELL_SIZE, "pod %s/%s container %s", json_text(row, "namespace"), json_text(row, "pod"),
			 container);
	else
		snprintf(buf, CELL_SIZE, "%s", json_text(row, "subject"));
}

void cell_subject(const json_t *row, char buf[static CELL_SIZE])
{
	const char *subject = json_text(row, "subject");
	size_t len;

	if (json_number(row, "pods_count"))
		snprintf(buf, CELL_SIZE, "%s, %lld pod%s", json_text(row, "workload"), json_number(row, "pods_count"),
			 json_number(row, "pods_count") == 1 ? "" : "s");
	else if (*subject)
		cell_pod(row, buf);
	else if (!json_number(row, "cgroup_id") && *json_text(row, "device"))
		cell_somebody(row, buf);
	else
		snprintf(buf, CELL_SIZE, "cgroup %lld, gone", json_number(row, "cgroup_id"));
	len = strlen(buf);
	snprintf(buf + len, CELL_SIZE - len, "%s%s", json_flag(row, "hostnetwork") ? " (hostNetwork)" : "",
		 *subject && json_flag(row, "gone") ? " (gone)" : "");
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

const char *short_age(long long seconds, char buf[static SHORT_AGE_SIZE])
{
	static const struct {
		long long from, sec;
		const char *unit;
	} units[] = {
	    {366 * 86400LL, 365 * 86400LL, "y"}, {2 * 86400, 86400, "d"}, {2 * 3600, 3600, "h"}, {120, 60, "m"}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (seconds < units[i].from)
			continue;
		snprintf(buf, SHORT_AGE_SIZE, "%lld%s", seconds / units[i].sec, units[i].unit);
		return buf;
	}
	snprintf(buf, SHORT_AGE_SIZE, "%llds", seconds > 0 ? seconds : 0);
	return buf;
}

void cell_age(const json_t *row, char buf[static CELL_SIZE])
{
	char age[SHORT_AGE_SIZE];
	time_t last;

	snprintf(buf, CELL_SIZE, "%s",
		 json_time(row, "last_time", &last) ? short_age(time(NULL) - last, age) : "never");
}

void cell_count(const json_t *row, char buf[static CELL_SIZE])
{
	long long count = json_number(row, "packets_total");

	if (count < 100000)
		snprintf(buf, CELL_SIZE, "%lld", count);
	else if (count < 1000000)
		snprintf(buf, CELL_SIZE, "%lldk", count / 1000);
	else if (count < 1000000000)
		snprintf(buf, CELL_SIZE, "%.1fM", (double)count / 1e6);
	else
		snprintf(buf, CELL_SIZE, "%.1fG", (double)count / 1e9);
}
