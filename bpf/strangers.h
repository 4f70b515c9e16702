/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * DNS servers that answer and are no resolvers of the policy: their answers teach nothing, and then what was asked for
 * is denied. Of each owner the last one is kept (`strangers`), for people. Only what a socket asked for itself counts:
 * who sends from port 53 unasked says nothing of it.
 */
#ifndef EGRET_BPF_STRANGERS_H
#define EGRET_BPF_STRANGERS_H

#include "account.h"
#include "dns_port.h"
#include "maps.h"
#include "memory.h"
#include "packet.h"
#include "stream.h"

/* A socket for which @owner pays heard from it. */
static __always_inline void stranger_write(__u64 owner, const struct egret_addr *server)
{
	struct egret_stranger *entry = bpf_map_lookup_elem(&strangers, &owner);
	struct egret_stranger fresh = {.server = *server, .last_ns = account_now_ns(), .answers = 1};

	if (!entry || !addr_equal(&entry->server, server)) {
		bpf_map_update_elem(&strangers, &owner, &fresh, BPF_ANY);
		return;
	}
	entry->last_ns = fresh.last_ns;
	entry->answers++;
}

/* An answer came from this address and port 53. A resolver may answer by another address, where something translates:
 * then the question was told it. Global: its stack must not add to that of the names' reading. */
__noinline int stranger_answers(struct __sk_buff *skb, __u64 first_half, __u64 last_half, __u32 slot)
{
	struct egret_addr server __attribute__((aligned(8)));
	struct egret_sock *sock = memory_of(skb);

	if (!sock || dns_is_trusted(first_half, last_half, slot) || peer_is_trusted(skb, slot) ||
	    was_told_trusted(skb, slot))
		return 0;
	addr_of_halves(&server, first_half, last_half);
	stranger_write(sock->owner, &server);
	return 0;
}

/* A datagram, of which @pkt says where it came from. */
static __always_inline void stranger_datagram(struct __sk_buff *skb, const struct packet *pkt,
					      const struct ruling *ruling)
{
	const __u64 *halves = (const __u64 *)&pkt->addr;

	stranger_answers(skb, halves[0], halves[1], ruling->slot);
}

/* A segment for a socket that is connected, from one who was asked. Apart from its caller: for its stack. */
static __noinline int stranger_segment(struct __sk_buff *skb, const struct ruling *ruling)
{
	const struct egret_sock *sock = memory_of(skb);
	struct packet peer = {};
	struct segment segment;

	if (!ruling || !sock || sock->listener_cookie || !connected_to(skb, &peer) || peer.port != DNS_PORT ||
	    !segment_read(skb, packet_transport_at(skb, IP_AT_START, IPPROTO_TCP), &segment) || !segment.octets)
		return 0;
	stranger_datagram(skb, &peer, ruling);
	return 0;
}

#endif
