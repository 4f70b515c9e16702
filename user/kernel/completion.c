// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the agent found out about rows of denials: it alone writes, anybody reads. */
#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "../base/hash.h"
#include "../base/text.h"
#include "handle.h"
#include "write.h"

static uint64_t hash_of(const struct egret_drop_key *key)
{
	return hash_bytes(HASH_BEGIN, (const char *)key, sizeof(*key));
}

/* Names are what others answered or asked for. */
static void make_printable(struct egret_completion *completion)
{
	text_make_printable(completion->name, sizeof(completion->name));
	text_make_printable(completion->given_to, sizeof(completion->given_to));
	text_make_printable(completion->rule, sizeof(completion->rule));
	text_make_printable(completion->file, sizeof(completion->file));
	text_make_printable(completion->allows, sizeof(completion->allows));
}

int kernel_get_completion(const struct kernel *kernel, const struct egret_drop_key *key, uint64_t first_ns,
			  struct egret_completion *ret)
{
	uint64_t hash = hash_of(key);

	if (bpf_map_lookup_elem(kernel->maps[MAP_completions], &hash, ret))
		return -errno;
	if (memcmp(&ret->key, key, sizeof(*key)) != 0 || ret->first_ns != first_ns)
		return -ENOENT;
	make_printable(ret);
	return 0;
}

int kernel_get_stranger(const struct kernel *kernel, uint64_t owner, struct egret_stranger *ret)
{
	return bpf_map_lookup_elem(kernel->maps[MAP_strangers], &owner, ret) ? -errno : 0;
}

int kernel_set_completion(struct kernel *kernel, const struct egret_completion *completion)
{
	uint64_t hash = hash_of(&completion->key);

	if (!bpf_map_update_elem(kernel->maps[MAP_completions], &hash, completion, BPF_ANY))
		return 0;
	return errno == E2BIG ? -ENOSPC : -errno;
}

void kernel_forget_completion(struct kernel *kernel, const struct egret_drop_key *key)
{
	uint64_t hash = hash_of(key);

	bpf_map_delete_elem(kernel->maps[MAP_completions], &hash);
}

struct completion_walk {
	const struct kernel *kernel;
	int (*visit)(void *context, const struct egret_completion *completion);
	void *context;
};

static int visit_one(void *context, const void *hash)
{
	const struct completion_walk *walk = context;
	struct egret_completion completion;

	if (bpf_map_lookup_elem(walk->kernel->maps[MAP_completions], hash, &completion))
		return 0;
	return walk->visit(walk->context, &completion);
}

int kernel_each_completion(const struct kernel *kernel,
			   int (*visit)(void *context, const struct egret_completion *completion), void *context)
{
	struct completion_walk walk = {kernel, visit, context};
	uint64_t hashes[2];

	return map_each_entry(kernel->maps[MAP_completions], 2 * EGRET_MAX_COMPLETIONS,
			      (void *[]){&hashes[0], &hashes[1]}, visit_one, &walk);
}
