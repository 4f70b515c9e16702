/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who a packet says it is from. Any process may choose its source for IPv6 (IPV6_FREEBIND needs no privilege), and
 * IPV6_PKTINFO names one for each datagram: so the source is looked at in each packet that may leave, after its
 * verdict, and what is found is not remembered.
 */
#ifndef EGRET_BPF_SOURCE_H
#define EGRET_BPF_SOURCE_H

#include "decide.h"
#include "dns.h"
#include "local_addr.h"
#include "memory.h"
#include "packet.h"
#include "socket.h"

/*
 * May an answer to this packet leave, as far as the packet tells? Whoever dials an own address
 * speaks from that same address, unless he chose another one; and what went over lo to an
 * address comes back over lo from there.
 */
static __always_inline bool source_is_doubtful(struct __sk_buff *skb, struct egret_addr *ret_source)
{
	if (packet_source_is_destination(skb, IP_AT_START))
		return false;
	return !packet_source(skb, IP_AT_START, skb->protocol, ret_source) || !addr_is_this_host(ret_source);
}

/* May an answer leave? Global: the verifier takes it once, and most packets need no more than their header. */
__noinline int source_is_foreign(struct __sk_buff *skb)
{
	struct egret_addr source __attribute__((aligned(8))) = {};
	struct bpf_sock *sk = socket_full(skb);
	struct egret_sock *sock;
	const struct net *net;

	if (!source_is_doubtful(skb, &source))
		return 0;
	sock = sk ? bpf_sk_storage_get(&sockets, sk, 0, 0) : 0;
	net = sock ? socket_net(sk, sock) : 0;
	if (!net)
		return 1;
	return !net_has(net, &source) && (!sk->bound_dev_if || !net_has_in_vrf(net, &source));
}

/* What comes from a trusted resolver teaches whoever gets it. A real resolver sends from its port only in answer to a
 * question that came in; anything else in its name is forged. */
static __noinline int source_is_resolver(struct __sk_buff *skb, __u32 ip_at, __u32 protocol, __u32 slot)
{
	struct egret_addr source __attribute__((aligned(8)));

	return packet_source(skb, ip_at, protocol, &source) && addr_is_trusted(&source, slot);
}

/*
 * What goes to many comes back in to the sender's own namespace (IPV6_MULTICAST_LOOP, broadcasts), where
 * a socket or the kernel would answer it: as over lo, from an address that is here. Global: what it finds
 * of the address is not to multiply what the verifier walks after it.
 */
__noinline int goes_to_many(__u64 first_half, __u64 last_half)
{
	struct egret_addr addr;

	addr_of_halves(&addr, first_half, last_half);
	if (addr_is_v4(&addr))
		return (bpf_ntohl(addr.word_be[3]) >> 28) >= 0xe; /* 224/4, 255.255.255.255 */
	return (bpf_ntohl(addr.word_be[0]) >> 24) == 0xff;
}

/* Does a packet that may leave speak in the name of a trusted resolver, to somebody who did not ask? @ip_at and
 * @protocol as in packet.h. */
static __always_inline bool source_is_forged(struct __sk_buff *skb, __u32 ip_at, __u32 protocol,
					     const struct packet *pkt, const struct judgement *verdict, __u32 slot)
{
	return pkt->near_port_be == bpf_htons(DNS_PORT) && pkt->l4_proto == IPPROTO_UDP &&
	       verdict->rule != EGRET_RULE_INBOUND && source_is_resolver(skb, ip_at, protocol, slot);
}

/* Of what may leave. */
static __always_inline void decide_by_source(struct __sk_buff *skb, const struct packet *pkt,
					     const struct ruling *ruling, struct judgement *verdict)
{
	const __u64 *halves = (const __u64 *)&pkt->addr;

	if (source_is_forged(skb, IP_AT_START, skb->protocol, pkt, verdict, ruling->slot))
		verdict_deny(verdict, EGRET_REASON_FORGED);
	else if (goes_to_many(halves[0], halves[1]) && source_is_foreign(skb))
		verdict_deny(verdict, EGRET_REASON_FOREIGN_SOURCE);
}

#endif
