/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is wrong with what a person wrote, and what would be right. All
 * findings of a run are gathered first and shown together, in the order of
 * the files.
 *
 * A finding's text is one sentence: "what is wrong; what would be right".
 */
#ifndef EGRET_DIAG_H
#define EGRET_DIAG_H

#include <stdio.h>
#include <stddef.h>

enum diag_severity { DIAG_WARNING, DIAG_ERROR };

struct diag_place {
	const char *file;    /* as the person named it */
	unsigned int line;   /* from 1; 0 = the whole file */
	unsigned int column; /* from 1, in bytes; 0 = the whole line */
};

struct diag_entry {
	enum diag_severity severity;
	char *file; /* owned */
	unsigned int line, column;
	char *text; /* owned */
};

/* Zero-initialise. Over DIAG_MAX entries are counted, not kept. */
#define DIAG_MAX 10000
struct diag {
	struct diag_entry *entries;
	size_t count, capacity;
	size_t errors, warnings; /* all of them, kept or not */
};

__attribute__((format(printf, 4, 5))) void diag_add(struct diag *diag, enum diag_severity severity,
						    struct diag_place place, const char *format, ...);
/* All errors but the first @keep become warnings. */
void diag_forgive(struct diag *diag, size_t keep);
/* In the order of the files, their lines and columns. */
void diag_each(const struct diag *diag, void (*visit)(void *context, const struct diag_entry *entry), void *context);
/* "file:line:column: error: text", without a line end. */
void diag_print_entry(const struct diag_entry *entry, FILE *out);
/* The same of all of them, a line each. */
void diag_print(const struct diag *diag, FILE *out);
void diag_clear(struct diag *diag);

#endif
