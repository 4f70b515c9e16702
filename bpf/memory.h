/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a socket remembers of its peers: cached verdicts, and for datagrams who
 * spoke first. The first EGRET_PEERS peers live in the socket; more spill into
 * maps of flows: one of those that went out and one of those that came in, so that nobody
 * who sends to many pushes out the clients of another's server.
 */
#ifndef EGRET_BPF_MEMORY_H
#define EGRET_BPF_MEMORY_H

#include "maps.h"
#include "packet.h"
#include "standing.h"

/* nf_conntrack's defaults: nf_conntrack_udp_timeout, nf_conntrack_udp_timeout_stream. */
#define UDP_ONE_WAY_SEC   30
#define UDP_BOTH_WAYS_SEC 180

/* Set by the loader from the resolution of CLOCK_MONOTONIC_COARSE, which is one tick. */
const volatile __u32 ticks_per_sec = 250;
/* bench/first_packet.bpf.c measures what each packet would cost without. */
#ifndef EGRET_REMEMBERS_PEERS
#define EGRET_REMEMBERS_PEERS 1
#endif

#define SEEN_BOTH_WAYS 1

/* What is known of a datagram peer, from the socket or from the flow map. */
struct flow {
	__u64 seen;
	__u32 generation;
	__u16 rule;
	__u8 state; /* EGRET_PEER_UNUSED: nothing is known */
};

static __always_inline bool peer_is(const struct egret_peer *peer, const struct packet *pkt)
{
	return addr_equal(&peer->addr, &pkt->addr) && peer->port_be == pkt->port_be && peer->l4_proto == pkt->l4_proto;
}

/* A multilinear hash: one multiplication for each word that it covers. */
static __always_inline __u64 peer_check(const struct egret_peer *peer)
{
	const __u64 *words = (const __u64 *)peer;

	return words[0] * hash_keys[0] + words[1] * hash_keys[1] + words[2] * hash_keys[2] + words[3] * hash_keys[3];
}
_Static_assert(__builtin_offsetof(struct egret_peer, check) == 4 * sizeof(__u64), "peer_check covers four words");

/* bpf_jiffies64: 5.6; inlined, no clock is read. */
static __always_inline __u64 seen_now(__u64 both_ways)
{
	return bpf_jiffies64() << 1 | both_ways;
}

static __always_inline bool memory_is_fresh(__u64 seen)
{
	__u64 limit = seen & SEEN_BOTH_WAYS ? UDP_BOTH_WAYS_SEC : UDP_ONE_WAY_SEC;

	return bpf_jiffies64() - (seen >> 1) < limit * ticks_per_sec;
}

/* Denials may share a cached verdict's slot with a history. */
static __always_inline bool peer_is_denied(__u8 state)
{
	return state == EGRET_PEER_DENIED || state == EGRET_PEER_REVOKED;
}

/* Does the flow have a direction, which holds for as long as it lives? */
static __always_inline bool peer_has_history(__u8 state)
{
	return state != EGRET_PEER_UNUSED && state != EGRET_PEER_DENIED;
}

/* The index of the peer, or -1. */
static __always_inline int peer_find(const struct egret_sock *state, const struct packet *pkt)
{
	if (!EGRET_REMEMBERS_PEERS)
		return -1;
	if (pkt->l4_proto == IPPROTO_TCP) /* has one peer at a time */
		return peer_is(&state->peers[0], pkt) ? 0 : -1;
	for (int i = 0; i < EGRET_PEERS; i++)
		if (peer_is(&state->peers[i], pkt))
			return i;
	return -1;
}

/* Keeps the direction of a datagram flow whose slot is given away. */
static __noinline int peer_spill(struct egret_sock *state, const struct egret_peer *peer, __u64 cookie)
{
	struct egret_flow_key key = {};
	struct egret_flow flow = {};

	if (!state || !peer || !memory_is_fresh(peer->seen))
		return 0;
	key.socket_cookie = cookie;
	key.addr = peer->addr;
	key.port_be = peer->port_be;
	key.l4_proto = peer->l4_proto;
	flow.seen = peer->seen;
	flow.rule = peer->rule;
	flow.generation = peer->generation;
	flow.state = peer->state;
	if (peer->state == EGRET_PEER_INBOUND) {
		if (!bpf_map_update_elem(&arrivals, &key, &flow, BPF_ANY))
			state->spilled |= EGRET_SPILLED_ARRIVALS;
	} else if (!bpf_map_update_elem(&flows, &key, &flow, BPF_ANY)) {
		state->spilled |= EGRET_SPILLED_FLOWS;
	}
	return 0;
}

/* Finds a slot for a new peer; @ctx is the hook's, for the socket's cookie. */
static __always_inline __u32 peer_slot(void *ctx, struct egret_sock *state, const struct packet *pkt, int index)
{
	struct egret_peer *peer;
	__u32 slot;

	if (index >= 0)
		return index & (EGRET_PEERS - 1);
	if (pkt->l4_proto == IPPROTO_TCP)
		return 0;
	slot = state->next_peer & (EGRET_PEERS - 1);
	peer = &state->peers[slot];
	if (peer_has_history(peer->state))
		peer_spill(state, peer, bpf_get_socket_cookie(ctx));
	state->next_peer = slot + 1;
	return slot;
}

/* What to write of a peer: the verdict, and what it stands on. */
static __always_inline void peer_write(struct egret_peer *peer, const struct packet *pkt,
				       const struct standing *standing, __u8 kind, __u32 rule)
{
	peer->addr = pkt->addr;
	peer->port_be = pkt->port_be;
	peer->l4_proto = pkt->l4_proto;
	peer->state = kind;
	peer->reason = 0;
	peer->pad = 0;
	peer->rule = rule;
	peer->generation = standing->generation;
	/* An allowance holds until an answer brings a denial. */
	peer->learned = peer_is_denied(kind) ? standing->additions : standing->denials;
}

static __always_inline void peer_seal(struct egret_peer *peer, __u64 both_ways)
{
	if (peer->l4_proto == IPPROTO_TCP)
		return;
	peer->seen = seen_now(both_ways);
	peer->check = peer_check(peer);
}

/* Looks a datagram peer up; returns its slot or -1. */
static __always_inline int flow_find(void *ctx, struct egret_sock *state, const struct packet *pkt, struct flow *ret)
{
	struct egret_flow_key key = {};
	struct egret_flow *found;
	int index = peer_find(state, pkt);

	ret->state = EGRET_PEER_UNUSED;
	ret->seen = 0;
	if (index >= 0) {
		struct egret_peer *peer = &state->peers[index & (EGRET_PEERS - 1)];
		struct egret_peer copy = *peer;

		if (pkt->l4_proto != IPPROTO_TCP && copy.check != peer_check(&copy))
			return index;
		ret->seen = copy.seen;
		ret->generation = copy.generation;
		ret->rule = copy.rule;
		ret->state = copy.state;
		return index;
	}
	if (!state->spilled)
		return -1;
	key.socket_cookie = bpf_get_socket_cookie(ctx);
	key.addr = pkt->addr;
	key.port_be = pkt->port_be;
	key.l4_proto = pkt->l4_proto;
	found = state->spilled & EGRET_SPILLED_FLOWS ? bpf_map_lookup_elem(&flows, &key) : 0;
	if ((!found || !memory_is_fresh(found->seen)) && state->spilled & EGRET_SPILLED_ARRIVALS)
		found = bpf_map_lookup_elem(&arrivals, &key);
	if (!found)
		return -1;
	ret->seen = found->seen;
	ret->generation = found->generation;
	ret->rule = found->rule;
	ret->state = found->state;
	return -1;
}

/* A datagram came in. Who spoke first fixes the direction for as long as the flow
 * lives; an answer to what we sent never opens a way of its own. */
static __always_inline void flow_came_in(void *ctx, struct egret_sock *state, const struct packet *pkt,
					 const struct egret_config *cfg)
{
	struct flow flow = {};
	int index = flow_find(ctx, state, pkt, &flow);
	struct standing standing;
	struct egret_peer *peer;

	standing_take(cfg, &standing);
	if (peer_has_history(flow.state) && memory_is_fresh(flow.seen)) {
		__u64 both_ways = flow.state == EGRET_PEER_ALLOWED ? SEEN_BOTH_WAYS : flow.seen & SEEN_BOTH_WAYS;

		if (index >= 0) {
			state->peers[index & (EGRET_PEERS - 1)].seen = seen_now(both_ways);
			return;
		}
		peer = &state->peers[peer_slot(ctx, state, pkt, index)];
		standing = standing_void(&standing, flow.generation);
		peer_write(peer, pkt, &standing, flow.state, flow.rule);
		peer_seal(peer, both_ways);
		return;
	}
	peer = &state->peers[peer_slot(ctx, state, pkt, index)];
	peer_write(peer, pkt, &standing, EGRET_PEER_INBOUND, EGRET_RULE_INBOUND);
	peer_seal(peer, 0);
}

#endif
