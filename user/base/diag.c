/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"

/* Texts quote what a file holds: its control bytes must not reach a terminal. */
static void blank_controls(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
	}
}

static struct diag_entry *next_entry(struct diag *diag)
{
	size_t capacity = diag->capacity ? diag->capacity * 2 : 16;
	struct diag_entry *entries;

	if (diag->count < diag->capacity)
		return &diag->entries[diag->count];
	entries = reallocarray(diag->entries, capacity, sizeof(*entries));
	if (!entries)
		return NULL;
	diag->entries = entries;
	diag->capacity = capacity;
	return &entries[diag->count];
}

/* Without memory a finding is counted, like one over DIAG_MAX. */
void diag_add(struct diag *diag, enum diag_severity severity, struct diag_place place, const char *format, ...)
{
	struct diag_entry *entry;
	char *file, *text;
	va_list args;
	int len;

	if (severity == DIAG_ERROR)
		diag->errors++;
	else
		diag->warnings++;
	if (diag->count >= DIAG_MAX)
		return;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return;
	file = strdup(place.file);
	entry = next_entry(diag);
	if (!file || !entry) {
		free(file);
		free(text);
		return;
	}
	blank_controls(text);
	*entry = (struct diag_entry){
	    .severity = severity,
	    .file = file,
	    .line = place.line,
	    .column = place.column,
	    .text = text,
	};
	diag->count++;
}

void diag_forgive(struct diag *diag, size_t keep)
{
	size_t seen = 0;

	for (size_t i = 0; i < diag->count; i++)
		if (diag->entries[i].severity == DIAG_ERROR && ++seen > keep)
			diag->entries[i].severity = DIAG_WARNING;
	diag->warnings += diag->errors - keep;
	diag->errors = keep;
}

/* What an entry is sorted by: files in the order of their first finding. */
struct rank {
	size_t file, index;
	const struct diag_entry *entry;
};

static int compare_number(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

static int compare_ranks(const void *left, const void *right)
{
	const struct rank *a = left, *b = right;
	int order = compare_number(a->file, b->file);

	if (!order)
		order = compare_number(a->entry->line, b->entry->line);
	if (!order)
		order = compare_number(a->entry->column, b->entry->column);
	return order ? order : compare_number(a->index, b->index);
}

static struct rank *rank_entries(const struct diag *diag)
{
	struct rank *ranks = calloc(diag->count, sizeof(*ranks));

	for (size_t i = 0; ranks && i < diag->count; i++) {
		size_t first = i && !strcmp(diag->entries[i].file, diag->entries[i - 1].file) ? ranks[i - 1].file : 0;

		while (first < i && strcmp(diag->entries[i].file, diag->entries[first].file))
			first++;
		ranks[i] = (struct rank){.file = first, .index = i, .entry = &diag->entries[i]};
	}
	if (ranks)
		qsort(ranks, diag->count, sizeof(*ranks), compare_ranks);
	return ranks;
}

void diag_print_entry(const struct diag_entry *entry, FILE *out)
{
	fputs(entry->file, out);
	if (entry->line)
		fprintf(out, ":%u", entry->line);
	if (entry->line && entry->column)
		fprintf(out, ":%u", entry->column);
	fprintf(out, ": %s: %s", entry->severity == DIAG_ERROR ? "error" : "warning", entry->text);
}

static void print_line(void *context, const struct diag_entry *entry)
{
	diag_print_entry(entry, context);
	putc('\n', context);
}

void diag_each(const struct diag *diag, void (*visit)(void *context, const struct diag_entry *entry), void *context)
{
	struct rank *ranks = diag->count ? rank_entries(diag) : NULL;

	for (size_t i = 0; i < diag->count; i++)
		visit(context, ranks ? ranks[i].entry : &diag->entries[i]);
	free(ranks);
}

void diag_print(const struct diag *diag, FILE *out)
{
	size_t hidden = diag->errors + diag->warnings - diag->count;

	diag_each(diag, print_line, out);
	if (hidden)
		fprintf(out, "and %zu more, not shown\n", hidden);
}

void diag_clear(struct diag *diag)
{
	for (size_t i = 0; i < diag->count; i++) {
		free(diag->entries[i].file);
		free(diag->entries[i].text);
	}
	free(diag->entries);
	*diag = (struct diag){0};
}
