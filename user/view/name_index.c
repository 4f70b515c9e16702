// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "name_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../kernel/name_key.h"

struct named {
	uint64_t key;
	char *text;
};

struct name_index {
	__u64 hash_keys[6]; /* of struct egret_meta */
	struct named *all;  /* by key */
	size_t count, capacity;
};

static int add(void *context, uint32_t number, const struct egret_name *name)
{
	struct name_index *index = context;
	struct named *named;

	(void)number;
	if (index->count == index->capacity) {
		size_t capacity = index->capacity ? 2 * index->capacity : 64;
		struct named *grown = reallocarray(index->all, capacity, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		index->all = grown;
		index->capacity = capacity;
	}
	named = &index->all[index->count];
	named->text = strndup(name->name, sizeof(name->name) - 1);
	if (!named->text)
		return -ENOMEM;
	named->key = name_key(named->text, index->hash_keys);
	index->count++;
	return 0;
}

static int by_key(const void *left, const void *right)
{
	const struct named *a = left, *b = right;

	return (a->key > b->key) - (a->key < b->key);
}

static int fill(struct name_index *index, const struct kernel *kernel)
{
	struct egret_meta meta;
	int rc = kernel_get_meta(kernel, &meta);

	if (rc)
		return rc;
	memcpy(index->hash_keys, meta.hash_keys, sizeof(index->hash_keys));
	rc = kernel_each_name(kernel, add, index);
	if (!rc && index->count)
		qsort(index->all, index->count, sizeof(*index->all), by_key);
	return rc;
}

int name_index_new(const struct kernel *kernel, struct name_index **ret)
{
	struct name_index *index = calloc(1, sizeof(*index));
	int rc = index ? fill(index, kernel) : -ENOMEM;

	if (rc) {
		name_index_free(index);
		return rc;
	}
	*ret = index;
	return 0;
}

const char *name_index_find(const struct name_index *index, uint64_t key)
{
	struct named wanted = {.key = key};
	const struct named *found =
	    index->count ? bsearch(&wanted, index->all, index->count, sizeof(*index->all), by_key) : NULL;

	return found ? found->text : NULL;
}

void name_index_free(struct name_index *index)
{
	if (!index)
		return;
	for (size_t i = 0; i < index->count; i++)
		free(index->all[i].text);
	free(index->all);
	free(index);
}
