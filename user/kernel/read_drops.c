// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The rows of what was denied and of what would be: programs write them, people read them and clear them. */
#include <errno.h>
#include <stdlib.h>

#include <bpf/bpf.h>

#include "../base/text.h"
#include "handle.h"
#include "egret_limits.h"

struct drop_walk {
	int fd;
	int (*visit)(void *context, const struct egret_drop_key *key, const struct egret_drop *drop);
	void *context;
};

static int visit_drop(void *context, const void *key)
{
	struct drop_walk *walk = context;
	struct egret_drop drop;

	if (bpf_map_lookup_elem(walk->fd, key, &drop))
		return 0;
	/* Processes choose their names. */
	text_make_printable(drop.comm, sizeof(drop.comm));
	return walk->visit(walk->context, key, &drop);
}

int kernel_each_drop(const struct kernel *kernel,
		     int (*visit)(void *context, const struct egret_drop_key *key, const struct egret_drop *drop),
		     void *context)
{
	struct drop_walk walk = {kernel->maps[MAP_drops], visit, context};
	struct egret_drop_key keys[2];

	return map_each_entry(walk.fd, 2 * EGRET_MAX_DROPS, (void *[]){&keys[0], &keys[1]}, visit_drop, &walk);
}

int kernel_clear_drops(const struct kernel *kernel)
{
	int fd = kernel->maps[MAP_drops], cleared = 0;
	struct egret_drop_key key;

	/* Always the first one that is left. What is denied meanwhile comes anew: the bound ends that. */
	for (int i = 0; i < 2 * EGRET_MAX_DROPS && !bpf_map_get_next_key(fd, NULL, &key); i++) {
		if (!bpf_map_delete_elem(fd, &key))
			cleared++;
		else if (errno != ENOENT)
			return -errno;
	}
	return cleared;
}
