/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sockets that another version's programs stamped, before these programs took their place: what is known of them goes
 * on, so that a connection that was allowed lives on, one that was cut stays cut, and whoever sent a datagram may be
 * answered. Where nothing was taken over the map is empty.
 */
#ifndef EGRET_BPF_BEFORE_H
#define EGRET_BPF_BEFORE_H

#include "egret_before.h"
#include "flow.h"
#include "maps.h"
#include "memory.h"

static __always_inline struct egret_peer before_peer(const struct egret_before_peer *peer)
{
	return (struct egret_peer){.addr = peer->addr,
				   .port_be = peer->port_be,
				   .l4_proto = peer->l4_proto,
				   .state = peer->state,
				   .reason = peer->reason,
				   .rule = peer->rule,
				   .generation = peer->generation,
				   .learned = peer->learned,
				   .check = peer->check,
				   .seen = peer->seen};
}

/* The peer that was dealt with last stays in the socket; others are known to its owner's flows. TCP has no others. */
static __always_inline void before_peers(struct __sk_buff *skb, struct bpf_sock *sk, struct egret_sock *sock,
					 const struct egret_before_sock *before)
{
	__u32 last = before->last_peer & (EGRET_BEFORE_PEERS - 1);
	__u64 cookie = bpf_get_socket_cookie(skb), whose;

	sock->peer = before_peer(&before->peers[last]);
	for (__u32 i = 0; i < EGRET_BEFORE_PEERS; i++) {
		const struct egret_before_peer *peer = &before->peers[i];
		struct known known = {
		    .seen = peer->seen, .generation = peer->generation, .rule = peer->rule, .state = peer->state};

		if (i == last || !peer_has_history(known.state) || !memory_is_fresh(known.seen))
			continue;
		whose =
		    known.state == EGRET_PEER_INBOUND ? flow_heard_by(cookie, sk->src_port, peer->l4_proto) : cookie;
		flow_keep(sock, flow_hash(whose, &peer->addr, peer->port_be, peer->l4_proto), &known);
	}
	if (sock->peer.state != EGRET_PEER_UNUSED || !before->origin)
		return;
	sock->peer.addr = before->origin_addr;
	sock->peer.port_be = before->origin_port_be;
	sock->peer.l4_proto = IPPROTO_TCP;
}

/* False: nobody stamped it. @sock has its owner already. */
static __always_inline bool before_goes_on(struct __sk_buff *skb, struct bpf_sock *sk, struct egret_sock *sock)
{
	struct egret_before_sock *before = bpf_sk_storage_get(&sockets_before, sk, 0, 0);

	if (!before)
		return false;
	sock->listener_cookie = before->listener_cookie;
	sock->origin = before->origin;
	sock->raw = before->raw;
	sock->pid = before->pid;
	__builtin_memcpy(sock->comm, before->comm, sizeof(sock->comm));
	before_peers(skb, sk, sock, before);
	return true;
}

#endif
