/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which pod and container a cgroup path stands for. No API server is asked: the
 * kubelet writes the uid into the path, and names its log folders
 * NAMESPACE_POD_UID.
 */
#ifndef EGRET_POD_H
#define EGRET_POD_H

#include <stdbool.h>
#include <stddef.h>

struct pod {
	char uid[64];
	char container[72]; /* id, short; "" if the path ends at the pod */
	char name[256];     /* "namespace/pod", or "" if no log folder tells */
};

/* False: the path is not a pod's. @logs: NULL = /var/log/pods. */
bool pod_of_path(const char *cgroup_path, const char *logs, struct pod *ret);

/* The cgroup, below the cgroup root, of the pod that @who names: "namespace/pod" or a uid. With
 * @container the one of that container's short id. -ENOENT: none is here. */
int pod_find(const char *who, const char *container, char *ret_path, size_t size);

#endif
