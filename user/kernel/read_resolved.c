// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the agent was answered for exact names, as the agent after it reads it. */
#include <errno.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "handle.h"
#include "name_key.h"
#include "egret_limits.h"

uint64_t kernel_name_key(const struct kernel *kernel, const char *name)
{
	struct egret_meta meta = {};

	/* Who only reads has them there alone. */
	if (!kernel->hash_keys[0])
		kernel_get_meta(kernel, &meta);
	return name_key(name, kernel->hash_keys[0] ? kernel->hash_keys : meta.hash_keys);
}

struct resolved_walk {
	int fd;
	int (*visit)(void *context, const struct egret_resolved_key *key, const struct egret_resolved *resolved);
	void *context;
};

static int visit_resolved(void *context, const void *key)
{
	const struct resolved_walk *walk = context;
	struct egret_resolved resolved;

	return bpf_map_lookup_elem(walk->fd, key, &resolved) ? 0 : walk->visit(walk->context, key, &resolved);
}

int kernel_each_resolved(const struct kernel *kernel,
			 int (*visit)(void *context, const struct egret_resolved_key *key,
				      const struct egret_resolved *resolved),
			 void *context)
{
	struct resolved_walk walk = {handle_inner_fd(kernel, MAP_resolved), visit, context};
	struct egret_resolved_key keys[2];
	int rc;

	if (walk.fd < 0)
		return walk.fd == -ENOENT ? 0 : walk.fd;
	rc = map_each_entry(walk.fd, 2 * EGRET_MAX_ADDRESSES, (void *[]){&keys[0], &keys[1]}, visit_resolved, &walk);
	close(walk.fd);
	return rc;
}
