/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Notes where the cgroups are that something was denied to, and which pods they are of, while they are there: a person
 * asks when the pod is gone, and its log folder, which tells its name.
 */
#ifndef EGRET_CULPRITS_H
#define EGRET_CULPRITS_H

#include "../kernel/kernel.h"

/* Walks `drops` only if something was denied since the last call. */
struct culprits {
	uint64_t denied_packets;
};

/* Those that programs tell of, when kernel_denied_fd is readable. */
void culprits_take(struct kernel *kernel);
/* All packets that were denied, and those that would be: tells whether rows have moved. */
uint64_t culprits_packets(const struct kernel *kernel);
/* Those that no agent was told of. */
void culprits_refresh(struct culprits *culprits, struct kernel *kernel);

#endif
