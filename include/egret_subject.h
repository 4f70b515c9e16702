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

/* A cgroup, from its beginning to its end. */
struct egret_subject {
	__u64 pod;    /* the cgroup of the pod that it belongs to; 0 = none is known */
	__u64 parent; /* the cgroup that it lies in; 0 = the root lies in none */
	__u32 flags;  /* EGRET_SUBJECT_*, set in place by programs */
	__u32 pad;
};

#define EGRET_SUBJECT_POD (1U << 0)

#endif
