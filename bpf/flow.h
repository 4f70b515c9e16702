/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Datagram peers that have no room in their socket: who spoke first, and what was decided. There are two maps, one of
 * those that were sent to and one of those that came in, so that a socket that sends to many pushes out no clients,
 * neither another owner's (place.h) nor its own owner's.
 */
#ifndef EGRET_BPF_FLOW_H
#define EGRET_BPF_FLOW_H

#include "packet.h"
#include "place.h"

/* What is known of a datagram peer, or of the peer of a TCP socket. As in struct egret_peer. */
struct known {
	__u64 seen;
	__u32 generation;
	__u16 rule;
	__u8 state; /* EGRET_PEER_UNUSED: nothing is known */
	bool here;  /* the peer is the one in the socket */
};

/* In the place of a socket's cookie, of which none has this bit: a port of its owner's. */
#define FLOW_OF_PORT (1ULL << 63)

/* Who may use the way back that a datagram opened. Of UDP, whoever of its owner speaks from the port that it came to: a
 * server may make a socket for each client. Of what has no ports, the socket alone. */
static __always_inline __u64 flow_heard_by(__u64 socket_cookie, __u16 near_port, __u8 l4_proto)
{
	return l4_proto == IPPROTO_UDP ? FLOW_OF_PORT | near_port : socket_cookie;
}

/* Of a socket, or who else has the flow (flow_heard_by), and a peer: which place they belong to, and the part of the
 * check word that does not change. */
static __always_inline __u64 flow_hash(__u64 whose, const struct egret_addr *addr, __u16 port_be, __u8 l4_proto)
{
	const __u64 *halves = (const __u64 *)addr;
	__u64 hash = check_add(0, whose, hash_keys[0]);

	hash = check_add(hash, halves[0], hash_keys[1]);
	hash = check_add(hash, halves[1], hash_keys[2]);
	return check_add(hash, (__u32)l4_proto << 16 | port_be, hash_keys[3]);
}

static __always_inline __u64 flow_check(__u64 hash, __u64 what)
{
	return check_add(hash, what, hash_keys[4]);
}

static __always_inline __u64 flow_what(const struct known *known)
{
	return (__u64)known->generation << 32 | (__u32)known->rule << 16 | known->state;
}

static __always_inline bool flow_is_arrival(__u64 what)
{
	return (what & 0xff) == EGRET_PEER_INBOUND;
}

static __always_inline struct egret_place flow_place(__u64 owner, __u64 hash, __u32 share)
{
	return (struct egret_place){.owner = owner, .place = hash % share};
}

/* --- write --- */

static const struct egret_flows no_flows;

/* Where this flow stands, or that of the one that was seen longest ago. */
static __always_inline struct egret_flow *flow_way(struct egret_flows *set, __u64 hash)
{
	struct egret_flow *oldest = &set->all[0];

	for (int i = 0; i < EGRET_FLOW_WAYS; i++) {
		struct egret_flow *flow = &set->all[i];

		if (flow->check == flow_check(hash, flow->what))
			return flow;
		if ((__s64)(flow->seen - oldest->seen) < 0)
			oldest = flow;
	}
	return oldest;
}

/* Global: the verifier takes its loop once. */
__noinline int flow_put(__u64 owner, __u64 hash, __u64 what, __u64 seen)
{
	struct egret_place arrival = flow_place(owner, hash, EGRET_ARRIVAL_SHARE);
	struct egret_place other = flow_place(owner, hash, EGRET_FLOW_SHARE);
	struct egret_flows *set;
	struct egret_flow *flow;

	if (flow_is_arrival(what))
		set = place_make(&arrivals, &arrival, &no_flows);
	else
		set = place_make(&flows, &other, &no_flows);
	if (!set)
		return 0;
	flow = flow_way(set, hash);
	flow->what = what;
	flow->seen = seen;
	flow->check = flow_check(hash, what);
	return 0;
}

static __always_inline void flow_keep(struct egret_sock *sock, __u64 hash, const struct known *known)
{
	__u64 what = flow_what(known);

	flow_put(sock->owner, hash, what, known->seen);
	if (flow_is_arrival(what))
		sock->in_arrivals = 1;
	else
		sock->in_flows = 1;
}

/* --- look up --- */

/* By arithmetic and not by branches: the verifier would take all that follows once for each way. */
static __always_inline void flow_find_in(void *map, __u64 owner, __u64 hash, __u32 share, __u64 *ret_what,
					 __u64 *ret_seen)
{
	struct egret_place key = flow_place(owner, hash, share);
	struct egret_flows *set = bpf_map_lookup_elem(map, &key);

	if (!set)
		return;
	for (int i = 0; i < EGRET_FLOW_WAYS; i++) {
		__u64 what = set->all[i].what, seen = set->all[i].seen;
		__u64 differs = set->all[i].check ^ flow_check(hash, what), less = -differs, is;

		asm volatile("" : "+r"(less)); /* else clang makes a branch of it */
		is = ((differs | less) >> 63) - 1;
		*ret_what = (*ret_what & ~is) | (what & is);
		*ret_seen = (*ret_seen & ~is) | (seen & is);
	}
}

#endif
