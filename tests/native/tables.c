// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tables.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#define MAX_TABLES 64

struct entry {
	void *key, *value;
};

struct table {
	const void *map;
	unsigned int type;
	size_t key_size, value_size, max_entries;
	struct entry *entries;
	size_t count, capacity;
	void *fallback;
};

static struct table tables[MAX_TABLES];
static size_t table_total;

static struct table *table_of(const void *map)
{
	for (size_t i = 0; i < table_total; i++)
		if (tables[i].map == map)
			return &tables[i];
	fprintf(stderr, "a map without a table: tests/native/program.c makes them\n");
	abort();
}

void table_make(const void *map, unsigned int type, size_t key_size, size_t value_size, size_t max_entries)
{
	if (table_total == MAX_TABLES)
		abort();
	tables[table_total++] = (struct table){
	    .map = map, .type = type, .key_size = key_size, .value_size = value_size, .max_entries = max_entries};
}

static struct entry *entry_find(const struct table *table, const void *key)
{
	for (size_t i = 0; i < table->count; i++)
		if (!memcmp(table->entries[i].key, key, table->key_size))
			return &table->entries[i];
	return NULL;
}

static void entry_remove(struct table *table, struct entry *entry)
{
	free(entry->key);
	free(entry->value);
	*entry = table->entries[--table->count];
}

static void *copy_of(const void *from, size_t size)
{
	void *copy = calloc(1, size);

	if (!copy)
		abort();
	if (from)
		memcpy(copy, from, size);
	return copy;
}

static void *entry_add(struct table *table, const void *key, const void *value)
{
	if (table->count == table->capacity) {
		table->capacity = table->capacity ? 2 * table->capacity : 16;
		table->entries = reallocarray(table->entries, table->capacity, sizeof(*table->entries));
		if (!table->entries)
			abort();
	}
	table->entries[table->count++] =
	    (struct entry){copy_of(key, table->key_size), copy_of(value, table->value_size)};
	return table->entries[table->count - 1].value;
}

static int is_array(const struct table *table)
{
	return table->type == BPF_MAP_TYPE_ARRAY || table->type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

void *table_find(const void *map, const void *key)
{
	struct table *table = table_of(map);
	struct entry *entry = entry_find(table, key);

	if (entry)
		return entry->value;
	if (!is_array(table))
		return table->fallback;
	return *(const uint32_t *)key < table->max_entries ? entry_add(table, key, NULL) : NULL;
}

int table_put(const void *map, const void *key, const void *value, unsigned long flags)
{
	struct table *table = table_of(map);
	struct entry *entry = entry_find(table, key);

	if (entry && flags == BPF_NOEXIST)
		return -EEXIST;
	if (entry) {
		memcpy(entry->value, value, table->value_size);
		return 0;
	}
	if (flags == BPF_EXIST)
		return -ENOENT;
	if (table->count >= table->max_entries) {
		if (table->type != BPF_MAP_TYPE_LRU_HASH)
			return -E2BIG;
		entry_remove(table, &table->entries[0]);
	}
	entry_add(table, key, value);
	return 0;
}

void *table_add(const void *map, const void *key)
{
	return entry_add(table_of(map), key, NULL);
}

int table_delete(const void *map, const void *key)
{
	struct table *table = table_of(map);
	struct entry *entry = entry_find(table, key);

	if (!entry)
		return -ENOENT;
	entry_remove(table, entry);
	return 0;
}

/* Each value with a key of its own, so that the oldest is known. */
int table_push(const void *map, const void *value)
{
	static uint64_t pushed;
	struct table *table = table_of(map);

	if (table->count >= table->max_entries)
		return -E2BIG;
	pushed++;
	entry_add(table, &pushed, value);
	return 0;
}

int table_pop(const void *map, void *ret)
{
	struct table *table = table_of(map);
	struct entry *oldest = NULL;

	for (size_t i = 0; i < table->count; i++) {
		struct entry *entry = &table->entries[i];

		if (!oldest || *(const uint64_t *)entry->key < *(const uint64_t *)oldest->key)
			oldest = entry;
	}
	if (!oldest)
		return -ENOENT;
	memcpy(ret, oldest->value, table->value_size);
	entry_remove(table, oldest);
	return 0;
}

void table_join(const void *map, const void *key, void *inner)
{
	struct table *table = table_of(map);

	entry_add(table, key, NULL);
	free(table->entries[table->count - 1].value);
	table->entries[table->count - 1].value = inner;
}

void table_clear(const void *map)
{
	struct table *table = table_of(map);

	while (table->count)
		entry_remove(table, &table->entries[table->count - 1]);
}

void table_fallback(const void *map, void *value)
{
	table_of(map)->fallback = value;
}

size_t table_count(const void *map)
{
	return table_of(map)->count;
}

const void *table_key(const void *map, size_t index)
{
	return table_of(map)->entries[index].key;
}
