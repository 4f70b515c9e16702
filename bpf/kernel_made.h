/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets that a kernel makes by itself, for no socket of a process: resets, the end of a handshake and of a
 * connection, ICMP errors, neighbour discovery, groups. At a device they have a control socket, a request or TIME_WAIT
 * in place of a socket, or none at all. Others in their guise are nobody's.
 */
#ifndef EGRET_BPF_KERNEL_MADE_H
#define EGRET_BPF_KERNEL_MADE_H

#include "frame.h"
#include "packet.h"
#include "socket.h"

/* RFC 4890 section 4.3.3 has them; RFC 3810, RFC 4861 */
#define ICMPV6_MLD_QUERY   130
#define ICMPV6_MLD_DONE    132
#define ICMPV6_ND_RS       133
#define ICMPV6_ND_NS       135
#define ICMPV6_ND_NA       136
#define ICMPV6_MLD2_REPORT 143

#define TCP_FLAG_SYN 0x02 /* RFC 9293 section 3.1 */
#define TCP_FLAG_RST 0x04
#define TCP_FLAG_ACK 0x10

/* A control socket: @scratch is for the reading of it. Such a socket speaks its own protocol alone; of the outer packet
 * of a tunnel it is that of the inner one. That of SCTP is no raw one (net/sctp/protocol.c). */
static __always_inline bool kernel_made_by_control(struct bpf_sock *sk, const struct packet *pkt,
						   struct egret_sock *scratch)
{
	return (sk->type == SOCK_RAW || pkt->l4_proto == IPPROTO_SCTP) && sk->protocol == pkt->l4_proto &&
	       socket_is_kernels(sk, scratch);
}

static __always_inline bool kernel_made_to_peer(const volatile struct bpf_sock *sk, const struct packet *pkt)
{
	/* All of them, whatever the family: else clang adds to the socket's address, which the verifier refuses. */
	__u32 v4 = sk->dst_ip4, first = sk->dst_ip6[0], second = sk->dst_ip6[1], third = sk->dst_ip6[2],
	      fourth = sk->dst_ip6[3];
	struct packet peer = {};

	if (sk->family == AF_INET)
		packet_set_v4(&peer, v4);
	else
		packet_set_words(&peer, first, second, third, fourth);
	return sk->dst_port == pkt->port_be && addr_equal(&peer.addr, &pkt->addr);
}

/* A SYN-ACK of a connection that comes in, or the last words of one that ended: @sk stands in place of the socket. */
static __always_inline bool kernel_made_for_connection(struct bpf_sock *sk, const struct packet *pkt)
{
	if (pkt->l4_proto != IPPROTO_TCP || (sk->state != BPF_TCP_NEW_SYN_RECV && sk->state != BPF_TCP_TIME_WAIT))
		return false;
	return kernel_made_to_peer(sk, pkt);
}

/* --- without any --- */

static __always_inline bool addr_is_link_scope(const struct egret_addr *addr)
{
	return addr_is_link_local(addr) || (addr->word_be[0] & bpf_htonl(0xff0f0000)) == bpf_htonl(0xff020000);
}

/* The flags of a TCP segment that brings no octets: whose header, of at most @header_most octets, stands at once behind
 * an IP header without options, and is all that follows; 0 = it is no such one. */
static __always_inline __u8 tcp_bare_flags(struct __sk_buff *skb, const struct frame *frame, __u32 header_most)
{
	bool v4 = frame->protocol == bpf_htons(ETH_P_IP);
	__u32 len_at = v4 ? __builtin_offsetof(struct iphdr, tot_len) : __builtin_offsetof(struct ipv6hdr, payload_len);
	__u32 proto_at = v4 ? __builtin_offsetof(struct iphdr, protocol) : __builtin_offsetof(struct ipv6hdr, nexthdr);
	__u32 ip_at = frame->ip_at, ip_len = v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr), tcp_len;
	__u8 first = 0, l4_proto = 0, tcp[2] = {};
	__u16 len_be = 0;

	if (bpf_skb_load_bytes(skb, ip_at, &first, sizeof(first)) ||
	    bpf_skb_load_bytes(skb, ip_at + len_at, &len_be, sizeof(len_be)) ||
	    bpf_skb_load_bytes(skb, ip_at + proto_at, &l4_proto, sizeof(l4_proto)))
		return 0;
	/* The octets of a TCP header with its length, and with its flags. */
	if (l4_proto != IPPROTO_TCP || (v4 && first != 0x45) ||
	    bpf_skb_load_bytes(skb, ip_at + ip_len + 12, tcp, sizeof(tcp)))
		return 0;
	tcp_len = (tcp[0] >> 4) * 4;
	return tcp_len <= header_most && bpf_ntohs(len_be) == (v4 ? ip_len : 0) + tcp_len ? tcp[1] : 0;
}

/* A reset of the kernel's has a time stamp at most (net/ipv6/tcp_ipv6.c, tcp_v6_send_response): options that nobody
 * reads would carry somebody's octets. */
static __always_inline bool kernel_made_is_reset(struct __sk_buff *skb, const struct frame *frame)
{
	return (tcp_bare_flags(skb, frame, 32) & (TCP_FLAG_RST | TCP_FLAG_SYN)) == TCP_FLAG_RST;
}

static __always_inline bool kernel_made_is_syn_ack(struct __sk_buff *skb, const struct frame *frame)
{
	return (tcp_bare_flags(skb, frame, 40) & (TCP_FLAG_SYN | TCP_FLAG_ACK)) == (TCP_FLAG_SYN | TCP_FLAG_ACK);
}

/* Without what a router says (advertisements and redirects), which is believed on the link. */
static __always_inline bool kernel_made_is_icmpv6(const struct packet *pkt)
{
	__u8 type = pkt->port >> 8;

	return (type >= ICMPV6_MLD_QUERY && type <= ICMPV6_MLD_DONE) || type == ICMPV6_ND_RS || type == ICMPV6_ND_NS ||
	       type == ICMPV6_ND_NA || type == ICMPV6_MLD2_REPORT;
}

/* What the kernel says in the name of a listener, to a segment that fits no connection: since 6.13 such a packet has
 * the socket that was asked (net/ipv4/ip_output.c, ip_send_unicast_reply). A listener sends nothing itself. */
static __always_inline bool kernel_made_for_listener(struct __sk_buff *skb, struct bpf_sock *sk,
						     const struct frame *frame)
{
	return sk->protocol == IPPROTO_TCP && sk->state == BPF_TCP_LISTEN && tcp_bare_flags(skb, frame, 60);
}

/* An answer to what came in, by whichever kernel: an echo reply, or an error. RFC 792; RFC 4443 section 2.1 has errors
 * below 128. */
static __always_inline bool kernel_made_is_icmp_answer(const struct packet *pkt)
{
	__u8 type = pkt->port >> 8;

	if (pkt->l4_proto == IPPROTO_ICMPV6)
		return type < ICMPV6_ECHO_REQUEST || type == ICMPV6_ECHO_REPLY;
	return pkt->l4_proto == IPPROTO_ICMP &&
	       (type == ICMP_ECHOREPLY || type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH ||
		type == ICMP_REDIRECT || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB);
}

/* What has no socket, or lost it on its way. */
static __always_inline bool kernel_made_alone(struct __sk_buff *skb, const struct frame *frame,
					      const struct packet *pkt)
{
	if (pkt->reason)
		return false;
	switch (pkt->l4_proto) {
	case IPPROTO_TCP:
		return kernel_made_is_reset(skb, frame);
	case IPPROTO_IGMP: /* RFC 2236 section 9: to groups only; 224/4 */
		return addr_is_v4(&pkt->addr) && (bpf_ntohl(pkt->addr.word_be[3]) >> 28) == 0xe;
	case IPPROTO_ICMPV6:
		return addr_is_link_scope(&pkt->addr) && kernel_made_is_icmpv6(pkt);
	default:
		return false;
	}
}

#endif
