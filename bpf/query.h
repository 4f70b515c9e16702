/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The questions that a socket has open: noted when they leave (query_add), taken when their answer comes in
 * (was_asked), so that an answer teaches once, and only who asked. A few live with their socket, in egret_queries. More
 * lie in the crowd of the socket's owner (place.h), so who asks too much pushes out questions of its own only.
 */
#ifndef EGRET_BPF_QUERY_H
#define EGRET_BPF_QUERY_H

#include "learned.h"
#include "maps.h"
#include "memory.h"
#include "place.h"
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

/* Does @query give way before @other: one that was answered or is too old, else the older? */
static __always_inline bool query_gives_way(const struct egret_query *query, const struct egret_query *other)
{
	if (!query_is_open(other))
		return false;
	return (__s64)(query->asked_tick - other->asked_tick) < 0 || !query_is_open(query);
}

static __always_inline struct egret_query *query_place(struct egret_queries *open)
{
	struct egret_query *query = &open->all[0];

	for (int i = 1; i < EGRET_QUERIES; i++)
		if (query_gives_way(&open->all[i], query))
			query = &open->all[i];
	return query;
}

static __always_inline struct egret_query query_of(struct __sk_buff *skb, __u16 id, __u64 name, __u16 type)
{
	return (struct egret_query){.name = name,
				    .asked_tick = bpf_jiffies64(),
				    .id_be = id,
				    .type_be = type,
				    .loopback = skb->ifindex == LOOPBACK_IFINDEX};
}

/*
 * Is this the question that @answer says it answers? The server's address is not compared: where the node's NAT stands
 * between, a question leaves for one address and is answered from another. But what left by a device is not answered
 * over lo, where any process may give itself any IPv6 address (IPV6_FREEBIND).
 */
static __always_inline bool query_is(const struct egret_query *query, const struct egret_query *answer)
{
	if (!query->name || query->id_be != answer->id_be || query->name != answer->name ||
	    query->type_be != answer->type_be || query->loopback != answer->loopback)
		return false;
	return query_is_open(query);
}

/* --- the crowd --- */

static const struct egret_crowd no_crowd;

/* @what: crowded_what. */
static __always_inline __u64 crowded_check(__u64 socket_cookie, __u64 name, __u64 asked_tick, __u64 what)
{
	__u64 check = check_add(0, socket_cookie, hash_keys[0]);

	check = check_add(check, name, hash_keys[1]);
	check = check_add(check, asked_tick, hash_keys[2]);
	return check_add(check, what, hash_keys[3]);
}
_Static_assert(sizeof(struct egret_query) == 24, "crowded_check takes in all of it");

static __always_inline __u64 crowded_what(__u16 id, __u16 type, __u32 loopback)
{
	return (__u64)loopback << 32 | (__u32)id << 16 | type;
}

/* Of a copy: is it a question of this socket, and written whole? */
static __always_inline bool crowded_verifies(const struct egret_crowded *copy, __u64 socket_cookie)
{
	const struct egret_query *query = &copy->query;
	__u64 what = crowded_what(query->id_be, query->type_be, query->loopback);

	return copy->check == crowded_check(socket_cookie, query->name, query->asked_tick, what);
}

/* Where the question belongs. */
static __always_inline struct egret_place crowd_place(const struct egret_sock *sock, __u16 id, __u64 name)
{
	return (struct egret_place){.owner = sock->owner, .place = ((__u32)name ^ id) % EGRET_CROWD_SHARE};
}

static __always_inline struct egret_crowded *crowd_way(struct egret_crowd *crowd)
{
	struct egret_crowded *way = &crowd->all[0];

	for (int i = 1; i < EGRET_CROWD_WAYS; i++)
		if (query_gives_way(&crowd->all[i].query, &way->query))
			way = &crowd->all[i];
	return way;
}

/* The check is not made of what lies in the map: another question may have been written over it by then. */
static __always_inline void crowded_write(struct __sk_buff *skb, struct egret_crowded *way, __u16 id, __u64 name,
					  __u16 type)
{
	__u32 loopback = skb->ifindex == LOOPBACK_IFINDEX;
	__u64 now = bpf_jiffies64();

	way->query.name = name;
	way->query.asked_tick = now;
	way->query.id_be = id;
	way->query.type_be = type;
	way->query.loopback = loopback;
	way->check = crowded_check(bpf_get_socket_cookie(skb), name, now, crowded_what(id, type, loopback));
}

/* The few places of a socket are all taken. Global: the verifier takes it once. */
__noinline int query_add_to_crowd(struct __sk_buff *skb, __u32 id, __u64 name, __u32 type)
{
	struct egret_queries *open = queries_of(skb, 0);
	struct egret_sock *sock = memory_of(skb);
	struct egret_crowded *way;
	struct egret_crowd *crowd;
	struct egret_place key;

	if (!open || !sock)
		return 0;
	open->crowded = 1;
	key = crowd_place(sock, id, name);
	crowd = place_make(&crowds, &key, &no_crowd);
	if (!crowd)
		return 0;
	way = crowd_way(crowd);
	if (query_is_open(&way->query))
		lesson_count(EGRET_LESSON_CROWDED);
	crowded_write(skb, way, id, name, type);
	return 0;
}

/* Global: as query_add_to_crowd. */
__noinline int query_take_from_crowd(struct __sk_buff *skb, __u32 id, __u64 name, __u32 type)
{
	struct egret_sock *sock = memory_of(skb);
	struct egret_crowd *crowd;
	struct egret_query answer;
	struct egret_place key;
	__u64 cookie;

	if (!sock)
		return 0;
	answer = query_of(skb, id, name, type);
	key = crowd_place(sock, id, name);
	crowd = bpf_map_lookup_elem(&crowds, &key);
	if (!crowd)
		return 0;
	cookie = bpf_get_socket_cookie(skb);
	for (int i = 0; i < EGRET_CROWD_WAYS; i++) {
		struct egret_crowded way = crowd->all[i];

		if (!query_is(&way.query, &answer) || !crowded_verifies(&way, cookie))
			continue;
		crowd->all[i].query.name = 0;
		return 1;
	}
	return 0;
}

/* --- both --- */

static __always_inline void query_add(struct __sk_buff *skb, struct egret_queries *open, __u16 id, __u64 name,
				      __u16 type)
{
	struct egret_query *query = query_place(open);

	if (query_is_open(query))
		query_add_to_crowd(skb, id, name, type);
	else
		*query = query_of(skb, id, name, type);
}

/* The open question that an answer is about; closes it. */
static __always_inline bool was_asked(struct __sk_buff *skb, struct egret_queries *open, __u16 id, __u64 name,
				      __u16 type)
{
	struct egret_query answer = query_of(skb, id, name, type);

	for (int i = 0; i < EGRET_QUERIES; i++) {
		if (!query_is(&open->all[i], &answer))
			continue;
		open->all[i].name = 0;
		return true;
	}
	return open->crowded && query_take_from_crowd(skb, id, name, type);
}

#endif
