/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What leaves for port 53, by either transport: the questions of applications. Where it leaves for another port,
 * because something translated it, the socket tells (told.h).
 */
#ifndef EGRET_BPF_DNS_PORT_H
#define EGRET_BPF_DNS_PORT_H

#include "buffer.h"
#include "dns_tcp_out.h"
#include "dns_udp.h"
#include "memory.h"
#include "told.h"

/* Answers come from another port than 53: ingress is told to look there. */
static __always_inline void asks_aside(struct __sk_buff *skb, __u16 port)
{
	struct egret_sock *sock = memory_of(skb);

	if (sock)
		sock->asked_aside = 1;
	port_asked_note(port);
}

/* A datagram may go elsewhere than to the peer, and then its call was told so. */
static __always_inline bool peer_is_trusted(struct __sk_buff *skb, __u32 slot)
{
	struct egret_sock *sock = memory_of(skb);
	struct packet peer = {};

	if (!sock || sock->connects == EGRET_CONNECTS_ELSEWHERE || sock->sends_elsewhere)
		return false;
	return connected_to(skb, &peer) && peer.port == DNS_PORT && addr_is_trusted(&peer.addr, slot);
}

/* Is a trusted resolver asked: by the packet itself, by its socket's peer, or by what the call was told? Global, as
 * question_opens: its stack is not dns_asks's. */
__noinline int asks_trusted(struct __sk_buff *skb, __u64 first_half, __u64 last_half, __u32 port_key)
{
	__u32 slot = egret_port_key_slot(port_key);
	__u16 port = port_key;

	if (port == DNS_PORT && dns_is_trusted(first_half, last_half, slot))
		return true;
	if (!peer_is_trusted(skb, slot) && !was_told_trusted(skb, slot))
		return false;
	if (port != DNS_PORT)
		asks_aside(skb, port);
	return true;
}

/* What is known of a question before it is read, but whether it is trusted. */
__noinline int question_opens(struct __sk_buff *skb, __u32 buffer, __u64 first_half, __u64 last_half, __u32 port_key)
{
	struct question *question = question_of(buffer);
	struct egret_addr server __attribute__((aligned(8)));
	struct egret_sock *sock = memory_of(skb);

	if (!question)
		return 0;
	question->audits = policy_audits(sock ? sock->audience : EGRET_AUDIENCE_UNKNOWN, egret_port_key_slot(port_key));
	addr_of_halves(&server, first_half, last_half);
	question->server = query_server(skb, &server, bpf_htons(port_key));
	question->slot = egret_port_key_slot(port_key);
	return 0;
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
 * What leaves for an address and port 53, or comes of a call that was told port 53, of a socket for which @owner pays.
 * 0: it may; else as question_take says.
 */
__noinline __u64 dns_asks(struct __sk_buff *skb, __u64 first_half, __u64 last_half, __u32 port_key, __u64 owner)
{
	struct egret_config *cfg = policy_config();
	struct question *question;
	__u32 buffer, trusted, dns_names;
	__u64 refused;

	if (!cfg)
		return 0;
	trusted = asks_trusted(skb, first_half, last_half, port_key);
	dns_names = policy_settings(cfg, egret_port_key_slot(port_key))->dns_names;
	if (!trusted && !dns_names)
		return 0;
	buffer = buffer_take(BUFFER_QUESTION, owner);
	question = question_of(buffer);
	if (!question) {
		lesson_count(EGRET_LESSON_BUSY);
		return dns_names ? QUESTION_UNREADABLE : 0;
	}
	question->trusted = trusted;
	question_opens(skb, buffer, first_half, last_half, port_key);
	refused = question_read(skb, buffer, egret_port_key_proto(port_key));
	buffer_give(&question->message);
	return dns_names ? refused : 0;
}

/* May the packet be a question? */
static __always_inline bool may_be_dns(const struct packet *pkt, const struct egret_sock *sock)
{
	return is_dns(pkt) || (told_of_server(sock) && (pkt->l4_proto == IPPROTO_UDP || pkt->l4_proto == IPPROTO_TCP));
}

static __always_inline __u64 dns_leaves(struct __sk_buff *skb, const struct packet *pkt, const struct ruling *ruling,
					const struct egret_sock *sock)
{
	const __u64 *halves = (const __u64 *)&pkt->addr;

	return dns_asks(skb, halves[0], halves[1], port_key(pkt, ruling->slot), sock->owner);
}

#endif
