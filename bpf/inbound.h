/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Did a TCP connection come in? Then its socket may answer, whatever the policy says. The kernel's accepted socket is
 * the proof: a listener is marked with its cookie when it first hears anything (inbound_mark), and what it accepts
 * inherits the mark, and differs from it. Connections that were there before the first attach carry their origin.
 */
#ifndef EGRET_BPF_INBOUND_H
#define EGRET_BPF_INBOUND_H

#include "memory.h"
#include "packet.h"
#include "socket.h"

static __always_inline void inbound_mark(struct __sk_buff *skb, struct egret_sock *listener)
{
	if (!listener->listener_cookie)
		listener->listener_cookie = bpf_get_socket_cookie(skb);
}

static __always_inline bool inbound_was_accepted(struct __sk_buff *skb, const struct egret_sock *sock)
{
	return sock->listener_cookie && sock->listener_cookie != bpf_get_socket_cookie(skb);
}

/* It connects out now, whatever it was before. */
static __always_inline void inbound_ends(struct egret_sock *sock)
{
	sock->listener_cookie = 0;
	sock->origin = EGRET_ORIGIN_USER;
}

/* Was @pkt's connection there, with this @origin, before the first attach? */
static __always_inline bool origin_is(const struct egret_sock *sock, const struct packet *pkt, __u8 origin)
{
	return sock->origin == origin && peer_is(&sock->peer, pkt);
}

/* A connection that began over lo cannot have come in, whatever became of its routes since. Asked
 * only until the answer is remembered: a peer that is INBOUND has been asked about. */
static __always_inline bool inbound_began_inside(struct __sk_buff *skb, struct egret_sock *sock,
						 const struct packet *pkt)
{
	const struct egret_peer *peer = &sock->peer;
	struct bpf_sock *sk = socket_full(skb);

	if (peer->state == EGRET_PEER_INBOUND && peer_is(peer, pkt))
		return false;
	return sk && socket_heard_from(sk, sock) == LOOPBACK_IFINDEX;
}

/* May this TCP socket answer, because its connection came in? A listener sends
 * nothing but SYN-ACKs. */
static __always_inline bool inbound_is(struct __sk_buff *skb, struct egret_sock *sock, const struct packet *pkt,
				       __u32 tcp_state)
{
	if (tcp_state == BPF_TCP_LISTEN)
		return true;
	if (tcp_state == BPF_TCP_SYN_SENT) {
		inbound_ends(sock);
		return false;
	}
	return (inbound_was_accepted(skb, sock) || origin_is(sock, pkt, EGRET_ORIGIN_INBOUND)) &&
	       !inbound_began_inside(skb, sock, pkt);
}

#endif
