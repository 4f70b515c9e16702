/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who sends: the audience of a socket's cgroup, by which rules are for it or not, who pays for what the socket makes
 * others remember, and whom that serves. A socket is stamped with these when it is made (stamp_new of stamp.h) or when
 * it is first seen (stamp_found). The audience is that of one policy: subject_refresh() looks it up anew under
 * each generation.
 *
 * struct subject is what a decision needs of it, wherever that comes from.
 */
#ifndef EGRET_BPF_SUBJECT_H
#define EGRET_BPF_SUBJECT_H

#include "maps.h"
#include "policy.h"

/* The network namespace that the agent runs in: its cookie, or, where the kernel does not tell that to user space
 * (SO_NETNS_COOKIE: 5.14), its inode. The other one is 0. */
const volatile __u64 node_netns = 0;
const volatile __u32 node_netns_inode = 0;

struct subject {
	__u64 scope; /* whom what it learns serves, as in egret_sock */
	__u32 audience;
};

static __always_inline struct subject subject_of(const struct egret_sock *sock)
{
	return (struct subject){.scope = sock->scope, .audience = sock->audience};
}

/* Who pays and whom it serves, by the subject of its cgroup: all containers of a pod pay and learn together, and with
 * them the network namespaces that they make with root's rights (docker in a pod). For its network namespace alone
 * learns what is no pod, and whoever sits in one that needed no rights: there he could answer himself in the name of a
 * trusted resolver, and must not teach his pod that. Each field is written once: another processor may be at the
 * same socket (storage.h). @netns: the cookie of its network namespace. */
static __always_inline void subject_settle(struct egret_sock *sock, __u64 netns)
{
	struct egret_subject *subject = bpf_map_lookup_elem(&subjects, &sock->cgroup_id);
	__u64 owner = sock->cgroup_id, scope = netns;

	if (subject) {
		sock->parent_cgroup_id = subject->parent;
		if (subject->flags & EGRET_SUBJECT_POD) {
			owner = subject->pod ?: owner;
			if (!sock->of_user_namespace)
				scope = EGRET_SCOPE_POD | owner;
		}
	}
	sock->owner = owner;
	sock->scope = scope;
}

/* What was found out for another policy means nothing: its audiences have other numbers. */
static __always_inline __u32 member_audience(const struct egret_member *member, const struct ruling *ruling)
{
	__u32 slot = ruling->slot;

	if (member->epoch[slot & (EGRET_POLICY_SLOTS - 1)] != ruling->settings->born)
		return EGRET_AUDIENCE_UNKNOWN;
	return member->audience[slot & (EGRET_POLICY_SLOTS - 1)];
}

/* The audience of a socket's subject, by the policy that rules; false: the cgroup is gone, or nobody was told of it.
 * The agent replaces entries at a reload, and the memory of a replaced one is another cgroup's at once: so what was
 * read counts only if this cgroup still has the same entry. */
static __always_inline bool audience_find(__u64 cgroup_id, bool in_node_netns, const struct ruling *ruling, __u32 *ret)
{
	struct egret_member *member = bpf_map_lookup_elem(&audiences, &cgroup_id), *again;
	__u32 audience;

	if (!member)
		return false;
	audience = member_audience(member, ruling);
	again = bpf_map_lookup_elem(&audiences, &cgroup_id);
	if (!again)
		return false;
	if (again != member)
		audience = member_audience(again, ruling);
	if (audience && in_node_netns && egret_audience_kind(audience) == EGRET_KIND_POD)
		audience += EGRET_KIND_HOSTNETWORK - EGRET_KIND_POD;
	*ret = audience;
	return true;
}

/*
 * Under another generation. A socket may outlive its cgroup: as long as the policy rules under which the socket was
 * told its audience, that stays.
 */
static __always_inline void subject_refresh(struct egret_sock *sock, const struct ruling *ruling)
{
	if (sock->audience_generation == ruling->generation)
		return;
	if (!audience_find(sock->cgroup_id, sock->in_node_netns, ruling, &sock->audience)) {
		if ((__s32)(ruling->settings->born - sock->audience_generation) > 0)
			sock->audience = EGRET_AUDIENCE_UNKNOWN;
	} else if (!(sock->scope & EGRET_SCOPE_POD)) {
		subject_settle(sock, sock->scope); /* it may have been unknown until now */
	}
	sock->audience_generation = ruling->generation;
}

/* All of a socket whose cgroup is known, and of its network namespace, of which this is the cookie. */
static __always_inline void subject_begin(struct egret_sock *sock, __u64 netns, const struct ruling *ruling)
{
	__u32 audience = EGRET_AUDIENCE_UNKNOWN;

	subject_settle(sock, netns);
	audience_find(sock->cgroup_id, sock->in_node_netns, ruling, &audience);
	sock->audience = audience;
}

/* Last, when the rest of the stamp is written: from here on it counts (stamp_of). */
static __always_inline void subject_end(struct egret_sock *sock, const struct ruling *ruling)
{
	asm volatile("" : : : "memory");
	sock->audience_generation = ruling->generation;
}

/* Does the kernel call for itself (a mount that connects anew, a subflow that MPTCP adds)? bpf_get_current_task: 5.8 in
 * these hooks. */
static __always_inline bool caller_is_kernel(void)
{
	const struct task_struct *task = (const struct task_struct *)bpf_get_current_task();
	unsigned int flags = 0;

	bpf_probe_read_kernel(&flags, sizeof(flags), &task->flags);
	return flags & PF_KTHREAD;
}

/* Of the process under way, which may be another than the socket's: the audience that a rule must be for, too.
 * bpf_get_current_cgroup_id: 5.7 in these hooks. */
static __always_inline __u32 subject_caller(const struct egret_sock *sock, const struct ruling *ruling)
{
	__u64 caller = bpf_get_current_cgroup_id();
	__u32 audience = EGRET_AUDIENCE_UNKNOWN;

	if (caller == sock->cgroup_id || caller_is_kernel())
		return sock->audience;
	audience_find(caller, sock->in_node_netns, ruling, &audience);
	return audience;
}

/* 1: what is denied to this audience, which is that of the socket or of its caller, passes and is counted as would-be
 * denied. But never what proves that the policy is enforced (the self-test, a trial); nor of a socket that was told its
 * audience under another policy, where that number may have been somebody else's. */
static __always_inline __u32 subject_is_audited(const struct egret_sock *sock, __u32 audience,
						const struct ruling *ruling)
{
	if (!(ruling->settings->has & EGRET_HAS_AUDITED))
		return ruling->settings->audit & 1;
	if (!sock || sock->cgroup_id == ruling->cfg->unaccounted_cgroup ||
	    (__s32)(ruling->settings->born - sock->audience_generation) > 0)
		return ruling->settings->audit & 1;
	return policy_audits(audience, ruling->slot) & 1;
}

#endif
