// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A row of drops as one line of a log. */
#include <stdio.h>
#include <string.h>

#include "../base/text.h"
#include "json.h"
#include "rows.h"

/* "shop/web:app curl[4242]" */
static void append_process(const json_t *row, char buf[static ROW_WORDS_SIZE])
{
	size_t len = strlen(buf);

	if (json_number(row, "pid"))
		snprintf(buf + len, ROW_WORDS_SIZE - len, " %s[%lld]", json_text(row, "process"),
			 json_number(row, "pid"));
}

/* Where the name stands for it: a log is read when the name has another address. */
static const char *address_behind_name(const json_t *row, const char *destination)
{
	const char *address = json_text(row, "address");

	return *json_text(row, "name") && strncmp(destination, address, strlen(address)) != 0 ? address : "";
}

/* The rule that is meant, unless the reason names it already. */
static void append_place(const json_t *row, char buf[static ROW_WORDS_SIZE])
{
	const char *file = json_text(row, "nearest_file"), *last = strrchr(file, '/');
	size_t len = strlen(buf);
	char place[256];

	snprintf(place, sizeof(place), "%.200s:%lld", last ? last + 1 : file, json_number(row, "nearest_line"));
	if (*file && !strstr(buf, place))
		snprintf(buf + len, ROW_WORDS_SIZE - len, " [%s]", place);
}

const char *row_line(const json_t *row, char buf[static ROW_LINE_SIZE])
{
	char who[ROW_WORDS_SIZE], destination[ROW_WORDS_SIZE], why[ROW_WORDS_SIZE];
	const char *address;

	row_who(row, who);
	append_process(row, who);
	row_destination(row, destination);
	row_why(row, why);
	append_place(row, why);
	address = address_behind_name(row, destination);
	snprintf(buf, ROW_LINE_SIZE, "%s: %s -> %s%s%s%s: %s", json_flag(row, "audited") ? "would be denied" : "denied",
		 who, destination, *address ? " (" : "", address, *address ? ")" : "", why);
	text_make_printable(buf, ROW_LINE_SIZE);
	return buf;
}
