/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Questions whose answers cannot be read from their stream: the agent is told, once of each, and asks for the names
 * itself. What finds no room in the ring is counted (EGRET_LESSON_UNTOLD), as is what the agent has no room for
 * (EGRET_LESSON_UNSOUGHT).
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
	ret->owner = sock->owner;
	return true;
}

static __always_inline void wanted_put(struct egret_wanted *want, struct egret_query *query)
{
	query->server |= EGRET_QUERY_TOLD;
	want->name = query->name;
	if (bpf_ringbuf_output(&wanted, want, sizeof(*want), 0))
		lesson_count(EGRET_LESSON_UNTOLD);
}

/* One of the questions. Global, and called for each: kernels before 6.6 take no loop that goes
 * around a call. */
__noinline int wanted_tell(struct __sk_buff *skb, __u32 index)
{
	struct egret_queries *open = queries_of(skb, 0);
	struct egret_wanted want = {};
	struct egret_query *query;

	if (!open)
		return 0;
	query = &open->all[index & (EGRET_QUERIES - 1)];
	if (query_is_open(query) && !(query->server & EGRET_QUERY_TOLD) && wanted_by(skb, &want))
		wanted_put(&want, query);
	return 0;
}

/* Those of the crowd: all places of the owner are looked through for what is this socket's. */
__noinline int wanted_tell_crowd(struct __sk_buff *skb)
{
	struct egret_queries *open = queries_of(skb, 0);
	struct egret_sock *sock = memory_of(skb);
	struct egret_wanted want = {};
	struct egret_place key = {};
	__u64 cookie;

	if (!open || !open->crowded || !sock || !wanted_by(skb, &want))
		return 0;
	cookie = bpf_get_socket_cookie(skb);
	key.owner = sock->owner;
	for (int i = 0; i < EGRET_CROWD_SHARE; i++) {
		struct egret_crowd *crowd;

		key.place = i;
		crowd = bpf_map_lookup_elem(&crowds, &key);
		for (int j = 0; crowd && j < EGRET_CROWD_WAYS; j++) {
			struct egret_crowded way = crowd->all[j];

			if (way.query.server & EGRET_QUERY_TOLD || !query_is_open(&way.query) ||
			    !crowded_verifies(&way, cookie))
				continue;
			wanted_put(&want, &crowd->all[j].query);
		}
	}
	return 0;
}

/* All that the socket has open. Global: the verifier takes it once. */
__noinline int wanted_tell_all(struct __sk_buff *skb)
{
	for (int i = 0; i < EGRET_QUERIES; i++)
		wanted_tell(skb, i);
	return wanted_tell_crowd(skb);
}

#endif
