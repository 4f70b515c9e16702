/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Questions whose answers cannot be read from their stream: the agent is told, once of each, and asks for the names
 * itself. What finds no room in the ring, or whose text is forgotten, is counted (EGRET_LESSON_UNTOLD), as is what the
 * agent has no room for (EGRET_LESSON_UNSOUGHT).
 */
#ifndef EGRET_BPF_WANTED_H
#define EGRET_BPF_WANTED_H

#include "maps.h"
#include "memory.h"
#include "query.h"
#include "subject.h"

/* The text is copied, for `asked` forgets the older ones of who asks much, and the agent may come late. It counts only
 * if it is there still afterwards: an entry that is forgotten meanwhile is given to another name. */
static __always_inline bool wanted_text(struct egret_wanted *want, __u64 name)
{
	struct egret_asked *entry = bpf_map_lookup_elem(&asked, &name);

	return entry && !bpf_probe_read_kernel(want->text, sizeof(want->text), entry->name) &&
	       bpf_map_lookup_elem(&asked, &name) == entry;
}

/* The agent is told of one name that this socket asked for. Global: the verifier takes it once. bpf_ringbuf_reserve:
 * 5.8. */
__noinline int wanted_put(struct __sk_buff *skb, __u64 name)
{
	struct egret_sock *sock = memory_of(skb);
	struct egret_wanted *want;

	if (!sock || !sock->scope)
		return 0;
	want = bpf_ringbuf_reserve(&wanted, sizeof(*want), 0);
	if (!want) {
		lesson_count(EGRET_LESSON_UNTOLD);
		return 0;
	}
	want->name = name;
	want->scope = sock->scope;
	want->owner = sock->owner;
	if (wanted_text(want, name)) {
		bpf_ringbuf_submit(want, 0);
		return 0;
	}
	bpf_ringbuf_discard(want, 0);
	lesson_count(EGRET_LESSON_UNTOLD);
	return 0;
}

/* One of the questions. Global, and called for each: kernels before 6.6 take no loop that goes
 * around a call. */
__noinline int wanted_tell(struct __sk_buff *skb, __u32 index)
{
	struct egret_queries *open = queries_of(skb);
	struct egret_query *query;

	if (!open)
		return 0;
	query = &open->all[index & (EGRET_QUERIES - 1)];
	if (!query_waits(query))
		return 0;
	query->server |= EGRET_QUERY_TOLD;
	return wanted_put(skb, query->name);
}

/* Those in one place of the crowd's that are this socket's. Global: the verifier takes it once, and not for each place.
 */
__noinline int wanted_tell_place(struct __sk_buff *skb, __u32 place)
{
	struct egret_sock *sock = memory_of(skb);
	struct egret_crowd *crowd;
	struct egret_place key;
	__u64 cookie;

	if (!sock)
		return 0;
	cookie = bpf_get_socket_cookie(skb);
	key = (struct egret_place){.owner = sock->owner, .place = place};
	crowd = bpf_map_lookup_elem(&crowds, &key);
	for (int i = 0; crowd && i < EGRET_CROWD_WAYS; i++) {
		struct egret_crowded way = crowd->all[i];

		if (!query_waits(&way.query) || !crowded_verifies(&way, cookie))
			continue;
		crowd->all[i].query.server |= EGRET_QUERY_TOLD;
		wanted_put(skb, way.query.name);
	}
	return 0;
}

/* Those of the crowd: all places of the owner are looked through. */
static __always_inline void wanted_tell_crowd(struct __sk_buff *skb)
{
	struct egret_queries *open = queries_of(skb);

	if (!open || !open->crowded)
		return;
	for (int i = 0; i < EGRET_CROWD_SHARE; i++)
		wanted_tell_place(skb, i);
}

/* All that the socket has open. Global: the verifier takes it once. */
__noinline int wanted_tell_all(struct __sk_buff *skb)
{
	for (int i = 0; i < EGRET_QUERIES; i++)
		wanted_tell(skb, i);
	wanted_tell_crowd(skb);
	return 0;
}

#endif
