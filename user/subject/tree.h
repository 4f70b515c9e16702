/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * All cgroups of this machine, as they stand now, and what each is by its path (egret_path.h has the words). Cgroups
 * come and go meanwhile: one that is there from the beginning of a walk to its end is visited.
 */
#ifndef EGRET_TREE_H
#define EGRET_TREE_H

#include <stdbool.h>
#include <stdint.h>

struct tree_cgroup {
	const char *path; /* below the cgroup root; "/" is the root itself */
	uint64_t id;
	uint64_t parent; /* 0 of the root */
	uint64_t pod;    /* the cgroup of the pod that it belongs to; 0 = none is known */
	bool is_pod;
	int fd; /* the open directory; borrowed */
};

/* Visits parents before their children. @visit returns 0 to go on; what else it returns ends the walk, and is
 * returned. -errno where the hierarchy cannot be read. */
int tree_walk(int (*visit)(void *context, const struct tree_cgroup *cgroup), void *context);

/* Does this path belong to pods? */
bool tree_path_is_pod(const char *path);

/* The cgroups that the kubelet put its pods below (/kubepods.slice): the outermost of each tree. @visit as in
 * tree_walk. */
int tree_kubepods(int (*visit)(void *context, const char *path), void *context);

#endif
