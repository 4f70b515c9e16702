/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who sends: the classes of subjects, and what is kept of a cgroup. */
#ifndef EGRET_INCLUDE_SUBJECT_H
#define EGRET_INCLUDE_SUBJECT_H

#include "egret_limits.h"
#include "egret_policy.h"
#include "egret_types.h"

#define EGRET_CLASS_HOST        (1U << 0)
#define EGRET_CLASS_PODS        (1U << 1)
#define EGRET_CLASS_NAMED_SHIFT 2
#define EGRET_CLASS_ALL         0xffffffffU

/* A scope: whom what is learned serves. Of a pod this and the id of the pod's cgroup, whatever network namespaces the
 * pod's sockets are in; else the cookie of a network namespace; 0 = nobody. */
#define EGRET_SCOPE_POD (1ULL << 63)

/* A cgroup's bits in a class mask, by the policy of either slot. */
struct egret_class {
	__u32 masks[EGRET_POLICY_SLOTS];
};

#endif
