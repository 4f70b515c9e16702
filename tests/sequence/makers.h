/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sockets of any cgroup, used by one process: a child in each cgroup makes them and hands
 * them over. A socket keeps the cgroup that it was made in, and with it its subject.
 */
#ifndef EGRET_MAKERS_H
#define EGRET_MAKERS_H

#include <stdint.h>

struct maker {
	int channel;
	int pid;
	uint64_t cgroup_id;
};

/* @cgroup is made if it is not there; sockets are of the network namespace @netns (a path). */
void maker_start(struct maker *maker, const char *cgroup, const char *netns);
int maker_socket(const struct maker *maker, int family, int type);
void maker_stop(struct maker *maker);

#endif
