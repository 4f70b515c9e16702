/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The questions that a socket has open: noted when they leave (query_add), taken when their answer comes in
 * (was_asked), so that an answer teaches once, and only who asked. They live with their socket, a few in egret_queries
 * and hundreds in egret_crowd, so a socket that asks too much pushes out its own questions only.
 */
#ifndef EGRET_BPF_QUERY_H
#define EGRET_BPF_QUERY_H

#include "learned.h"
#include "maps.h"
#include "socket.h"

#define QUERY_LIVES_SEC 30 /* resolv.conf(5) allows no longer time-out */

/* What a socket that asks remembers; NULL: it never asked, or there is no memory for it. */
static __always_inline struct egret_queries *queries_of(struct __sk_buff *skb, __u64 flags)
{
	struct bpf_sock *sk = socket_full(skb);

	return sk ? bpf_sk_storage_get(&queries, sk, 0, flags) : 0;
}

static __always_inline bool query_is_open(const struct egret_query *query)
{
	return query->name && bpf_jiffies64() - query->asked_tick < (__u64)QUERY_LIVES_SEC * ticks_per_sec;
}

static __always_inline struct egret_crowd *crowd_of(struct __sk_buff *skb, __u64 flags)
{
	struct bpf_sock *sk = socket_full(skb);

	return sk ? bpf_sk_storage_get(&crowds, sk, 0, flags) : 0;
}

/* Where in a crowd a question belongs. */
static __always_inline __u32 crowd_set(__u16 id, __u64 name)
{
	return ((__u32)name ^ id) % EGRET_CROWD_SETS * EGRET_CROWD_WAYS;
}

/* The place of one that was answered or is too old, or else of the oldest. */
static __always_inline struct egret_query *query_place(struct egret_query *all, int count)
{
	struct egret_query *query = &all[0];

	for (int i = 0; i < count; i++) {
		if (!query_is_open(query))
			break;
		if ((__s64)(all[i].asked_tick - query->asked_tick) < 0 || !query_is_open(&all[i]))
			query = &all[i];
	}
	return query;
}

static __always_inline void query_write(struct egret_query *query, __u16 id, bool loopback, __u64 name, __u16 type)
{
	if (query_is_open(query))
		lesson_count(EGRET_LESSON_CROWDED);
	query->name = name;
	query->loopback = loopback;
	query->asked_tick = bpf_jiffies64();
	query->id_be = id;
	query->type_be = type;
}

/* The few places of a socket are all taken: into its crowd. Global: the verifier takes it once. */
__noinline int query_add_to_crowd(struct __sk_buff *skb, __u32 id, __u64 name, __u32 type)
{
	struct egret_crowd *crowd = crowd_of(skb, BPF_SK_STORAGE_GET_F_CREATE);
	__u32 set;

	if (!crowd)
		return 0;
	set = crowd_set(id, name);
	query_write(query_place(&crowd->all[set], EGRET_CROWD_WAYS), id, skb->ifindex == LOOPBACK_IFINDEX, name, type);
	return 0;
}

static __always_inline void query_add(struct __sk_buff *skb, struct egret_queries *open, __u16 id, __u64 name,
				      __u16 type)
{
	struct egret_query *query = query_place(open->all, EGRET_QUERIES);

	if (query_is_open(query))
		query_add_to_crowd(skb, id, name, type);
	else
		query_write(query, id, skb->ifindex == LOOPBACK_IFINDEX, name, type);
}

/*
 * The open question that an answer with this id is about; closes it. The server's address is not compared: where
 * the node's NAT stands between, a question leaves for one address and is answered from another. But what
 * left by a device is not answered over lo, where any process may give itself any IPv6
 * address (IPV6_FREEBIND).
 */
static __always_inline bool query_take(struct egret_query *all, int count, __u16 id, bool loopback, __u64 name,
				       __u16 type)
{
	for (int i = 0; i < count; i++) {
		struct egret_query *query = &all[i];

		if (!query->name || query->id_be != id || query->name != name || query->type_be != type ||
		    query->loopback != loopback || !query_is_open(query))
			continue;
		query->name = 0;
		return true;
	}
	return false;
}

/* In the crowd, if the socket has one. */
__noinline int query_take_from_crowd(struct __sk_buff *skb, __u32 id, __u64 name, __u32 type)
{
	struct egret_crowd *crowd = crowd_of(skb, 0);

	if (!crowd)
		return 0;
	return query_take(&crowd->all[crowd_set(id, name)], EGRET_CROWD_WAYS, id, skb->ifindex == LOOPBACK_IFINDEX,
			  name, type);
}

static __always_inline bool was_asked(struct __sk_buff *skb, struct egret_queries *open, __u16 id, __u64 name,
				      __u16 type)
{
	return query_take(open->all, EGRET_QUERIES, id, skb->ifindex == LOOPBACK_IFINDEX, name, type) ||
	       query_take_from_crowd(skb, id, name, type);
}

#endif
