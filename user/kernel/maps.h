/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps of an instance (EGRET_MAPS), and what all of them are asked. Private to kernel/.
 */
#ifndef EGRET_KERNEL_MAPS_H
#define EGRET_KERNEL_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "egret_abi.h"
#include "egret_people.h"

enum kernel_map {
#define KERNEL_MAP_ENUM(map, ...) MAP_##map,
	EGRET_MAPS(KERNEL_MAP_ENUM)
#undef KERNEL_MAP_ENUM
	    MAP_COUNT
};

enum map_kind { MAP_IS_PLAIN, MAP_IS_TABLE };

struct map_shape {
	const char *name;
	enum map_kind kind;
	uint32_t key_size, value_size;
};

extern const struct map_shape map_shapes[MAP_COUNT];

static inline bool map_is_table(enum kernel_map map)
{
	return map_shapes[map].kind == MAP_IS_TABLE;
}

/* Is what is pinned what this version makes? Of tables the outer map, and what stands in it now. */
bool map_fits(int fd, enum kernel_map map);
/* Values of a map by their keys, in one call. */
int map_write_batch(int fd, const void *keys, const void *values, size_t count);
/* Of a per-CPU map of counters. */
int map_sum_over_cpus(int fd, uint32_t index, struct egret_counter *ret);
/*
 * Walks a map that programs write meanwhile; @keys: room for two. @visit returns 0 to go on. An entry
 * that goes away takes the walk's place with it, and the kernel starts over: the bound ends that.
 */
int map_each_entry(int fd, size_t bound, void *keys[2], int (*visit)(void *context, const void *key), void *context);
/* The same of a hash whose values have a lock, by few system calls, each entry no more than once. */
int map_each_locked(int fd, size_t key_size, size_t value_size,
		    int (*visit)(void *context, const void *key, const void *value), void *context);

#endif
