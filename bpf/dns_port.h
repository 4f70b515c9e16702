/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What leaves for port 53, by either transport: the questions of applications.
 */
#ifndef EGRET_BPF_DNS_PORT_H
#define EGRET_BPF_DNS_PORT_H

#include "buffer.h"
#include "dns_tcp_out.h"
#include "dns_udp.h"
#include "memory.h"

/* Where sendmsg() of an unconnected socket is told to ask: before the translation that egress sees
 * the result of. */
static __always_inline void dns_note_server(struct egret_sock *sock, const struct packet *pkt,
					    const struct ruling *ruling)
{
	if (pkt->port == DNS_PORT && addr_is_trusted(&pkt->addr, ruling->slot))
		sock->asks = 1;
}

/* Did the last sendmsg() name a trusted resolver? That is true of one packet: the next one may go elsewhere. Whoever
 * answers must be a trusted resolver, too, so nothing is won by a race of two sendmsg() on one socket. */
static __always_inline bool was_told_trusted(struct __sk_buff *skb)
{
	struct egret_sock *sock = memory_of(skb);

	if (!sock || !sock->asks)
		return false;
	sock->asks = 0;
	return true;
}

/* As question_take, by either transport. */
static __always_inline __u64 question_read(struct __sk_buff *skb, __u32 buffer, __u32 l4_proto)
{
	__u32 offset = packet_transport_at(skb, IP_AT_START, l4_proto);

	if (!offset)
		return QUESTION_UNREADABLE;
	return l4_proto == IPPROTO_UDP ? datagram_asks(skb, buffer, offset) : stream_asks(skb, buffer, offset);
}

/*
 * What leaves for an address and port 53, of a socket for which @owner pays. 0: it may; else as question_take says.
 */
__noinline __u64 dns_asks(struct __sk_buff *skb, __u64 first_half, __u64 last_half, __u32 port_key, __u64 owner)
{
	struct egret_config *cfg = policy_config();
	struct packet server = {};
	struct question *question;
	__u64 refused, *halves;
	__u32 buffer, trusted, dns_names, slot = egret_port_key_slot(port_key);

	if (!cfg)
		return 0;
	halves = (__u64 *)&server.addr;
	halves[0] = first_half;
	halves[1] = last_half;
	trusted = addr_is_trusted(&server.addr, slot) ||
		  (connected_to(skb, &server) && addr_is_trusted(&server.addr, slot)) || was_told_trusted(skb);
	dns_names = policy_settings(cfg, slot)->dns_names;
	if (!trusted && !dns_names)
		return 0;
	buffer = buffer_take(BUFFER_QUESTION, owner);
	question = question_of(buffer);
	if (!question) {
		lesson_count(EGRET_LESSON_BUSY);
		return dns_names ? QUESTION_UNREADABLE : 0;
	}
	question->trusted = trusted;
	question->slot = slot;
	refused = question_read(skb, buffer, egret_port_key_proto(port_key));
	buffer_give(&question->message);
	return dns_names ? refused : 0;
}

static __always_inline __u64 dns_leaves(struct __sk_buff *skb, const struct packet *pkt, const struct ruling *ruling,
					const struct egret_sock *sock)
{
	const __u64 *halves = (const __u64 *)&pkt->addr;

	return dns_asks(skb, halves[0], halves[1], port_key(pkt, ruling->slot), sock->owner);
}

#endif
