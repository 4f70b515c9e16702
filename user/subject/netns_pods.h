/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whose the network namespaces of this machine are: the pod's whose processes are in one. By the pods' cgroups, so that
 * only pods' processes are looked at; those that cannot be seen from here (a PID namespace of one's own) are nobody.
 */
#ifndef EGRET_NETNS_PODS_H
#define EGRET_NETNS_PODS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct netns_pod {
	ino_t netns;  /* of nsfs */
	uint64_t pod; /* id of its cgroup; 0 = processes of several pods are there */
	pid_t pid;    /* of one that is there */
	int32_t nsid; /* what the caller's namespace calls it (IFLA_LINK_NETNSID); less than 0: nothing */
};

struct netns_pods {
	struct netns_pod *all;
	size_t count, capacity;
};

/* All of them. *ret is empty on failure, and the caller's to clear else. */
int netns_pods_find(struct netns_pods *ret);
void netns_pods_clear(struct netns_pods *pods);
/* The one pod in the namespace that is called @nsid; 0 = none, or it is not for sure. */
uint64_t netns_pods_of(const struct netns_pods *pods, int32_t nsid);

/* A process of @pod was seen in @netns; what that is called is not known yet. -ENOMEM. */
int netns_pods_note(struct netns_pods *pods, ino_t netns, uint64_t pod, pid_t pid);

#endif
