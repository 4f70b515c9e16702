// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What DNS answers taught: reading it, and carrying it over to another policy. */
#include "internal.h"
#include "name_key.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "../base/clock.h"
#include "../base/text.h"

uint32_t kernel_tick_hz(void)
{
	struct timespec resolution;

	/* The coarse clocks advance once a tick: clock_getres(2). */
	if (clock_getres(CLOCK_MONOTONIC_COARSE, &resolution) || !resolution.tv_nsec)
		return 250;
	return (1000000000 + resolution.tv_nsec / 2) / resolution.tv_nsec;
}

int64_t kernel_seconds_until(uint64_t tick)
{
	uint64_t hz = kernel_tick_hz();
	/* include/linux/jiffies.h, INITIAL_JIFFIES: the count begins five minutes before 2^32. */
	uint64_t first = (uint32_t)(-300 * (int32_t)hz);
	uint64_t now = first + clock_now_ns() / (CLOCK_NS_PER_SEC / hz);

	return (int64_t)(tick - now) / (int64_t)hz;
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

	return kernel_each_entry(walk.fd, 2 * EGRET_MAX_LEARNED, (void *[]){&keys[0], &keys[1]}, visit_learned, &walk);
}

int kernel_get_asked(const struct kernel *kernel, uint64_t key, struct egret_asked *ret)
{
	if (bpf_map_lookup_elem(kernel->maps[MAP_asked], &key, ret))
		return -errno;
	text_make_printable(ret->name, sizeof(ret->name));
	return 0;
}

int kernel_get_lesson(const struct kernel *kernel, uint32_t kind, struct egret_counter *ret)
{
	return kernel_sum_over_cpus(kernel->maps[MAP_lessons], kind, ret);
}

uint64_t kernel_name_key(const struct kernel *kernel, const char *text)
{
	struct egret_meta meta;

	return kernel_get_meta(kernel, &meta) ? 0 : name_key(text, meta.hash_keys);
}

struct matching {
	struct kernel *kernel;
	const struct compiled *compiled;
};

/* The key of what speaks for the name now; 0 = nothing, or nobody knows the name any more. */
static uint64_t match_name(const struct matching *matching, uint64_t name)
{
	struct egret_asked asked;
	uint32_t index;

	if (!name || kernel_get_asked(matching->kernel, name, &asked))
		return 0;
	index = compiled_name_match(matching->compiled, asked.name);
	return index ? name_key(matching->compiled->names[index - 1], matching->kernel->hash_keys) : 0;
}

static int match_one(void *context, const struct egret_learned_key *key, const struct egret_learned *learned)
{
	const struct matching *matching = context;
	struct egret_learned now = *learned;
	bool any = false;

	for (size_t i = 0; i < EGRET_LEARNED_NAMES; i++) {
		now.lessons[i].rule_name = match_name(matching, now.lessons[i].name);
		any |= now.lessons[i].rule_name != 0;
	}
	if (!memcmp(&now, learned, sizeof(now)))
		return 0;
	/* Gone meanwhile, or full: what is not matched is not allowed either. */
	if (any)
		bpf_map_update_elem(matching->kernel->maps[MAP_learned], key, &now, BPF_EXIST);
	else
		bpf_map_delete_elem(matching->kernel->maps[MAP_learned], key);
	return 0;
}

int kernel_match_learned(struct kernel *kernel, const struct compiled *compiled)
{
	struct matching matching = {kernel, compiled};

	return kernel_each_learned(kernel, match_one, &matching);
}
