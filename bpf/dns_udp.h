/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * DNS by UDP: a message is a datagram (RFC 1035 section 4.2.1).
 */
#ifndef EGRET_BPF_DNS_UDP_H
#define EGRET_BPF_DNS_UDP_H

#include "buffer.h"
#include "dns.h"
#include "room.h"
#include "teach.h"

#define UDP_HEADER 8

/* As question_take. @offset: of the UDP header. UDP_SEGMENT makes several datagrams of one, behind
 * this hook; no resolver asks that way. gso_segs: 5.1. */
static __always_inline __u64 datagram_asks(struct __sk_buff *skb, __u32 buffer, __u32 offset)
{
	if (skb->gso_segs > 1)
		return QUESTION_UNREADABLE;
	offset += UDP_HEADER;
	if (skb->len < offset || !question_load(skb, buffer, offset, skb->len - offset))
		return QUESTION_UNREADABLE;
	return question_take(skb, buffer);
}

/* By whom it came. @offset: of what the datagram carries. */
static __always_inline bool datagram_server(struct __sk_buff *skb, struct answer *answer, __u32 offset)
{
	__u16 port_be;

	if (offset <= UDP_HEADER || !packet_source(skb, IP_AT_START, skb->protocol, &answer->server) ||
	    bpf_skb_load_bytes(skb, offset - UDP_HEADER, &port_be, sizeof(port_be)))
		return false;
	answer->server_port_be = port_be;
	return true;
}

/* What comes from port 53, or to a socket that asks elsewhere (asked_aside). */
__noinline int datagram_comes_in(struct __sk_buff *skb)
{
	__u32 offset = packet_transport_at(skb, IP_AT_START, IPPROTO_UDP) + UDP_HEADER, buffer;
	struct answer *answer;

	if (!queries_of(skb)) {
		lesson_count(EGRET_LESSON_UNASKED);
		return 0;
	}
	buffer = buffer_take(BUFFER_ANSWER, 0);
	answer = answer_of(buffer);
	if (!answer) {
		lesson_count(EGRET_LESSON_BUSY);
		return 0;
	}
	answer->chunks_made = 0;
	if (datagram_server(skb, answer, offset) && skb->len > offset &&
	    message_load(skb, &answer->message, answer->bytes, offset, skb->len - offset, EGRET_DNS_BYTES))
		answer_take(skb, buffer);
	else
		lesson_count(EGRET_LESSON_MALFORMED);
	share_tidy(answer->owner, answer->chunks_made, buffer);
	buffer_give(&answer->message);
	return 0;
}

#endif
