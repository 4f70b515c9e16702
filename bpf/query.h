/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The questions that a socket has open: noted when they leave (query_add), taken when their answer comes in
 * (query_find), so that an answer teaches once, and only who asked. A few live with their socket, in egret_queries.
 * More lie in the crowd of the socket's owner (place.h), so who asks too much pushes out questions of its own only.
 */
#ifndef EGRET_BPF_QUERY_H
#define EGRET_BPF_QUERY_H

#include "learned.h"
#include "maps.h"
#include "memory.h"
#include "place.h"
#include "socket.h"
#include "storage.h"

#define QUERY_LIVES_SEC 30 /* resolv.conf(5) allows no longer time-out */

/* What a socket that asks remembers; NULL: it never asked. */
static __always_inline struct egret_queries *queries_of(struct __sk_buff *skb)
{
	struct bpf_sock *sk = socket_full(skb);

	return sk ? bpf_sk_storage_get(&queries, sk, 0, 0) : 0;
}

/* The same, where it is to ask; NULL: there is no memory for it. */
static __always_inline struct egret_queries *queries_make(struct __sk_buff *skb)
{
	struct bpf_sock *sk = socket_full(skb);

	return sk ? storage_make(&queries, sk) : 0;
}

/* Ticks wrap after 49 days at 1,000 a second: by their distance, of the same width. */
static __always_inline bool query_is_open(const struct egret_query *query)
{
	return query->name && (__u32)bpf_jiffies64() - query->asked_tick < QUERY_LIVES_SEC * ticks_per_sec;
}

/* Is something lost when @query goes? What the agent was told of, it asks for itself. */
static __always_inline bool query_waits(const struct egret_query *query)
{
	return query_is_open(query) && !(query->server & EGRET_QUERY_TOLD);
}

/* Does @query give way before @other: one with which nothing is lost, else the older? */
static __always_inline bool query_gives_way(const struct egret_query *query, const struct egret_query *other)
{
	if (!query_waits(other))
		return false;
	return (__s32)(query->asked_tick - other->asked_tick) < 0 || !query_waits(query);
}

static __always_inline struct egret_query *query_place(struct egret_queries *open)
{
	struct egret_query *query = &open->all[0];

	for (int i = 1; i < EGRET_QUERIES; i++)
		if (query_gives_way(&open->all[i], query))
			query = &open->all[i];
	return query;
}

/*
 * Whom a question leaves for, or an answer comes from, in 64 bits that nobody can aim at. A link-local address is
 * another machine on each link (RFC 4291 section 2.5.6), so its device belongs to it.
 */
static __always_inline __u64 query_server(struct __sk_buff *skb, const struct egret_addr *addr, __u16 port_be)
{
	__u64 device = addr_is_link_local(addr) ? skb->ifindex : 0, key;
	const __u64 *halves = (const __u64 *)addr;

	key = check_add(0, halves[0], hash_keys[0]);
	key = check_add(key, device << 16 | port_be, hash_keys[1]);
	key = check_add(key, halves[1], hash_keys[2]);
	return (key & ~(__u64)(EGRET_QUERY_OVER_LO | EGRET_QUERY_TOLD)) |
	       (skb->ifindex == LOOPBACK_IFINDEX ? EGRET_QUERY_OVER_LO : 0);
}

/* @what: id << 16 | type, as they lie in the message. */
static __always_inline struct egret_query query_of(__u32 what, __u64 name, __u64 server)
{
	return (struct egret_query){
	    .name = name, .server = server, .asked_tick = bpf_jiffies64(), .id_be = what >> 16, .type_be = what};
}

/*
 * Is this the question that @answer says it answers? From a trusted resolver (@anywhere) it may come whichever of them
 * was asked: where the node's NAT stands between, a question leaves for one address and is answered from another. From
 * elsewhere only if the question left for there, told that it goes to a trusted resolver. And what left by a device is
 * not answered over lo, where any process may give itself any IPv6 address (IPV6_FREEBIND).
 */
static __always_inline bool query_is(const struct egret_query *query, const struct egret_query *answer, bool anywhere)
{
	__u64 differs = (query->server ^ answer->server) & ~(__u64)EGRET_QUERY_TOLD;

	if (!query->name || query->id_be != answer->id_be || query->name != answer->name ||
	    query->type_be != answer->type_be || (anywhere ? differs & EGRET_QUERY_OVER_LO : differs))
		return false;
	return query_is_open(query);
}

/* --- the crowd --- */

static const struct egret_crowd no_crowd;

static __always_inline __u64 crowded_check(__u64 socket_cookie, const struct egret_query *query)
{
	__u64 check = check_add(0, socket_cookie, hash_keys[0]);

	check = check_add(check, query->name, hash_keys[1]);
	check = check_add(check, query->server & ~(__u64)EGRET_QUERY_TOLD, hash_keys[2]);
	return check_add(check, (__u64)query->asked_tick << 32 | (__u32)query->id_be << 16 | query->type_be,
			 hash_keys[3]);
}
_Static_assert(sizeof(struct egret_query) == 24, "crowded_check takes in all of it");

/* Of a copy: is it a question of this socket, and written whole? */
static __always_inline bool crowded_verifies(const struct egret_crowded *copy, __u64 socket_cookie)
{
	return copy->check == crowded_check(socket_cookie, &copy->query);
}

/* Where the question belongs. */
static __always_inline struct egret_place crowd_place(const struct egret_sock *sock, __u32 what, __u64 name)
{
	return (struct egret_place){.owner = sock->owner, .place = ((__u32)name ^ what >> 16) % EGRET_CROWD_SHARE};
}

static __always_inline struct egret_crowded *crowd_way(struct egret_crowd *crowd)
{
	struct egret_crowded *way = &crowd->all[0];

	for (int i = 1; i < EGRET_CROWD_WAYS; i++)
		if (query_gives_way(&crowd->all[i].query, &way->query))
			way = &crowd->all[i];
	return way;
}

/* The check is not made of what lies in the map: another question may have been written over it by then. The few
 * places of the socket are all taken. Global: the verifier takes it once. */
__noinline int query_add_to_crowd(struct __sk_buff *skb, __u32 what, __u64 name, __u64 server)
{
	struct egret_queries *open = queries_of(skb);
	struct egret_sock *sock = memory_of(skb);
	struct egret_query query;
	struct egret_crowded *way;
	struct egret_crowd *crowd;
	struct egret_place key;

	if (!open || !sock)
		return 0;
	open->crowded = 1;
	key = crowd_place(sock, what, name);
	crowd = place_make(&crowds, &key, &no_crowd);
	if (!crowd)
		return 0;
	way = crowd_way(crowd);
	if (query_waits(&way->query))
		lesson_count(EGRET_LESSON_CROWDED);
	query = query_of(what, name, server);
	way->query = query;
	way->check = crowded_check(bpf_get_socket_cookie(skb), &query);
	return 0;
}

/* What query_find does besides. */
#define QUERY_ANYWHERE 1 /* as in query_is */
#define QUERY_CLOSES   2 /* the question is not open any more */

/* Global: as query_add_to_crowd. @how: QUERY_*. */
__noinline int query_find_in_crowd(struct __sk_buff *skb, __u32 what, __u64 name, __u64 server, __u32 how)
{
	struct egret_sock *sock = memory_of(skb);
	struct egret_crowd *crowd;
	struct egret_query answer;
	struct egret_place key;
	__u64 cookie;

	if (!sock)
		return 0;
	answer = query_of(what, name, server);
	key = crowd_place(sock, what, name);
	crowd = bpf_map_lookup_elem(&crowds, &key);
	if (!crowd)
		return 0;
	cookie = bpf_get_socket_cookie(skb);
	for (int i = 0; i < EGRET_CROWD_WAYS; i++) {
		struct egret_crowded way = crowd->all[i];

		if (!query_is(&way.query, &answer, how & QUERY_ANYWHERE) || !crowded_verifies(&way, cookie))
			continue;
		if (how & QUERY_CLOSES)
			crowd->all[i].query.name = 0;
		return 1;
	}
	return 0;
}

/* --- both --- */

/* Whoever gets no place of the socket's then has one in the crowd. */
#define QUERY_TRIES 3

/* Gives the place to @query. False: another processor, on which a thread asks from the same socket, has given it away
 * since it was @seen. bpf_spin_lock: 5.1. */
static __always_inline bool query_put(struct egret_queries *open, struct egret_query *place,
				      const struct egret_query *seen, const struct egret_query *query)
{
	bool mine;

	bpf_spin_lock(&open->lock);
	mine = place->name == seen->name && place->asked_tick == seen->asked_tick && place->id_be == seen->id_be;
	if (mine)
		*place = *query;
	bpf_spin_unlock(&open->lock);
	return mine;
}

/* False: all of the socket's own places are taken, and it belongs to the crowd. */
static __always_inline bool query_add(struct egret_queries *open, __u32 what, __u64 name, __u64 server)
{
	struct egret_query query = query_of(what, name, server);

	for (int i = 0; i < QUERY_TRIES; i++) {
		struct egret_query *place = query_place(open), seen = *place;

		if (query_waits(&seen))
			return false;
		if (query_put(open, place, &seen, &query))
			return true;
	}
	return false;
}

/* Is there an open question that an answer of @server is about? @how: QUERY_*. */
static __always_inline bool query_find(struct __sk_buff *skb, struct egret_queries *open, __u32 what, __u64 name,
				       __u64 server, __u32 how)
{
	struct egret_query answer = query_of(what, name, server);

	for (int i = 0; i < EGRET_QUERIES; i++) {
		if (!query_is(&open->all[i], &answer, how & QUERY_ANYWHERE))
			continue;
		if (how & QUERY_CLOSES)
			open->all[i].name = 0;
		return true;
	}
	return open->crowded && query_find_in_crowd(skb, what, name, server, how);
}

#endif
