/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A view for a person: a table of an array of objects, and the texts that JSON leaves to whoever prints. */
#ifndef EGRET_TABLE_H
#define EGRET_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define CELL_SIZE 1024

struct column {
	const char *heading;
	const char *key; /* of each object: strings as they are, integers with a blank at each thousand */
	void (*format)(const json_t *row, char buf[static CELL_SIZE]); /* or else what makes the cell */
	bool right;                                                    /* numbers */
};

/* What is null, missing or empty is shown as "-". */
void table_print(const json_t *rows, const struct column *columns, size_t count);
/* Prints to standard output, and drops the reference. */
void json_print(json_t *value);

/* Cells, and parts of sentences, from the members that every view names alike. */
void cell_subject(const json_t *row, char buf[static CELL_SIZE]); /* "cgroup 7, gone" where nobody noted it */
void cell_place(const json_t *row, char buf[static CELL_SIZE]);   /* "policy.rules:7" */
void cell_last(const json_t *row, char buf[static CELL_SIZE]);    /* how long ago "last_time" was, or "never" */

#endif
