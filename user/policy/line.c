/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>

#include "loader.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static size_t skip_blanks(const char *text, size_t len, size_t at)
{
	while (at < len && is_blank(text[at]))
		at++;
	return at;
}

static size_t skip_word(const char *text, size_t len, size_t at)
{
	while (at < len && !is_blank(text[at]))
		at++;
	return at;
}

/* A # inside a word is no comment: "a#b" is a wrong name, and must be told. */
int line_split(struct loader *loader, const char *text, size_t len, struct statement *ret)
{
	struct words *words = &loader->raw;
	struct word line = {.text = text, .len = len, .column = 1};
	size_t at = skip_blanks(text, len, 0), end = at, start = at;
	int error;

	words->count = 0;
	*ret = (struct statement){0};
	while (at < len && text[at] != '#') {
		end = skip_word(text, len, at);
		error = words_add(words, word_part(&line, at, end - at));
		if (error)
			return error;
		at = skip_blanks(text, len, end);
	}
	ret->words = words->items;
	ret->count = words->count;
	ret->text = word_part(&line, start, end - start);
	if (at < len)
		ret->comment = word_part(&line, at + 1, len - at - 1);
	return 0;
}
