/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One writer for text and JSON: a view is a JSON value, and a table is what a person
 * sees of an array of objects.
 */
#ifndef EGRET_TABLE_H
#define EGRET_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct column {
	const char *key; /* of each object */
	const char *heading;
	bool right; /* numbers */
};

/* Strings as they are, integers with a blank at each thousand, missing values as "-". */
void table_print(const json_t *rows, const struct column *columns, size_t count);
/* Prints to standard output, and drops the reference. */
void json_print(json_t *value);

/* "3 s ago", "2 h ago"; "never" for 0. @now_ns of the same clock. */
const char *age_format(unsigned long long then_ns, unsigned long long now_ns, char *buf, size_t size);
/* "12 KiB" */
const char *bytes_format(unsigned long long bytes, char *buf, size_t size);

#endif
