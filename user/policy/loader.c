/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loader.h"

struct diag_place loader_place(const struct loader *loader, unsigned int column)
{
	return (struct diag_place){.file = loader->source->path, .line = loader->line, .column = column};
}

void report_hidden(struct loader *loader)
{
	if (loader->hidden_told == loader->source)
		return;
	loader->hidden_told = loader->source;
	diag_add(
	    loader->diag, DIAG_ERROR, loader_place(loader, 0),
	    "this is no rule; what it says is not shown, since others may have put the file here, or a link to one "
	    "that not everybody may read");
}

void *reserve(void *items, size_t *capacity, size_t need, size_t item_bytes)
{
	size_t room = *capacity ? *capacity : 4;
	void *grown;

	if (need <= *capacity)
		return items;
	while (room < need)
		room *= 2;
	grown = reallocarray(items, room, item_bytes);
	if (grown)
		*capacity = room;
	return grown;
}

int words_add(struct words *words, struct word word)
{
	struct word *items = reserve(words->items, &words->capacity, words->count + 1, sizeof(*items));

	if (!items)
		return -ENOMEM;
	words->items = items;
	items[words->count++] = word;
	return 0;
}

struct word word_part(const struct word *word, size_t offset, size_t len)
{
	return (struct word){
	    .text = word->text + offset,
	    .len = len,
	    .column = word->expanded ? word->column : word->column + (unsigned int)offset,
	    .expanded = word->expanded,
	};
}

bool word_is(const struct word *word, const char *text)
{
	return word->len == strlen(text) && memcmp(word->text, text, word->len) == 0;
}

bool word_next_item(const struct word *word, size_t *offset, struct word *ret)
{
	const char *comma;
	size_t len;

	if (*offset > word->len)
		return false;
	len = word->len - *offset;
	comma = memchr(word->text + *offset, ',', len);
	if (comma)
		len = (size_t)(comma - word->text) - *offset;
	*ret = word_part(word, *offset, len);
	*offset += len + 1;
	return true;
}

int worse(int a, int b)
{
	return !a || b == -ENOMEM ? b : a;
}

int each_item(struct loader *loader, const struct word *words, size_t count,
	      int (*take)(struct loader *loader, const struct word *word))
{
	int error = 0;

	for (size_t i = 0; i < count; i++) {
		struct word item;
		size_t at = 0;

		while (error != -ENOMEM && word_next_item(&words[i], &at, &item))
			error = worse(error, take(loader, &item));
	}
	return error;
}
