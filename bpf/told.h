/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whom connect() and sendmsg() were told to ask, before what translates: another program at the same hooks (a service
 * translation at the socket), or the NAT of the socket's own namespace. Then what leaves goes to another address, and
 * maybe to another port than 53, and only the call knew that a trusted resolver is asked.
 *
 * A note may be wrong only in that it is not there. A call may fail behind its hook, and others may be under way on the
 * same socket, so whoever asks has to be bound to what the note says:
 * - connect: the kernel runs its hook under the socket's lock (4.17), and no peer comes about without one. So the note
 *   counts while all that the socket was ever told is one and the same server; what came in has none. A datagram's
 *   sendmsg() may name another address than the peer, and the socket may turn there to hear what answers.
 * - sendmsg of an unconnected socket: each message has its hook before it leaves. But what one task begins (MSG_MORE),
 *   another one may let go (UDP_CORK), and a task's next packet need not be of its own call. So here, too, the note
 *   counts while the socket was told of trusted resolvers only, and never connected.
 */
#ifndef EGRET_BPF_TOLD_H
#define EGRET_BPF_TOLD_H

#include "dns.h"
#include "memory.h"

/* The port of the peer; 0: it is not connected. */
static __always_inline __u16 peer_port_be(const volatile struct bpf_sock *sk)
{
	return sk->dst_port;
}

static __always_inline void told_by_connect(struct bpf_sock_addr *ctx, struct egret_sock *sock,
					    const struct packet *pkt)
{
	struct bpf_sock *sk = ctx->sk;

	if (pkt->port == DNS_PORT && sock->connects == EGRET_CONNECTS_NEVER && sk && !peer_port_be(sk)) {
		sock->told = pkt->addr;
		sock->connects = EGRET_CONNECTS_TO_SERVER;
	} else if (pkt->port != DNS_PORT || !addr_equal(&sock->told, &pkt->addr)) {
		sock->connects = EGRET_CONNECTS_ELSEWHERE;
	}
}

/* Each note is only ever set: of two calls at once, neither takes the other's back. */
static __always_inline void told_by_sendmsg(struct egret_sock *sock, const struct packet *pkt,
					    const struct ruling *ruling)
{
	if (pkt->port == DNS_PORT && addr_is_trusted(&pkt->addr, ruling->slot))
		sock->sends_to_server = 1;
	else
		sock->sends_elsewhere = 1;
}

/* Of a socket that has no peer now. */
static __always_inline bool sends_to_servers_only(const struct egret_sock *sock)
{
	return sock->connects == EGRET_CONNECTS_NEVER && sock->sends_to_server && !sock->sends_elsewhere;
}

/* May the packet that leaves be a question, whatever port it goes to? */
static __always_inline bool told_of_server(const struct egret_sock *sock)
{
	return sock->connects == EGRET_CONNECTS_TO_SERVER || sends_to_servers_only(sock);
}

/* Was the call that the packet comes of told a trusted resolver? */
static __always_inline bool was_told_trusted(struct __sk_buff *skb, __u32 slot)
{
	struct egret_sock *sock = memory_of(skb);
	struct bpf_sock *sk = skb->sk;

	if (!sock || !sk)
		return false;
	if (peer_port_be(sk))
		return sock->connects == EGRET_CONNECTS_TO_SERVER && !sock->sends_elsewhere && !sock->listener_cookie &&
		       addr_is_trusted(&sock->told, slot);
	return sends_to_servers_only(sock);
}

/* --- ports behind a translation --- */

/* Where questions went that were told port 53: a bit a port. It only grows, and says no more than that sockets of such
 * a peer are to be looked at. A bit that two CPUs lose at once the next question sets. */
__u64 ports_asked[65536 / 64];

/* The word of the port. Verifiers forget what a port is at most (5.10, at be16), and the compiler knows it: the mask is
 * hidden from it. */
static __always_inline __u64 *port_word(__u16 port)
{
	__u32 index = port / 64;

	asm volatile("" : "+r"(index));
	return &ports_asked[index & (65536 / 64 - 1)];
}

static __always_inline void port_asked_note(__u16 port)
{
	__u64 *word = port_word(port);

	if (!(*word >> port % 64 & 1))
		*word |= 1ULL << port % 64;
}

static __always_inline bool port_is_asked(__u16 port)
{
	return port == DNS_PORT || *port_word(port) >> port % 64 & 1;
}

#endif
