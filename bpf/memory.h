/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is remembered of a packet's peer: the verdict about it with what that stood on (standing.h), and for datagrams
 * who spoke first. The first EGRET_PEERS peers live in the socket; more spill into maps of flows: one of those that
 * went out and one of those that came in, so that nobody who sends to many pushes out the clients of another's server.
 *
 * memory_find() looks a packet's peer up, memory_write() remembers a verdict about it, memory_note_arrival() that a
 * datagram came in from it. memory_is_fresh() says whether what is known of a datagram peer still counts.
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

#define PLACE_NONE -1

struct memory {
	struct egret_sock *sock; /* whose memory it is; the caller sets it */
	int place;               /* of the peer in sock->peers, or PLACE_NONE */
	/* As in struct egret_peer. */
	__u64 seen;
	__u32 generation;
	__u16 rule;
	__u8 state; /* EGRET_PEER_UNUSED: nothing is known */
};

/* What the socket of @skb remembers; NULL: it has no socket, or that has no stamp yet (stamp_found). */
static __always_inline struct egret_sock *memory_of(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	return sk ? bpf_sk_storage_get(&sockets, sk, 0, 0) : 0;
}

/* --- peers --- */

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

/* Two states deny: REVOKED also remembers that the flow was allowed before. */
static __always_inline bool peer_is_denied(__u8 state)
{
	return state == EGRET_PEER_DENIED || state == EGRET_PEER_REVOKED;
}

/* Does the flow have a direction, which holds for as long as it lives? */
static __always_inline bool peer_has_history(__u8 state)
{
	return state != EGRET_PEER_UNUSED && state != EGRET_PEER_DENIED;
}

static __always_inline int peer_find(const struct egret_sock *sock, const struct packet *pkt)
{
	if (!EGRET_REMEMBERS_PEERS)
		return PLACE_NONE;
	if (pkt->l4_proto == IPPROTO_TCP) /* has one peer at a time */
		return peer_is(&sock->peers[0], pkt) ? 0 : PLACE_NONE;
	for (int i = 0; i < EGRET_PEERS; i++)
		if (peer_is(&sock->peers[i], pkt))
			return i;
	return PLACE_NONE;
}

/* Keeps the direction of a datagram flow whose place is given away. */
static __noinline int peer_spill(struct egret_sock *sock, const struct egret_peer *peer, __u64 cookie)
{
	struct egret_flow_key key = {};
	struct egret_flow flow = {};

	if (!sock || !peer || !memory_is_fresh(peer->seen))
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
			sock->spilled |= EGRET_SPILLED_ARRIVALS;
	} else if (!bpf_map_update_elem(&flows, &key, &flow, BPF_ANY)) {
		sock->spilled |= EGRET_SPILLED_FLOWS;
	}
	return 0;
}

/* Where to write of the peer: where it stands, or a place that is given away. @ctx is the hook's, for the socket's
 * cookie. */
static __always_inline __u32 peer_place(void *ctx, const struct memory *memory, const struct packet *pkt)
{
	struct egret_sock *sock = memory->sock;
	struct egret_peer *peer;
	__u32 place;

	if (memory->place >= 0)
		return memory->place & (EGRET_PEERS - 1);
	if (pkt->l4_proto == IPPROTO_TCP)
		return 0;
	place = sock->next_peer & (EGRET_PEERS - 1);
	peer = &sock->peers[place];
	if (peer_has_history(peer->state))
		peer_spill(sock, peer, bpf_get_socket_cookie(ctx));
	sock->next_peer = place + 1;
	return place;
}

/* What to write of a peer: the verdict, and what it stands on. */
static __always_inline void peer_write(struct egret_peer *peer, const struct packet *pkt,
				       const struct standing *standing, __u8 state, __u32 rule)
{
	peer->addr = pkt->addr;
	peer->port_be = pkt->port_be;
	peer->l4_proto = pkt->l4_proto;
	peer->state = state;
	peer->reason = 0;
	peer->pad = 0;
	peer->rule = rule;
	peer->generation = standing->generation;
	/* An allowance holds until an answer brings a denial. */
	peer->learned = peer_is_denied(state) ? standing->additions : standing->denials;
}

/* The check word is written last: a sender that reads the peer meanwhile must not take a half-written one for whole. */
static __always_inline void peer_seal(struct egret_peer *peer, __u64 both_ways)
{
	if (peer->l4_proto == IPPROTO_TCP)
		return;
	peer->seen = seen_now(both_ways);
	peer->check = peer_check(peer);
}

/* --- memory --- */

static __always_inline void flow_find(void *ctx, const struct packet *pkt, struct memory *ret)
{
	struct egret_flow_key key = {};
	__u8 spilled = ret->sock->spilled;
	struct egret_flow *found;

	if (!spilled)
		return;
	key.socket_cookie = bpf_get_socket_cookie(ctx);
	key.addr = pkt->addr;
	key.port_be = pkt->port_be;
	key.l4_proto = pkt->l4_proto;
	found = spilled & EGRET_SPILLED_FLOWS ? bpf_map_lookup_elem(&flows, &key) : 0;
	if ((!found || !memory_is_fresh(found->seen)) && spilled & EGRET_SPILLED_ARRIVALS)
		found = bpf_map_lookup_elem(&arrivals, &key);
	if (!found)
		return;
	ret->seen = found->seen;
	ret->generation = found->generation;
	ret->rule = found->rule;
	ret->state = found->state;
}

/* Looks the packet's peer up in @ret->sock; @ctx is the hook's. */
static __always_inline void memory_find(void *ctx, const struct packet *pkt, struct memory *ret)
{
	struct egret_peer copy;

	ret->place = peer_find(ret->sock, pkt);
	if (ret->place < 0) {
		flow_find(ctx, pkt, ret);
		return;
	}
	/* Another sender may be writing the peer: it is copied, and believed only if its check word fits the copy. */
	copy = ret->sock->peers[ret->place & (EGRET_PEERS - 1)];
	if (pkt->l4_proto != IPPROTO_TCP && copy.check != peer_check(&copy))
		return;
	ret->seen = copy.seen;
	ret->generation = copy.generation;
	ret->rule = copy.rule;
	ret->state = copy.state;
}

/* What a verdict makes of a peer. */
struct remembered {
	__u8 state; /* enum egret_peer_state */
	__u8 reason;
	__u16 rule;
	__u64 both_ways; /* SEEN_BOTH_WAYS, or 0 */
};

static __always_inline __u32 memory_write(void *ctx, const struct memory *memory, const struct packet *pkt,
					  const struct standing *standing, const struct remembered *what)
{
	__u32 place = peer_place(ctx, memory, pkt);
	struct egret_peer *peer = &memory->sock->peers[place & (EGRET_PEERS - 1)];

	peer_write(peer, pkt, standing, what->state, what->rule);
	peer->reason = what->reason;
	peer_seal(peer, what->both_ways);
	return place;
}

/* A datagram came in. Who spoke first fixes the direction for as long as the flow
 * lives; an answer to what we sent never opens a way of its own. */
static __always_inline void memory_note_arrival(void *ctx, struct egret_sock *sock, const struct packet *pkt,
						const struct ruling *ruling)
{
	struct remembered arrival = {.state = EGRET_PEER_INBOUND, .rule = EGRET_RULE_INBOUND};
	struct memory memory = {.sock = sock};
	struct standing standing;

	memory_find(ctx, pkt, &memory);
	standing_take(ruling, &standing);
	if (peer_has_history(memory.state) && memory_is_fresh(memory.seen)) {
		arrival.both_ways = memory.state == EGRET_PEER_ALLOWED ? SEEN_BOTH_WAYS : memory.seen & SEEN_BOTH_WAYS;
		if (memory.place >= 0) {
			sock->peers[memory.place & (EGRET_PEERS - 1)].seen = seen_now(arrival.both_ways);
			return;
		}
		standing = standing_void(&standing, memory.generation);
		arrival.state = memory.state;
		arrival.rule = memory.rule;
	}
	memory_write(ctx, &memory, pkt, &standing, &arrival);
}

#endif
