/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Questions whose answers cannot be read, because their stream was lost: the agent is told, and asks for the names
 * itself. The ring and the agent have room for some of hundreds; what finds none is not asked for.
 */
#ifndef EGRET_BPF_WANTED_H
#define EGRET_BPF_WANTED_H

#include "maps.h"
#include "memory.h"
#include "query.h"
#include "subject.h"

/* Who asked. */
static __always_inline bool wanted_by(struct __sk_buff *skb, struct egret_wanted *ret)
{
	struct egret_sock *sock = memory_of(skb);

	if (!sock || !sock->scope)
		return false;
	ret->scope = sock->scope;
	ret->subject = sock->owner;
	return true;
}

/* One of the questions. Global, and called for each: kernels before 6.6 take no loop that goes
 * around a call. */
__noinline int wanted_tell(struct __sk_buff *skb, __u32 index)
{
	struct egret_queries *open = queries_of(skb, 0);
	struct egret_wanted want = {};

	if (!open || !wanted_by(skb, &want))
		return 0;
	want.name = open->all[index & (EGRET_QUERIES - 1)].name;
	if (want.name)
		bpf_ringbuf_output(&wanted, &want, sizeof(want), 0);
	return 0;
}

/* Those of the crowd. */
__noinline int wanted_tell_crowd(struct __sk_buff *skb)
{
	struct egret_crowd *crowd = crowd_of(skb, 0);
	struct egret_wanted want = {};

	if (!crowd || !wanted_by(skb, &want))
		return 0;
	for (int i = 0; i < EGRET_CROWD_SETS * EGRET_CROWD_WAYS; i++) {
		want.name = crowd->all[i].name;
		if (want.name && query_is_open(&crowd->all[i]))
			bpf_ringbuf_output(&wanted, &want, sizeof(want), 0);
	}
	return 0;
}

/* All that the socket has open. */
static __always_inline void wanted_tell_all(struct __sk_buff *skb)
{
	for (int i = 0; i < EGRET_QUERIES; i++)
		wanted_tell(skb, i);
	wanted_tell_crowd(skb);
}

#endif
