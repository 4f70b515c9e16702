/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a socket remembers of its peers: cached verdicts, and for datagrams who
 * spoke first. The first EGRET_PEERS peers live in the socket; more spill into
 * the flow map.
 */
#ifndef EGRET_BPF_FLOW_H
#define EGRET_BPF_FLOW_H

#include <stdbool.h>

#include "maps.h"
#include "packet.h"

/* nf_conntrack's defaults: nf_conntrack_udp_timeout, nf_conntrack_udp_timeout_stream. */
#define UDP_ONE_WAY_SEC 30
#define UDP_BOTH_WAYS_SEC 180

/* Set by the loader from the resolution of CLOCK_MONOTONIC_COARSE, which is one tick. */
const volatile __u32 ticks_per_sec = 250;
/* Tests and the bench look at what a first packet costs. Never set otherwise. */
const volatile bool bypass_cache = false;

#define READ_VOLATILE(x) (*(const volatile typeof(x) *)&(x))
#define compiler_barrier() asm volatile("" ::: "memory")

static __always_inline bool peer_is(const struct egret_peer *peer, const struct packet *pkt)
{
	return addr_equal(&peer->addr, &pkt->addr) && peer->port_be == pkt->port_be && peer->l4_proto == pkt->l4_proto;
}

static __always_inline bool flow_is_fresh(__u64 seen_ticks, __u8 both_ways)
{
	__u64 limit = (__u64)(both_ways ? UDP_BOTH_WAYS_SEC : UDP_ONE_WAY_SEC) * ticks_per_sec;

	/* bpf_jiffies64: 5.6; inlined, no clock is read. */
	return bpf_jiffies64() - seen_ticks < limit;
}

/* The index of the peer, or -1. */
static __always_inline int peer_find(const struct egret_sock *state, const struct packet *pkt)
{
	__u32 first = state->last_peer & (EGRET_PEERS - 1);

	if (peer_is(&state->peers[first], pkt))
		return first;
	for (int i = 0; i < EGRET_PEERS; i++)
		if (peer_is(&state->peers[i], pkt))
			return i;
	return -1;
}

static __always_inline void flow_key_set(struct egret_flow_key *key, __u64 cookie, const struct packet *pkt)
{
	key->socket_cookie = cookie;
	key->addr = pkt->addr;
	key->port_be = pkt->port_be;
	key->l4_proto = pkt->l4_proto;
}

/* Keeps the direction of a datagram flow whose slot is given away. */
static __always_inline void peer_spill(struct egret_sock *state, const struct egret_peer *peer, __u64 cookie)
{
	struct egret_flow_key key = {};
	struct egret_flow flow = {};

	if (peer->l4_proto == IPPROTO_TCP || !flow_is_fresh(peer->seen_ticks, peer->both_ways))
		return;
	if (peer->state != EGRET_PEER_ALLOWED && peer->state != EGRET_PEER_INBOUND)
		return;
	key.socket_cookie = cookie;
	key.addr = peer->addr;
	key.port_be = peer->port_be;
	key.l4_proto = peer->l4_proto;
	flow.seen_ticks = peer->seen_ticks;
	flow.rule = peer->rule;
	flow.generation = peer->generation;
	flow.state = peer->state;
	flow.both_ways = peer->both_ways;
	if (!bpf_map_update_elem(&flows, &key, &flow, BPF_ANY))
		state->spilled = 1;
}

/*
 * Writes a peer into slot @index, or into the next one to give away (-1). Senders
 * race on one socket, so writing takes the lock, and a reader who meets a
 * half-written peer sees its sequence change and judges anew.
 */
static __noinline int peer_store(struct egret_sock *state, const struct egret_peer *value, int index, __u64 cookie)
{
	struct egret_peer *peer;
	__u32 slot;

	if (!state || !value)
		return 0;
	slot = index >= 0 ? index : state->next_peer;
	slot &= EGRET_PEERS - 1;
	peer = &state->peers[slot];
	if (index < 0) {
		peer_spill(state, peer, cookie);
		state->next_peer = slot + 1;
	}
	bpf_spin_lock(&state->lock);
	peer->sequence++;
	compiler_barrier();
	peer->generation = value->generation;
	peer->addr = value->addr;
	peer->port_be = value->port_be;
	peer->l4_proto = value->l4_proto;
	peer->state = value->state;
	peer->rule = value->rule;
	peer->learned = value->learned;
	peer->reason = value->reason;
	peer->both_ways = value->both_ways;
	peer->seen_ticks = value->seen_ticks;
	compiler_barrier();
	peer->sequence++;
	bpf_spin_unlock(&state->lock);
	state->last_peer = slot;
	return 0;
}

/* What is known of a datagram peer, from the socket or from the flow map.
 * Returns its slot or -1; ret->state is EGRET_PEER_UNUSED if nothing is. */
static __always_inline int flow_find(struct egret_sock *state, const struct packet *pkt, __u64 cookie,
				     struct egret_peer *ret)
{
	struct egret_flow_key key = {};
	struct egret_flow *flow;
	int index;

	ret->state = EGRET_PEER_UNUSED;
	index = peer_find(state, pkt);
	if (index >= 0) {
		*ret = state->peers[index & (EGRET_PEERS - 1)];
		/* Only compared above: two senders may have swapped it meanwhile. */
		if (ret->sequence & 1 || !peer_is(ret, pkt) ||
		    READ_VOLATILE(state->peers[index & (EGRET_PEERS - 1)].sequence) != ret->sequence)
			ret->state = EGRET_PEER_UNUSED;
		return index;
	}
	if (!state->spilled)
		return -1;
	flow_key_set(&key, cookie, pkt);
	flow = bpf_map_lookup_elem(&flows, &key);
	if (!flow)
		return -1;
	ret->state = flow->state;
	ret->rule = flow->rule;
	ret->generation = flow->generation;
	ret->seen_ticks = flow->seen_ticks;
	ret->both_ways = flow->both_ways;
	return -1;
}

/* A datagram came in. Who spoke first fixes the direction for as long as the flow
 * lives; an answer to what we sent never opens a way of its own. */
static __always_inline void flow_came_in(struct egret_sock *state, const struct packet *pkt, __u64 cookie)
{
	struct egret_peer peer = {};
	int index = flow_find(state, pkt, cookie, &peer);
	bool known = peer.state == EGRET_PEER_ALLOWED || peer.state == EGRET_PEER_INBOUND;

	if (known && flow_is_fresh(peer.seen_ticks, peer.both_ways)) {
		if (index >= 0 && (peer.state == EGRET_PEER_INBOUND || peer.both_ways)) {
			state->peers[index & (EGRET_PEERS - 1)].seen_ticks = bpf_jiffies64();
			return;
		}
		if (peer.state == EGRET_PEER_ALLOWED)
			peer.both_ways = 1;
	} else {
		peer.state = EGRET_PEER_INBOUND;
		peer.both_ways = 0;
		peer.generation = 0;
		peer.rule = EGRET_RULE_INBOUND;
	}
	peer.addr = pkt->addr;
	peer.port_be = pkt->port_be;
	peer.l4_proto = pkt->l4_proto;
	peer.seen_ticks = bpf_jiffies64();
	peer_store(state, &peer, index, cookie);
}

#endif
