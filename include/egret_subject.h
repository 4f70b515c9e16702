/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who sends: subjects, which are cgroups, and the audience that each belongs to.
 *
 * An audience is the subjects of which the same rules speak: those of one kind (host, pod, pod in the node's network
 * namespace), whose deepest named cgroup (`for cgroup PATH`) is the same. A rule is for a set of audiences, and a
 * policy has a table of them (struct egret_audience), so a first packet asks one bit.
 */
#ifndef EGRET_INCLUDE_SUBJECT_H
#define EGRET_INCLUDE_SUBJECT_H

#include "egret_limits.h"
#include "egret_policy.h"
#include "egret_types.h"

enum egret_kind {
	EGRET_KIND_HOST = 0,
	EGRET_KIND_POD = 1,
	EGRET_KIND_HOSTNETWORK = 2, /* a pod's socket in the node's network namespace */
	EGRET_KINDS = 3,
};

/* Nobody knows who sends: every deny is for this audience, and of allows those that are for all, and of the floor. */
#define EGRET_AUDIENCE_UNKNOWN 0
/* The first of a node's, by enum egret_kind. Node 0: no named cgroup is around; else the place of the deepest one in
 * the policy's list, from 1. */
#define EGRET_AUDIENCE_OF(node, kind) (1 + EGRET_KINDS * (node) + (kind))
#define EGRET_AUDIENCE_HOST           EGRET_AUDIENCE_OF(0, EGRET_KIND_HOST)
#define EGRET_AUDIENCE_POD            EGRET_AUDIENCE_OF(0, EGRET_KIND_POD)
#define EGRET_AUDIENCE_HOSTNETWORK    EGRET_AUDIENCE_OF(0, EGRET_KIND_HOSTNETWORK)

/* Of any audience but the unknown one. */
EGRET_INLINE __u32 egret_audience_kind(__u32 audience)
{
	return (audience - 1) % EGRET_KINDS;
}

/* The key of a path's table that is no path's: its value is the generation that the table was made for. */
#define EGRET_PATH_KEY_EPOCH 0

/* Before the first octet of a path; then egret_key_octet with each. Never EGRET_PATH_KEY_EPOCH. */
EGRET_INLINE __u64 egret_path_key_begin(const volatile __u64 *keys)
{
	return keys[5];
}

EGRET_INLINE __u64 egret_path_key_end(__u64 key)
{
	return key | 1;
}

/* A scope: whom what is learned serves. Of a pod this and the id of the pod's cgroup, whatever network namespaces the
 * pod's sockets are in; else the cookie of a network namespace; 0 = nobody. */
#define EGRET_SCOPE_POD (1ULL << 63)

/* A cgroup, from its beginning to its end. */
struct egret_subject {
	__u64 pod;    /* the cgroup of the pod that it belongs to; 0 = none is known */
	__u64 parent; /* the cgroup that it lies in; 0 = the root lies in none */
	__u32 flags;  /* EGRET_SUBJECT_*, set in place by programs */
	__u32 pad;
};

#define EGRET_SUBJECT_POD (1U << 0)

/* Its audience by the policy of either slot, as for a socket that is in no pod's own network namespace; and for which
 * generation that was found out. */
struct egret_member {
	__u16 audience[EGRET_POLICY_SLOTS];
	__u32 epoch[EGRET_POLICY_SLOTS];
};

#endif
