/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is remembered of a packet's peer: the verdict about it with what that stood on (standing.h), and for datagrams
 * who spoke first. The last peer lives in the socket, and TCP has no other; of datagram sockets, the one before it
 * gives way into the maps of flow.h.
 *
 * memory_find() looks a packet's peer up, memory_write() remembers a verdict about it, memory_note_arrival() that a
 * datagram came in from it, of which memory_has_arrival() tells its owner's other sockets. memory_is_fresh() says
 * whether what is known of a datagram peer still counts.
 */
#ifndef EGRET_BPF_MEMORY_H
#define EGRET_BPF_MEMORY_H

#include "flow.h"
#include "maps.h"
#include "packet.h"
#include "standing.h"
#include "storage.h"

/* nf_conntrack's defaults: nf_conntrack_udp_timeout, nf_conntrack_udp_timeout_stream. */
#define UDP_ONE_WAY_SEC   30
#define UDP_BOTH_WAYS_SEC 180

/* bench/first_packet.bpf.c measures what each packet would cost without. */
#ifndef EGRET_REMEMBERS_PEERS
#define EGRET_REMEMBERS_PEERS 1
#endif

#define SEEN_BOTH_WAYS 1

struct memory {
	struct egret_sock *sock; /* whose memory it is; the caller sets it */
	struct known known;
};

/* The port that @sk, the socket itself, speaks from; NULL: it was lost on the way, and the packet says it. */
static __always_inline __u16 memory_port(const struct bpf_sock *sk, const struct packet *pkt)
{
	return sk ? sk->src_port : bpf_ntohs(pkt->near_port_be);
}

/* It has one peer, as long as it is connected. A datagram socket then has the state of TCP's (net/ipv4/datagram.c). */
static __always_inline bool memory_is_connected(const struct bpf_sock *sk)
{
	return sk && sk->state == BPF_TCP_ESTABLISHED;
}

/* What the socket of @skb remembers; NULL: it has no socket, or that has no stamp yet (stamp_found). */
static __always_inline struct egret_sock *memory_of(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	return sk ? stamp_of(sk) : 0;
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

/* Was it written whole? Of a copy, for another sender may be writing the peer. */
static __always_inline bool peer_verifies(const struct egret_peer *copy)
{
	return copy->l4_proto == IPPROTO_TCP || copy->check == peer_check(copy);
}

static __always_inline struct known peer_known(const struct egret_peer *peer)
{
	return (struct known){
	    .seen = peer->seen, .generation = peer->generation, .rule = peer->rule, .state = peer->state, .here = true};
}

/* Keeps the direction of a datagram flow whose peer gives way. */
static __noinline int peer_spill(struct egret_sock *sock, __u64 cookie, __u16 near_port)
{
	struct egret_peer peer;
	struct known known;
	__u64 whose;

	if (!sock)
		return 0;
	peer = sock->peer;
	if (!peer_verifies(&peer) || !memory_is_fresh(peer.seen))
		return 0;
	known = peer_known(&peer);
	whose = known.state == EGRET_PEER_INBOUND ? flow_heard_by(cookie, near_port, peer.l4_proto) : cookie;
	flow_keep(sock, flow_hash(whose, &peer.addr, peer.port_be, peer.l4_proto), &known);
	return 0;
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
	peer->place = 0;
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

static __always_inline __u64 packet_flow(void *ctx, const struct packet *pkt)
{
	return flow_hash(bpf_get_socket_cookie(ctx), &pkt->addr, pkt->port_be, pkt->l4_proto);
}

/* The same, when the peer spoke first. */
static __always_inline __u64 packet_arrival(void *ctx, const struct packet *pkt, __u16 near_port)
{
	__u64 whose = flow_heard_by(bpf_get_socket_cookie(ctx), near_port, pkt->l4_proto);

	return flow_hash(whose, &pkt->addr, pkt->port_be, pkt->l4_proto);
}

#define FLOW_BOTH_WAYS (1U << 8)
#define IN_FLOWS       1
#define IN_ARRIVALS    2

/* Of a datagram peer that is not in the socket: what flow_what() made of it, with FLOW_BOTH_WAYS; 0: nothing, or it is
 * too long ago. Global: the verifier takes it once, and its stack is not the caller's. */
__noinline __u64 flow_look_up(__u64 owner, __u64 hash, __u64 arrival_hash, __u32 where)
{
	__u64 what = 0, seen = 0;

	if (where & IN_FLOWS)
		flow_find_in(&flows, owner, hash, EGRET_FLOW_SHARE, &what, &seen);
	if (where & IN_ARRIVALS && !memory_is_fresh(seen))
		flow_find_in(&arrivals, owner, arrival_hash, EGRET_ARRIVAL_SHARE, &what, &seen);
	if (!memory_is_fresh(seen))
		return 0;
	return what | (seen & SEEN_BOTH_WAYS) * FLOW_BOTH_WAYS;
}

static __always_inline void spilled_find(void *ctx, const struct bpf_sock *sk, const struct packet *pkt,
					 struct memory *ret)
{
	const struct egret_sock *sock = ret->sock;
	__u32 where = (sock->in_flows ? IN_FLOWS : 0) | (sock->in_arrivals ? IN_ARRIVALS : 0);
	__u64 what;

	if (!where)
		return;
	what = flow_look_up(sock->owner, packet_flow(ctx, pkt), packet_arrival(ctx, pkt, memory_port(sk, pkt)), where);
	ret->known.seen = what ? seen_now(!!(what & FLOW_BOTH_WAYS)) : 0;
	ret->known.generation = what >> 32;
	ret->known.rule = what >> 16;
	ret->known.state = what;
}

/* Looks the packet's peer up in @ret->sock; @ctx is the hook's, @sk the socket itself. A peer that a connected socket
 * has spoken to first does not age, as that of a TCP connection does not: the client may be silent for longer than it
 * is remembered (NTP). */
static __always_inline void memory_find(void *ctx, const struct bpf_sock *sk, const struct packet *pkt,
					struct memory *ret)
{
	struct egret_peer peer = ret->sock->peer;

	ret->known.here = EGRET_REMEMBERS_PEERS && peer_is(&peer, pkt);
	if (!ret->known.here && pkt->l4_proto != IPPROTO_TCP)
		spilled_find(ctx, sk, pkt, ret);
	else if (ret->known.here && peer_verifies(&peer))
		ret->known = peer_known(&peer);
	if (ret->known.here && memory_is_connected(sk) && ret->known.state != EGRET_PEER_INBOUND)
		ret->known.seen = seen_now(ret->known.seen & SEEN_BOTH_WAYS);
}

/* Of a datagram that nothing allows, and of whose peer this socket knows nothing: did the peer speak to another socket
 * of this owner, on the same port? */
static __always_inline bool memory_has_arrival(void *ctx, const struct bpf_sock *sk, const struct packet *pkt,
					       const struct memory *memory)
{
	if (pkt->l4_proto != IPPROTO_UDP ||
	    (peer_has_history(memory->known.state) && memory_is_fresh(memory->known.seen)))
		return false;
	return flow_look_up(memory->sock->owner, 0, packet_arrival(ctx, pkt, memory_port(sk, pkt)), IN_ARRIVALS);
}

/* What a verdict makes of a peer. */
struct remembered {
	__u8 state; /* enum egret_peer_state */
	__u8 reason, place;
	__u16 rule;
	__u64 both_ways; /* SEEN_BOTH_WAYS, or 0 */
};

/* @ctx is the hook's, @sk the socket itself. */
static __always_inline void memory_write(void *ctx, const struct bpf_sock *sk, const struct memory *memory,
					 const struct packet *pkt, const struct standing *standing,
					 const struct remembered *what)
{
	struct egret_sock *sock = memory->sock;
	struct egret_peer *peer = &sock->peer;

	if (!memory->known.here && pkt->l4_proto != IPPROTO_TCP && peer_has_history(peer->state))
		peer_spill(sock, bpf_get_socket_cookie(ctx), memory_port(sk, pkt));
	peer_write(peer, pkt, standing, what->state, what->rule);
	peer->reason = what->reason;
	peer->place = what->place;
	peer_seal(peer, what->both_ways);
}

/* Where a raw socket's packet went, for hook_device.h. Of no generation: the hook judges each packet of such a one. */
static __always_inline void memory_write_last(struct egret_sock *sock, const struct packet *pkt, bool allow)
{
	peer_write(&sock->peer, pkt, &(struct standing){}, allow ? EGRET_PEER_ALLOWED : EGRET_PEER_DENIED, 0);
	peer_seal(&sock->peer, 0);
}

/* What to remember of a peer of whom a datagram came in. Who spoke first fixes the direction for as long as the flow
 * lives; an answer to what we sent never opens a way of its own. */
static __always_inline struct known memory_of_arrival(const struct known *before)
{
	struct known known = {.state = EGRET_PEER_INBOUND, .rule = EGRET_RULE_INBOUND, .seen = seen_now(0)};

	if (!peer_has_history(before->state) || !memory_is_fresh(before->seen))
		return known;
	known = *before;
	known.seen = seen_now(known.state == EGRET_PEER_ALLOWED ? SEEN_BOTH_WAYS : before->seen & SEEN_BOTH_WAYS);
	return known;
}

/* A datagram came in. What only came in takes no place from a peer that the socket speaks with: so those who send to
 * it cannot make it slow, nor two packets at once lose what is known of either. Whoever speaks first is noted for the
 * port, too. True: it answers what this socket sent. */
static __always_inline bool memory_note_arrival(struct __sk_buff *skb, struct egret_sock *sock,
						const struct packet *pkt, const struct ruling *ruling)
{
	struct memory memory = {.sock = sock};
	struct remembered what = {};
	struct standing standing;
	struct known known;
	bool elsewhere;

	memory_find(skb, skb->sk, pkt, &memory);
	known = memory_of_arrival(&memory.known);
	elsewhere = !memory.known.here && peer_has_history(sock->peer.state) && memory_is_fresh(sock->peer.seen);
	if (known.state == EGRET_PEER_INBOUND &&
	    (elsewhere || !memory_is_fresh(memory.known.seen) || memory.known.state != EGRET_PEER_INBOUND))
		flow_keep(sock, packet_arrival(skb, pkt, memory_port(skb->sk, pkt)), &known);
	else if (elsewhere)
		flow_keep(sock, packet_flow(skb, pkt), &known);
	if (memory.known.here && known.state == memory.known.state)
		sock->peer.seen = known.seen;
	if (elsewhere || (memory.known.here && known.state == memory.known.state))
		return known.state != EGRET_PEER_INBOUND;
	standing_take(ruling, &standing);
	standing = standing_void(&standing, known.generation);
	what = (struct remembered){.state = known.state, .rule = known.rule, .both_ways = known.seen & SEEN_BOTH_WAYS};
	memory_write(skb, skb->sk, &memory, pkt, &standing, &what);
	return known.state != EGRET_PEER_INBOUND;
}

#endif
