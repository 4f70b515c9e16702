// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "write_known.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "../compile/compile.h"
#include "buckets.h"

struct copying {
	const struct kernel *kernel;
	const struct compiled *compiled;
	int lists;
};

static bool is_deep(const char *name)
{
	size_t dots = 0;

	for (const char *at = name; *at; at++)
		dots += *at == '.';
	return name[0] == '*' && dots > EGRET_SUFFIXES;
}

bool known_has_deep(const struct compiled *compiled)
{
	bool deep = false;

	for (size_t i = 0; i < compiled->name_count; i++)
		deep |= is_deep(compiled->names[i]);
	return deep;
}

/* By its text. Where that is forgotten, nothing speaks for it: a deny could be missed. */
static struct egret_target target_of_text(const struct copying *copying, uint64_t name)
{
	struct egret_target target = {};
	struct egret_asked asked;
	uint32_t speaker;

	if (!kernel_get_asked(copying->kernel, name, &asked)) {
		speaker = compiled_name_teacher(copying->compiled, asked.name);
		if (speaker)
			target = target_of(copying->compiled, &copying->compiled->name_dests[speaker - 1]);
	}
	target.dest.flags |= EGRET_DEST_OF_PATTERN;
	return target;
}

/* What the policy, or a program since, has under the name's own key stays. */
static int copy_one(void *context, const void *key)
{
	const struct copying *copying = context;
	struct egret_target target;
	struct egret_known known;

	if (bpf_map_lookup_elem(copying->kernel->maps[MAP_known], key, &known) || !known.suffixes[EGRET_SUFFIXES - 1])
		return 0;
	target = target_of_text(copying, *(const uint64_t *)key);
	if (bpf_map_update_elem(copying->lists, key, &target, BPF_NOEXIST) && errno != EEXIST)
		return -errno;
	return 0;
}

int known_copy_deep(const struct kernel *kernel, const struct compiled *compiled, int lists)
{
	struct copying copying = {kernel, compiled, lists};
	uint64_t keys[2];

	if (!known_has_deep(compiled))
		return 0;
	return map_each_entry(kernel->maps[MAP_known], 2 * EGRET_MAX_KNOWN, (void *[]){&keys[0], &keys[1]}, copy_one,
			      &copying);
}
