/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Maps in memory. Each value is an allocation of its own, so that ASan sees who reads
 * beside it, or after it was deleted.
 */
#ifndef EGRET_NATIVE_TABLES_H
#define EGRET_NATIVE_TABLES_H

#include <stddef.h>

/* From now on @map, whatever that is, is the name of a table. @type: enum bpf_map_type. */
void table_make(const void *map, unsigned int type, size_t key_size, size_t value_size, size_t max_entries);
/* As table_make, from the definition of a map as programs have it. */
#define TABLE_MAKE(map)                                                                                                \
	table_make(&(map), sizeof(*(map).type) / sizeof(int), sizeof(*(map).key), sizeof(*(map).value),                \
		   sizeof(*(map).max_entries) / sizeof(int))

/* NULL: there is none. Arrays have all their elements, zero until somebody wrote to them. */
void *table_find(const void *map, const void *key);
/* -E2BIG, -EEXIST, -ENOENT as the kernel; LRU tables forget what came first. @flags: BPF_ANY and its like. */
int table_put(const void *map, const void *key, const void *value, unsigned long flags);
/* Another entry, of zeros; returns its value. */
void *table_add(const void *map, const void *key);
int table_delete(const void *map, const void *key);
/* Of a queue. -E2BIG, -ENOENT. */
int table_push(const void *map, const void *value);
int table_pop(const void *map, void *ret);
/* @inner is what the table of tables @map has at @key. */
void table_join(const void *map, const void *key, void *inner);
void table_clear(const void *map);
/* What table_find returns for each key that is not there. */
void table_fallback(const void *map, void *value);

/* The keys that are there, in no order. */
size_t table_count(const void *map);
const void *table_key(const void *map, size_t index);

#endif
