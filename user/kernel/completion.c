// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the agent found out about rows of denials: it alone writes, anybody reads. */
#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "../base/hash.h"
#include "handle.h"
#include "write.h"

static uint64_t hash_of(const struct egret_drop_key *key)
{
	return hash_bytes(HASH_BEGIN, (const char *)key, sizeof(*key));
}

int kernel_get_completion(const struct kernel *kernel, const struct egret_drop_key *key, uint64_t first_ns,
			  struct egret_completion *ret)
{
	uint64_t hash = hash_of(key);

	if (bpf_map_lookup_elem(kernel->maps[MAP_completions], &hash, ret))
		return -errno;
	if (memcmp(&ret->key, key, sizeof(*key)) != 0 || ret->first_ns != first_ns)
		return -ENOENT;
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

struct sweep {
	struct kernel *kernel;
	bool (*is_of_no_row)(void *context, const struct egret_completion *completion);
	void *context;
};

static int sweep_one(void *context, const void *hash)
{
	const struct sweep *sweep = context;
	struct egret_completion completion;

	if (bpf_map_lookup_elem(sweep->kernel->maps[MAP_completions], hash, &completion) ||
	    !sweep->is_of_no_row(sweep->context, &completion))
		return 0;
	bpf_map_delete_elem(sweep->kernel->maps[MAP_completions], hash);
	return 0;
}

int kernel_sweep_completions(struct kernel *kernel,
			     bool (*is_of_no_row)(void *context, const struct egret_completion *completion),
			     void *context)
{
	struct sweep sweep = {kernel, is_of_no_row, context};
	uint64_t hashes[2];

	return map_each_entry(kernel->maps[MAP_completions], 2 * EGRET_MAX_COMPLETIONS,
			      (void *[]){&hashes[0], &hashes[1]}, sweep_one, &sweep);
}
