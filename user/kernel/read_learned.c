// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What DNS answers taught. */
#include <errno.h>

#include <bpf/bpf.h>

#include "../base/text.h"
#include "handle.h"
#include "name_key.h"
#include "tick.h"

int64_t kernel_seconds_until(uint64_t tick)
{
	return (int64_t)(tick - kernel_tick_now()) / (int64_t)tick_hz();
}

struct learned_walk {
	int fd;
	int (*visit)(void *context, const struct egret_learned_key *key, const struct egret_learned *learned);
	void *context;
};

static int visit_learned(void *context, const void *key)
{
	struct learned_walk *walk = context;
	struct egret_learned learned;

	if (bpf_map_lookup_elem(walk->fd, key, &learned))
		return 0;
	return walk->visit(walk->context, key, &learned);
}

int kernel_each_learned(const struct kernel *kernel,
			int (*visit)(void *context, const struct egret_learned_key *key,
				     const struct egret_learned *learned),
			void *context)
{
	struct learned_walk walk = {kernel->maps[MAP_learned], visit, context};
	struct egret_learned_key keys[2];

	return map_each_entry(walk.fd, 2 * EGRET_MAX_LEARNED, (void *[]){&keys[0], &keys[1]}, visit_learned, &walk);
}

void kernel_each_seen(const struct kernel *kernel, void (*visit)(void *context, const struct egret_seen *seen),
		      void *context)
{
	struct egret_seen_bucket bucket;

	for (uint32_t i = 0; i < EGRET_SEEN_BUCKETS; i++) {
		if (bpf_map_lookup_elem_flags(kernel->maps[MAP_seen], &i, &bucket, BPF_F_LOCK))
			continue;
		for (size_t j = 0; j < EGRET_SEEN_PLACES; j++) {
			if (bucket.places[j].name)
				visit(context, &bucket.places[j]);
		}
	}
}

int kernel_get_asked(const struct kernel *kernel, uint64_t key, struct egret_asked *ret)
{
	if (bpf_map_lookup_elem(kernel->maps[MAP_asked], &key, ret))
		return -errno;
	text_make_printable(ret->name, sizeof(ret->name));
	return 0;
}

uint64_t kernel_name_key(const struct kernel *kernel, const char *text)
{
	struct egret_meta meta;

	return kernel_get_meta(kernel, &meta) ? 0 : name_key(text, meta.hash_keys);
}
