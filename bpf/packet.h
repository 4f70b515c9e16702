/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet as a policy sees it: the other end's address, port and protocol.
 * What cannot be parsed carries the reason that it is denied for.
 *
 * packet_parse() is for packets, packet_set_v4() and packet_set_words() for calls that name
 * a destination. Where the IP header begins (@ip_at) and who says which IP it is (@protocol, an ethertype in network
 * order) depends on the kind of hook: octet 0 (IP_AT_START) and skb->protocol in cgroup hooks; at a device the frame
 * says both (frame.h).
 */
#ifndef EGRET_BPF_PACKET_H
#define EGRET_BPF_PACKET_H

#include "addr.h"
#include "ip_headers.h"

#include "egret_reasons.h"

#define LOOPBACK_IFINDEX 1 /* in every network namespace, since 2.6.36 */

#define IP_AT_START 0

struct packet {
	struct egret_addr addr __attribute__((aligned(8))); /* the destination at egress, the source at ingress */
	__u32 len_bytes;
	__u16 port_be;
	__u16 port;         /* host order; of ICMP: type << 8 | code */
	__u16 near_port_be; /* of this end; UDP, TCP and SCTP only */
	__u8 l4_proto;
	__u8 reason; /* enum egret_reason: why it cannot be judged */
};

enum packet_side { PACKET_SOURCE, PACKET_DESTINATION };

/* By two stores: an address is read again at once, by eight bytes, and a CPU cannot
 * forward two stores into one load. (bpfel: the earlier word is the lower half.) */
static __always_inline void packet_set_words(struct packet *pkt, __u64 first_be, __u64 second_be, __u64 third_be,
					     __u64 fourth_be)
{
	__u64 *halves = (__u64 *)&pkt->addr;

	halves[0] = second_be << 32 | first_be;
	halves[1] = fourth_be << 32 | third_be;
}

static __always_inline void packet_set_v4(struct packet *pkt, __u32 addr_be)
{
	packet_set_words(pkt, 0, 0, bpf_htonl(0xffff), addr_be);
}

static __always_inline void packet_set_v6(struct packet *pkt, const struct in6_addr *addr)
{
	packet_set_words(pkt, addr->in6_u.u6_addr32[0], addr->in6_u.u6_addr32[1], addr->in6_u.u6_addr32[2],
			 addr->in6_u.u6_addr32[3]);
}

/* @first_4: the first four bytes of the transport header, in network order.
 * TCP, UDP and SCTP (RFC 9260 section 3.1) all begin with the two ports. */
static __always_inline void packet_set_l4(struct packet *pkt, __u8 l4_proto, __u32 first_4, enum packet_side side)
{
	pkt->l4_proto = l4_proto;
	switch (l4_proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		first_4 = bpf_ntohl(first_4);
		pkt->port = side == PACKET_SOURCE ? first_4 >> 16 : first_4;
		pkt->near_port_be = bpf_htons(side == PACKET_SOURCE ? first_4 : first_4 >> 16);
		pkt->port_be = bpf_htons(pkt->port);
		return;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		pkt->port = bpf_ntohl(first_4) >> 16;
		pkt->port_be = 0;
		return;
	default:
		pkt->port = 0;
		pkt->port_be = 0;
	}
}

static __noinline int packet_parse_v4_slowly(struct __sk_buff *skb, __u32 ip_at, enum packet_side side,
					     struct packet *pkt)
{
	struct iphdr ip;
	__u32 header_len, first_4 = 0;

	if (!pkt)
		return -1;
	pkt->reason = EGRET_REASON_MALFORMED;
	if (bpf_skb_load_bytes(skb, ip_at, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < 5)
		return -1;
	packet_set_v4(pkt, side == PACKET_SOURCE ? ip.saddr : ip.daddr);
	pkt->l4_proto = ip.protocol;
	if (ip.frag_off & bpf_htons(IP_MF | IP_OFFSET)) {
		pkt->reason = EGRET_REASON_FRAGMENT;
		return -1;
	}
	header_len = ip.ihl * 4;
	if (header_len > sizeof(ip)) {
		pkt->reason = ipv4_walk_options(skb, ip_at + sizeof(ip), header_len - sizeof(ip));
		if (pkt->reason)
			return -1;
		pkt->reason = EGRET_REASON_MALFORMED;
	}
	if (bpf_skb_load_bytes(skb, ip_at + header_len, &first_4, sizeof(first_4)))
		return -1;
	packet_set_l4(pkt, ip.protocol, first_4, side);
	pkt->reason = EGRET_REASON_NONE;
	return 0;
}

static __noinline int packet_parse_v6_slowly(struct __sk_buff *skb, __u32 ip_at, enum packet_side side,
					     struct packet *pkt)
{
	struct ipv6hdr ip6;
	__u32 walked, first_4 = 0;

	if (!pkt)
		return -1;
	pkt->reason = EGRET_REASON_MALFORMED;
	if (bpf_skb_load_bytes(skb, ip_at, &ip6, sizeof(ip6)) || ip6.version != 6)
		return -1;
	packet_set_v6(pkt, side == PACKET_SOURCE ? &ip6.saddr : &ip6.daddr);
	walked = ipv6_walk_headers(skb, ip_at + sizeof(ip6), ip6.nexthdr);
	pkt->l4_proto = walked >> IPV6_WALK_PROTO_SHIFT;
	if (walked & 0xff) {
		pkt->reason = walked;
		return -1;
	}
	if (bpf_skb_load_bytes(skb, walked >> IPV6_WALK_OFFSET_SHIFT, &first_4, sizeof(first_4)))
		return -1;
	packet_set_l4(pkt, pkt->l4_proto, first_4, side);
	pkt->reason = EGRET_REASON_NONE;
	return 0;
}

/* The usual packet (no options, no fragment, headers in the linear part), in place: it costs a third of
 * bpf_skb_load_bytes. False: it has to be read slowly. */
static __always_inline bool packet_parse_in_place(struct __sk_buff *skb, __u32 ip_at, __u32 protocol,
						  enum packet_side side, struct packet *pkt)
{
	void *begin = (void *)(long)skb->data + ip_at, *end = (void *)(long)skb->data_end;
	struct ipv6hdr *ip6 = begin;
	struct iphdr *ip = begin;

	if (protocol == bpf_htons(ETH_P_IP)) {
		if (begin + sizeof(*ip) + sizeof(__u32) > end || *(__u8 *)begin != 0x45 ||
		    ip->frag_off & bpf_htons(IP_MF | IP_OFFSET))
			return false;
		packet_set_v4(pkt, side == PACKET_SOURCE ? ip->saddr : ip->daddr);
		packet_set_l4(pkt, ip->protocol, *(__u32 *)(ip + 1), side);
		return true;
	}
	if (protocol != bpf_htons(ETH_P_IPV6) || begin + sizeof(*ip6) + sizeof(__u32) > end || ip6->version != 6 ||
	    (ip6->nexthdr != IPPROTO_TCP && ip6->nexthdr != IPPROTO_UDP))
		return false;
	packet_set_v6(pkt, side == PACKET_SOURCE ? &ip6->saddr : &ip6->daddr);
	packet_set_l4(pkt, ip6->nexthdr, *(__u32 *)(ip6 + 1), side);
	return true;
}

/* Any packet, wherever its octets lie. 0, or -1: @pkt has the reason. */
static __always_inline int packet_parse_slowly(struct __sk_buff *skb, __u32 ip_at, __u32 protocol,
					       enum packet_side side, struct packet *pkt)
{
	if (protocol == bpf_htons(ETH_P_IP))
		return packet_parse_v4_slowly(skb, ip_at, side, pkt);
	if (protocol == bpf_htons(ETH_P_IPV6))
		return packet_parse_v6_slowly(skb, ip_at, side, pkt);
	pkt->reason = EGRET_REASON_MALFORMED;
	return -1;
}

static __always_inline int packet_parse(struct __sk_buff *skb, __u32 ip_at, __u32 protocol, enum packet_side side,
					struct packet *pkt)
{
	pkt->reason = EGRET_REASON_NONE;
	if (packet_parse_in_place(skb, ip_at, protocol, side, pkt))
		return 0;
	return packet_parse_slowly(skb, ip_at, protocol, side, pkt);
}

static __always_inline bool packet_is_tcp(struct __sk_buff *skb, __u32 ip_at)
{
	void *begin = (void *)(long)skb->data + ip_at, *end = (void *)(long)skb->data_end;
	__u8 l4_proto = 0;

	if (begin + sizeof(struct ipv6hdr) <= end)
		l4_proto = skb->protocol == bpf_htons(ETH_P_IP) ? ((struct iphdr *)begin)->protocol
								: ((struct ipv6hdr *)begin)->nexthdr;
	return l4_proto == IPPROTO_TCP;
}

/* The source address of the packet. */
static __always_inline bool packet_source(struct __sk_buff *skb, __u32 ip_at, __u32 protocol, struct egret_addr *ret)
{
	if (protocol != bpf_htons(ETH_P_IP))
		return !bpf_skb_load_bytes(skb, ip_at + __builtin_offsetof(struct ipv6hdr, saddr), ret, sizeof(*ret));
	ret->word_be[0] = ret->word_be[1] = 0;
	ret->word_be[2] = bpf_htonl(0xffff);
	return !bpf_skb_load_bytes(skb, ip_at + __builtin_offsetof(struct iphdr, saddr), &ret->word_be[3],
				   sizeof(__u32));
}

/* Is the packet from @source? Read in place, as packet_parse_in_place does. */
static __always_inline bool packet_is_from(struct __sk_buff *skb, __u32 ip_at, __u32 protocol,
					   const struct egret_addr *source)
{
	void *begin = (void *)(long)skb->data + ip_at, *end = (void *)(long)skb->data_end;
	const __u64 *halves = (const __u64 *)source;
	struct ipv6hdr *ip6 = begin;
	struct iphdr *ip = begin;

	if (protocol == bpf_htons(ETH_P_IP))
		return begin + sizeof(*ip) <= end && !halves[0] &&
		       halves[1] == ((__u64)ip->saddr << 32 | bpf_htonl(0xffff));
	return begin + sizeof(*ip6) <= end && addr_equal((const struct egret_addr *)&ip6->saddr, source);
}

/* Read in place, as packet_parse does. */
static __always_inline bool packet_source_is_destination(struct __sk_buff *skb, __u32 ip_at)
{
	void *begin = (void *)(long)skb->data + ip_at, *end = (void *)(long)skb->data_end;
	struct ipv6hdr *ip6 = begin;
	struct iphdr *ip = begin;

	if (skb->protocol == bpf_htons(ETH_P_IP))
		return begin + sizeof(*ip) <= end && ip->saddr == ip->daddr;
	return begin + sizeof(*ip6) <= end &&
	       addr_equal((const struct egret_addr *)&ip6->saddr, (const struct egret_addr *)&ip6->daddr);
}

/* Where the transport header begins; 0 = behind extension headers, or not @l4_proto's. */
static __always_inline __u32 packet_transport_at(struct __sk_buff *skb, __u32 ip_at, __u8 l4_proto)
{
	__u8 octet;

	if (skb->protocol == bpf_htons(ETH_P_IP))
		return bpf_skb_load_bytes(skb, ip_at, &octet, 1) ? 0 : ip_at + (octet & 0xf) * 4;
	if (bpf_skb_load_bytes(skb, ip_at + __builtin_offsetof(struct ipv6hdr, nexthdr), &octet, 1) ||
	    octet != l4_proto)
		return 0;
	return ip_at + sizeof(struct ipv6hdr);
}

#endif
