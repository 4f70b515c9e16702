/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * DNS by UDP: a message is a datagram (RFC 1035 section 4.2.1).
 */
#ifndef EGRET_BPF_DNS_UDP_H
#define EGRET_BPF_DNS_UDP_H

#include "dns.h"
#include "teach.h"

#define UDP_HEADER 8

/* As question_take. @offset: of the UDP header. UDP_SEGMENT makes several datagrams of one, behind
 * this hook; no resolver asks that way. gso_segs: 5.1. */
static __always_inline __u64 datagram_asks(struct __sk_buff *skb, struct message *message, __u32 offset)
{
	if (skb->gso_segs > 1)
		return QUESTION_UNREADABLE;
	offset += UDP_HEADER;
	if (skb->len < offset || !message_load(skb, message, offset, skb->len - offset, DNS_MAX_QUESTION))
		return QUESTION_UNREADABLE;
	return question_take(skb);
}

/* What comes from port 53. */
__noinline int datagram_comes_in(struct __sk_buff *skb)
{
	struct message *message = message_of(DNS_COMES_IN);
	__u32 offset = packet_transport_at(skb, IP_AT_START, IPPROTO_UDP) + UDP_HEADER;

	if (!message)
		return 0;
	if (!queries_of(skb, 0)) {
		lesson_count(EGRET_LESSON_UNASKED);
		return 0;
	}
	if (message->busy) {
		lesson_count(EGRET_LESSON_BUSY);
		return 0;
	}
	message->busy = 1;
	if (packet_source(skb, IP_AT_START, &message->server) && offset > UDP_HEADER && skb->len > offset &&
	    message_load(skb, message, offset, skb->len - offset, EGRET_DNS_BYTES))
		answer_take(skb);
	else
		lesson_count(EGRET_LESSON_MALFORMED);
	message->busy = 0;
	return 0;
}

#endif
