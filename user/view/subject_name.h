/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A cgroup as people know it. */
#ifndef EGRET_SUBJECT_NAME_H
#define EGRET_SUBJECT_NAME_H

#include <jansson.h>
#include <stdint.h>

#include "../kernel/read.h"

/* What a view found out already, for its many rows of few subjects: the path of a
 * cgroup took 0.7 ms on a busy machine. Zero-initialise; subject_cache_clear. */
#define SUBJECT_CACHE_SLOTS 256
struct subject_cache {
	struct {
		uint64_t cgroup_id;
		json_t *fields; /* NULL = the slot is free */
	} slots[SUBJECT_CACHE_SLOTS];
};
void subject_cache_clear(struct subject_cache *cache);

/*
 * Sets "subject", "pod default/web container 0123abcd" where the node knows it, else the cgroup's path, or
 * where it was; null where nobody noted that and the cgroup is gone. And the same apart: "namespace", "pod", "pod_uid",
 * "container" (its name), "container_id", of what is no pod null; "workload", what made the pod, else the path;
 * "gone" (null for kernel_view, which sees no cgroup), and "cgroup_id". @parent_id: asked
 * where the cgroup is gone; 0 = none. @cache: NULL for a row alone.
 */
void json_set_subject(json_t *row, const struct kernel *kernel, uint64_t cgroup_id, uint64_t parent_id,
		      struct subject_cache *cache);

/* What is a pod's, by whichever of its containers it was found. */
void json_set_no_container(json_t *row);

#endif
