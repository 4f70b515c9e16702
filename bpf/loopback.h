/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What goes over lo, or over the device of a VRF to an own address in it. The packet never leaves, but what answers it
 * goes to its source: the SYN-ACK of a listener, and the echo replies and ICMP errors of the kernel, which carry bytes
 * of the packet. So the source has to be an address of the namespace (source.h).
 *
 * goes_over_lo() says whether it is such a packet, lo_is_plain() what needs no look at its socket, decide_on_lo()
 * decides the rest, lo_is_heard() is about what a listener hears.
 */
#ifndef EGRET_BPF_LOOPBACK_H
#define EGRET_BPF_LOOPBACK_H

#include "account.h"
#include "decide.h"
#include "dns_port.h"
#include "first_packet.h"
#include "inbound.h"
#include "served.h"
#include "source.h"
#include "subject.h"

/* Docker's 127.0.0.11:53 is another port of lo when its NAT is done. A connected socket still knows; of an unconnected
 * one only its memory. */
static __always_inline bool lo_may_ask(struct __sk_buff *skb, const struct packet *pkt)
{
	struct bpf_sock *sk = skb->sk;
	__u16 peer_be;

	if (!sk)
		return false;
	peer_be = peer_port_be(sk);
	return peer_be ? peer_be == bpf_htons(DNS_PORT) : pkt->l4_proto == IPPROTO_UDP;
}

/* Is the packet's own route a local one (struct rtable, struct rt6_info)? Global: a socket that is bound to no device
 * has no such routes but over lo, and does not ask. */
__noinline int route_stays(struct __sk_buff *skb)
{
	const struct sk_buff *kernels = (const struct sk_buff *)skb;
	__u64 route = 0;
	__u32 flags = 0;
	__u16 type = 0;

	KERNEL_READ(route, kernels->_skb_refdst);
	route &= ~SKB_DST_NOREF;
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		KERNEL_READ(type, ((const struct rtable *)route)->rt_type);
		return type == RTN_LOCAL;
	}
	KERNEL_READ(flags, ((const struct rt6_info *)route)->rt6i_flags);
	return !!(flags & RTF_LOCAL);
}

/* A VRF's device is its loopback: what goes to an own address of the VRF never leaves either. Whoever sends in a VRF is
 * bound to it (SO_BINDTODEVICE, `ip vrf exec`, or by the connection that it accepted). What a VRF's device only hands
 * on comes by here once more. */
static __always_inline bool goes_over_lo(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	return skb->ifindex == LOOPBACK_IFINDEX || (sk && sk->bound_dev_if && route_stays(skb));
}

/* A resolver on lo (127.0.0.53) is trusted in the node's network namespace only: on the lo of a pod, the pod's own
 * processes would answer. */
static __always_inline void lo_note_question(struct __sk_buff *skb, const struct packet *pkt,
					     const struct ruling *ruling)
{
	struct egret_sock *sock;

	if (pkt->reason || !(is_dns(pkt) || lo_may_ask(skb, pkt)))
		return;
	sock = memory_of(skb);
	if (!sock || !may_be_dns(pkt, sock))
		return;
	if (sock->audience && egret_audience_kind(sock->audience) == EGRET_KIND_HOST && sock->in_node_netns)
		dns_leaves(skb, pkt, ruling, sock);
}

/* Most of what goes over lo needs no look at its socket. What may speak as a resolver does. */
static __always_inline bool lo_is_plain(struct __sk_buff *skb, const struct packet *pkt, const struct ruling *ruling)
{
	struct egret_addr source __attribute__((aligned(8)));

	return !(ruling->settings->has & EGRET_HAS_DENY) && !served_is_asked(pkt) && !source_is_doubtful(skb, &source);
}

/* A transparent proxy of the namespace's own connections answers from the address that was dialled.
 * The process that dialled it is in this namespace, and its own packets were judged. */
static __always_inline bool answers_over_lo(struct __sk_buff *skb, const struct egret_sock *sock,
					    const struct packet *pkt)
{
	if (pkt->l4_proto != IPPROTO_TCP || sock->raw || !skb->sk)
		return false;
	return skb->sk->state == BPF_TCP_LISTEN || inbound_was_accepted(skb, sock);
}

/* Must a packet be dropped although it does not leave the namespace? */
static __always_inline void decide_by_source_on_lo(struct __sk_buff *skb, const struct packet *pkt,
						   struct egret_sock *sock, struct judgement *verdict)
{
	verdict_allow(verdict, EGRET_RULE_LOOPBACK);
	if (sock->origin == EGRET_ORIGIN_KERNEL)
		return;
	/* The kernel would send it on along its source route, or an answer back along that route. */
	if (pkt->reason == EGRET_REASON_SOURCE_ROUTE)
		verdict_deny(verdict, EGRET_REASON_SOURCE_ROUTE);
	else if (!answers_over_lo(skb, sock, pkt) && source_is_foreign(skb))
		verdict_deny(verdict, EGRET_REASON_FOREIGN_SOURCE);
}

/* A packet that stays in its namespace: only a deny rule holds it, and a source from elsewhere. 1; the caller looks at
 * it, since of a result that nobody looks at the compiler leaves any pointer behind, which the verifier refuses. */
static __noinline int decide_on_lo(struct __sk_buff *skb, const struct packet *pkt, struct egret_sock *sock,
				   const struct ruling *ruling, struct judgement *verdict)
{
	struct subject subject;

	if (!pkt || !ruling || !sock || !verdict)
		return 0;
	subject_refresh(sock, ruling);
	subject = subject_of(sock);
	if (ruling->settings->has & EGRET_HAS_DENY && !pkt->reason)
		decide_first_packet(pkt, &subject, ruling, verdict);
	if (verdict->reason != EGRET_REASON_DENY_RULE)
		decide_by_source_on_lo(skb, pkt, sock, verdict);
	/* What else denies here is no line of the policy. */
	if (!pkt->reason && verdict->allow)
		add_audit_lines(pkt, &subject, ruling, verdict);
	return 1;
}

/*
 * A listener hears a SYN over lo. No socket that is governed can have sent it from elsewhere, but a
 * frame that was injected on lo may carry any source: the connection would begin inside. 1: it passes.
 */
static __noinline int lo_is_heard(struct __sk_buff *skb, struct egret_sock *listener, const struct ruling *ruling)
{
	struct judgement verdict = {.reason = EGRET_REASON_FOREIGN_SOURCE};
	struct packet pkt = {.len_bytes = skb->len};

	if (!listener || !ruling || !source_is_foreign(skb))
		return 1;
	packet_parse(skb, IP_AT_START, skb->protocol, PACKET_DESTINATION, &pkt);
	return account_denied(listener, &pkt, &verdict, ruling) & 1;
}

#endif
