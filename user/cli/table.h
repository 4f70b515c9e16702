/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A view for a person: a table of an array of objects, and the texts that JSON leaves to whoever prints. */
#ifndef EGRET_TABLE_H
#define EGRET_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "screen.h"

#define CELL_SIZE 1024

struct column {
	const char *heading;
	const char *key; /* of each object: strings as they are, integers with a blank at each thousand */
	void (*format)(const json_t *row, char buf[static CELL_SIZE]); /* or else what makes the cell */
	bool right;                                                    /* numbers */
	/* Where the table is wider than the screen, the column that is the widest by this weight gives way first, and
	 * * stands for what is cut out of the middle of a cell. 0 = never. */
	int gives;
	/* Of a cell that is too wide, what is left out first; what is too wide still is cut. */
	const char *(*shorten)(const json_t *row, size_t width, char buf[static CELL_SIZE]);
	enum shade (*shade)(const json_t *row); /* NULL = plain */
};

/* What is null, missing or empty is shown as "-". */
void table_print(const json_t *rows, const struct column *columns, size_t count, const struct screen *screen);
/* Prints to standard output, and drops the reference. @lines: one line, or one for each element of an array. */
void json_print(json_t *value, bool lines);
/* "12s", "3m", "2h", "5d", "1y" ago. Returns @buf. */
#define SHORT_AGE_SIZE 24
const char *short_age(long long seconds, char buf[static SHORT_AGE_SIZE]);

/* Cells, and parts of sentences, from the members that every view names alike. */
void cell_subject(const json_t *row, char buf[static CELL_SIZE]); /* "cgroup 7, gone" where nobody noted it */
void cell_place(const json_t *row, char buf[static CELL_SIZE]);   /* "policy.rules:7" */
void cell_last(const json_t *row, char buf[static CELL_SIZE]);    /* how long ago "last_time" was, or "never" */
void cell_age(const json_t *row, char buf[static CELL_SIZE]);     /* the same in short */
void cell_count(const json_t *row, char buf[static CELL_SIZE]);   /* "packets_total": 12, 34k, 5.6M */

#endif
