/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who sends: the classes of a socket's cgroup, by which rules are for it or not, who pays for what the socket makes
 * others remember, and whom that serves. A socket is stamped with these when it is made (subject_stamp) or when it is
 * first seen (stamp_found of stamp.h). The classes are those of one policy slot; subject_refresh() looks them up anew
 * when they may be others, which the epoch says.
 *
 * struct subject is what a decision needs of it, wherever that comes from.
 */
#ifndef EGRET_BPF_SUBJECT_H
#define EGRET_BPF_SUBJECT_H

#include "maps.h"
#include "policy.h"

/* The cookie of the network namespace that the agent runs in. */
const volatile __u64 node_netns = 0;

struct subject {
	__u64 scope; /* whom what it learns serves, as in egret_sock */
	__u64 owner; /* who pays */
	__u32 classes;
};

static __always_inline struct subject subject_of(const struct egret_sock *sock)
{
	return (struct subject){.scope = sock->scope, .owner = sock->owner, .classes = sock->classes};
}

static __always_inline __u32 class_of_cgroup(__u64 cgroup_id, __u32 slot)
{
	struct egret_class *class = bpf_map_lookup_elem(&classes, &cgroup_id);

	return class ? class->masks[slot & (EGRET_POLICY_SLOTS - 1)] : 0;
}

/* Everything that is not below a kubepods cgroup is the host's. */
static __always_inline __u32 class_finish(__u32 mask)
{
	return mask & EGRET_CLASS_PODS ? mask : mask | EGRET_CLASS_HOST;
}

/* bpf_skb_ancestor_cgroup_id: 4.19 (cgroup_skb). Global: the verifier takes its loop once. */
__noinline __u32 classes_of_skb(struct __sk_buff *skb, __u32 slot)
{
	__u32 mask = 0;

	for (int level = 1; level <= EGRET_MAX_CGROUP_DEPTH; level++) {
		__u64 id = bpf_skb_ancestor_cgroup_id(skb, level);

		if (!id)
			break;
		mask |= class_of_cgroup(id, slot);
	}
	return class_finish(mask);
}

/* What a socket's classes were looked up under. In the other slot another policy has others, and so may a cgroup that
 * was classified since, kubepods or a named one. */
static __always_inline __u32 subject_epoch(const struct ruling *ruling)
{
	return ruling->cfg->class_epoch << 1 | ruling->slot;
}

/* Who pays and whom it serves, by the subject of its cgroup: all containers of a pod pay and learn together, and with
 * them the network namespaces that they make with root's rights (docker in a pod). For its network namespace alone
 * learns what is no pod, and whoever sits in one that needed no rights: there he could answer himself in the name of a
 * trusted resolver, and must not teach his pod that. */
static __always_inline void subject_settle(struct egret_sock *sock)
{
	struct egret_subject *subject = bpf_map_lookup_elem(&subjects, &sock->cgroup_id);

	sock->owner = sock->cgroup_id;
	if (!subject || !(subject->flags & EGRET_SUBJECT_POD))
		return;
	if (subject->pod)
		sock->owner = subject->pod;
	if (!sock->of_user_namespace)
		sock->scope = EGRET_SCOPE_POD | sock->owner;
}

/* That of the process under way. bpf_get_current_ancestor_cgroup_id: 5.8 in cgroup/sock_create. */
static __always_inline void subject_stamp(struct egret_sock *sock, const struct ruling *ruling)
{
	__u32 mask = 0, epoch = subject_epoch(ruling); /* first: what changes meanwhile is looked up anew */
	__u64 above = 0;

	for (int level = 1; level <= EGRET_MAX_CGROUP_DEPTH; level++) {
		__u64 id = bpf_get_current_ancestor_cgroup_id(level);

		if (!id)
			break;
		mask |= class_of_cgroup(id, ruling->slot);
		sock->parent_cgroup_id = above;
		above = id;
	}
	sock->cgroup_id = bpf_get_current_cgroup_id();
	sock->classes = class_finish(mask);
	sock->class_epoch = epoch;
	subject_settle(sock);
}

/* By the packet's socket. */
static __always_inline void subject_refresh(struct __sk_buff *skb, struct egret_sock *sock, const struct ruling *ruling)
{
	__u32 epoch = subject_epoch(ruling);

	if (sock->class_epoch == epoch)
		return;
	sock->classes = classes_of_skb(skb, ruling->slot);
	sock->class_epoch = epoch;
	subject_settle(sock);
}

/* By the caller, which may be in another cgroup than the socket: false, and then only egress can tell.
 * bpf_get_current_cgroup_id: 5.7 in these hooks. */
static __always_inline bool subject_refresh_by_caller(struct egret_sock *sock, const struct ruling *ruling)
{
	if (sock->class_epoch == subject_epoch(ruling))
		return true;
	if (sock->cgroup_id != bpf_get_current_cgroup_id())
		return false;
	subject_stamp(sock, ruling);
	return true;
}

#endif
