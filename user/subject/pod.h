/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which pod and container a cgroup path stands for. No API server is asked: the
 * kubelet writes the uid into the path, names its log folders NAMESPACE_POD_UID, and makes a link
 * POD_NAMESPACE_CONTAINER-ID.log for each container in /var/log/containers.
 */
#ifndef EGRET_POD_H
#define EGRET_POD_H

#include <stdbool.h>
#include <stddef.h>

#include "egret_limits.h"

struct pod {
	char uid[64];
	char container[72]; /* id, short; "" if the path ends at the pod */
	char name[256];     /* "namespace/pod", or "" if no log folder tells */
};

/* False: the path is not a pod's. @logs: NULL = /var/log/pods. */
bool pod_of_path(const char *cgroup_path, const char *logs, struct pod *ret);

#define CONTAINER_NAME_SIZE 64 /* an RFC 1123 label and its NUL */
/* What the pod's author calls the container: by its id among the kubelet's links in "containers" beside @logs, or,
 * of a pod with one container, by the folder of its log. False: nobody tells. */
bool pod_container_name(const struct pod *pod, const char *logs, char buf[static CONTAINER_NAME_SIZE]);

/* "shop/web" of "shop/web-6d5f9c4b7-x2k9p": what made the pod, as far as its name tells. Returns @buf. */
#define WORKLOAD_SIZE EGRET_POD_NAME_SIZE
const char *pod_workload(const char *name, char buf[static WORKLOAD_SIZE]);

/* The cgroup, below the cgroup root, of the pod that @who names: "namespace/pod", a uid, or the workload of one pod
 * alone. With @container the one of that container, by its name or its short id. -ENOENT: none is here. -ENOTUNIQ:
 * several are of that workload. */
int pod_find(const char *who, const char *container, char *ret_path, size_t size);
/* "namespace/pod" of a pod here that @who names, or whose workload it names, without the namespace. -ENOENT: none. */
int pod_find_in_any_namespace(const char *who, char *ret_name, size_t size);

#endif
