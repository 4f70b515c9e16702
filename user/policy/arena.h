/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Memory that lives as long as one load: given out in pieces, freed at once. */
#ifndef EGRET_POLICY_ARENA_H
#define EGRET_POLICY_ARENA_H

#include <stddef.h>

struct arena_chunk;

/* Zero-initialise. */
struct arena {
	struct arena_chunk *chunks;
	size_t used, size; /* of the newest chunk */
};

/* Zeroed, aligned for any type; NULL without memory. */
void *arena_alloc(struct arena *arena, size_t size);
/* A NUL-terminated copy. */
char *arena_copy(struct arena *arena, const char *text, size_t len);
void arena_clear(struct arena *arena);

#endif
