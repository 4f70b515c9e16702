/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Instances that govern a cgroup above are asked about the same sockets. What the self-test
 * of an inner one is denied, they would show to a person as their own. So each gets the
 * cgroup of the test as unaccounted, for the moment of the test. Where one tries something itself
 * at that moment, or cannot be seen from here (a container without its BPF file system), it shows
 * the test; nothing else depends on this. Private to kernel/.
 */
#ifndef EGRET_OUTER_H
#define EGRET_OUTER_H

#include "handle.h"

#define OUTER_MAX 16

struct outer {
	uint64_t cgroup_id;
	const char *own; /* the instance that tests itself */
	struct kernel *all[OUTER_MAX];
	size_t count;
};

void outer_begin(struct outer *outer, const struct kernel *own, uint64_t cgroup_id);
void outer_end(struct outer *outer);

#endif
