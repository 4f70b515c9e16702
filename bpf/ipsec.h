/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * IPsec by policies (xfrm) has no device: what a socket sends is wrapped in ESP, or its like, to a gateway, before
 * egress sees it. So it is judged by where it goes inside, which its socket tells: its peer, where it has one; else
 * what sendmsg() named. That call is judged in full, as egress would, so what it refuses never comes so far. What tells
 * neither (raw sockets, pings, SCTP) is denied.
 *
 * All of this is for the node's network namespace alone: whoever may write policies in a pod's own (CAP_NET_ADMIN)
 * could choose a gateway there, so what leaves a pod is judged by its outer packet.
 *
 * connect() of a datagram socket sends nothing, and may name what no rule allows, to ask for a source address. But what
 * leaves past IPsec could be of before or after another connect(), so nothing of such a socket does, under this policy.
 */
#ifndef EGRET_BPF_IPSEC_H
#define EGRET_BPF_IPSEC_H

#include "decide.h"
#include "dns.h"
#include "local_addr.h"
#include "memory.h"
#include "packet.h"
#include "policy.h"
#include "socket.h"
#include "stamp.h"
#include "subject.h"

/* include/net/xfrm.h and include/uapi/linux/xfrm.h: netns_xfrm.policy_count is of three directions (in, out,
 * forwarded), and behind them of the same for policies that sockets have of their own. */
#define XFRM_POLICY_OUT 1
#define XFRM_POLICY_MAX 3

/* include/net/ip.h, include/linux/ipv6.h: of a packet that IPsec has wrapped */
#define IPSKB_XFRM_TRANSFORMED  (1U << 2)
#define IP6SKB_XFRM_TRANSFORMED 1U

#define PORT_IPSEC 4500 /* RFC 3948: ESP in UDP */

/* Are there policies of what leaves @net? */
static __always_inline bool ipsec_is_in(const struct net *net)
{
	__u32 counts[XFRM_POLICY_MAX + 1] = {};

	if (!bpf_core_field_exists(net->xfrm))
		return false;
	bpf_probe_read_kernel(counts, sizeof(counts), &net->xfrm.policy_count[XFRM_POLICY_OUT]);
	return counts[0] || counts[XFRM_POLICY_MAX];
}

/* May IPsec wrap what @sk sends, and is that judged here? */
static __always_inline bool ipsec_may_wrap(struct bpf_sock *sk, struct egret_sock *sock)
{
	const struct net *net;

	if (!sk || !sock->in_node_netns)
		return false;
	net = socket_net(sk, sock);
	return net && ipsec_is_in(net);
}

/* IP keeps notes of a packet that it sends in `cb`, and egress runs before anybody else does. No policy wraps in TCP.
 */
static __always_inline bool ipsec_has_wrapped(struct __sk_buff *skb, const struct packet *pkt)
{
	const struct sk_buff *kernels = (const struct sk_buff *)skb;
	__u16 flags = 0;

	if (pkt->l4_proto == IPPROTO_TCP)
		return false;
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		KERNEL_READ(flags, ((const struct inet_skb_parm *)&kernels->cb)->flags);
		return flags & IPSKB_XFRM_TRANSFORMED;
	}
	KERNEL_READ(flags, ((const struct inet6_skb_parm *)&kernels->cb)->flags);
	return flags & IP6SKB_XFRM_TRANSFORMED;
}

/* --- what leaves wrapped --- */

enum ipsec_says {
	IPSEC_NOTHING, /* it is not wrapped, or that is not judged here */
	IPSEC_TOLD,    /* the packet is the inner one from now on */
	IPSEC_ALLOWED, /* sendmsg() allowed it, and another one names another destination already */
	IPSEC_ANSWERS, /* a listener speaks, to whom it may */
	IPSEC_UNTOLD,
	IPSEC_DECIDED, /* ipsec_leaves: there is a verdict */
};

/* What the last sendmsg() named. Others may send by the same socket: their destinations are allowed, too. */
static __always_inline int ipsec_tell_named(const struct egret_sock *sock, const struct ruling *ruling,
					    struct packet *pkt)
{
	struct egret_peer peer = sock->peer;

	if (sock->inner_generation != ruling->generation)
		return IPSEC_UNTOLD;
	if (peer.l4_proto != IPPROTO_UDP || !peer_verifies(&peer) ||
	    (peer_is_denied(peer.state) && !subject_is_audited(sock, sock->audience, ruling)))
		return IPSEC_ALLOWED;
	pkt->addr = peer.addr;
	pkt->port_be = peer.port_be;
	pkt->port = bpf_ntohs(peer.port_be);
	return IPSEC_TOLD;
}

/* The kernel's address of the packet, by the detour of socket_address(). */
static __always_inline __u64 ipsec_packet(struct __sk_buff *skb, struct egret_sock *sock)
{
	return socket_address((struct bpf_sock *)skb, sock);
}

/* Is the device of @skb one of IPsec's, by drivers/net and net/xfrm ("vti", "vti6", "xfrm")? */
static __always_inline bool ipsec_is_device(struct __sk_buff *skb)
{
	const struct sk_buff *kernels = (const struct sk_buff *)skb;
	const struct rtnl_link_ops *ops = 0;
	const struct net_device *device = 0;
	const char *kind = 0;
	__u32 text = 0;

	KERNEL_READ(device, kernels->dev);
	KERNEL_READ(ops, device->rtnl_link_ops);
	KERNEL_READ(kind, ops->kind);
	bpf_probe_read_kernel(&text, sizeof(text), kind);
	text = bpf_ntohl(text);
	return text >> 8 == ('v' << 16 | 't' << 8 | 'i') || text == ('x' << 24 | 'f' << 16 | 'r' << 8 | 'm');
}

/* What goes into such a device is judged there, and comes by once more, wrapped. TCP and UDP tell where it goes; of
 * others the packet itself is known again, and the next one is judged anew. */
static __noinline int ipsec_note_plain(struct __sk_buff *skb, struct egret_sock *sock, const struct packet *pkt,
				       const struct judgement *verdict)
{
	if (!sock || !pkt || !verdict || !egret_passes(verdict) || !sock->in_node_netns)
		return 0;
	if (!sock->raw && (pkt->l4_proto == IPPROTO_TCP || pkt->l4_proto == IPPROTO_UDP))
		return 0;
	if (!ipsec_is_device(skb))
		return 0;
	sock->inner_packet = ipsec_packet(skb, sock);
	sock->peer.generation = 0;
	return 0;
}

/* Each step asks for the one before: plain, wrapped, at the uplink. */
#define IPSEC_PACKET_WRAPPED 1ULL

static __always_inline bool ipsec_knows_plain(struct __sk_buff *skb, struct egret_sock *sock)
{
	__u64 packet = ipsec_packet(skb, sock), known = sock->inner_packet;

	sock->inner_packet = known == packet ? packet | IPSEC_PACKET_WRAPPED : 0;
	return known == packet;
}

static __always_inline bool ipsec_knows_wrapped(struct __sk_buff *skb, struct egret_sock *sock)
{
	return sock->inner_packet == (ipsec_packet(skb, sock) | IPSEC_PACKET_WRAPPED);
}

/* Where the packet goes inside, into @pkt, which is the outer one. Apart from its callers: for their stack. */
static __noinline int ipsec_tell(struct __sk_buff *skb, const struct egret_sock *sock, const struct ruling *ruling,
				 struct packet *pkt)
{
	struct bpf_sock *sk = socket_full(skb);

	if (!sk || !sock || !ruling || !pkt || sock->raw)
		return IPSEC_UNTOLD;
	if (sk->protocol != IPPROTO_TCP && sk->protocol != IPPROTO_UDP)
		return IPSEC_UNTOLD;
	pkt->l4_proto = sk->protocol;
	pkt->near_port_be = bpf_htons(sk->src_port);
	pkt->reason = EGRET_REASON_NONE;
	if (sk->protocol == IPPROTO_TCP && sk->state == BPF_TCP_LISTEN)
		return IPSEC_ANSWERS;
	if (sk->protocol == IPPROTO_UDP && sock->inner_refused == ruling->generation)
		return IPSEC_UNTOLD;
	if (connected_to(skb, pkt))
		return IPSEC_TOLD;
	return sk->protocol == IPPROTO_UDP ? ipsec_tell_named(sock, ruling, pkt) : IPSEC_UNTOLD;
}

static __always_inline void ipsec_decide(int says, const struct ruling *ruling, struct judgement *ret)
{
	if (says == IPSEC_UNTOLD)
		verdict_deny(ret, EGRET_REASON_IPSEC);
	else
		verdict_allow(ret, says == IPSEC_ANSWERS ? EGRET_RULE_INBOUND : EGRET_RULE_NONE);
	if (policy_is_stale(ruling))
		verdict_of_stale_policy(ret, ruling->slot);
}

/* At egress. Returns IPSEC_NOTHING, IPSEC_TOLD (to be judged as if nobody had wrapped it), or IPSEC_DECIDED. */
static __noinline int ipsec_leaves(struct __sk_buff *skb, struct egret_sock *sock, const struct ruling *ruling,
				   struct packet *pkt, struct judgement *verdict)
{
	struct packet inner;
	int says;

	if (!sock || !ruling || !pkt || !verdict || !sock->in_node_netns || !ipsec_has_wrapped(skb, pkt))
		return IPSEC_NOTHING;
	if (sock->origin == EGRET_ORIGIN_KERNEL)
		return IPSEC_NOTHING;
	sock->wrapped_as = pkt->l4_proto;
	inner = *pkt;
	says = ipsec_tell(skb, sock, ruling, &inner);
	if (says == IPSEC_UNTOLD && ipsec_knows_plain(skb, sock))
		says = IPSEC_ALLOWED;
	if (says == IPSEC_TOLD) {
		*pkt = inner;
		stamp_told(skb, sock, ruling, pkt);
		if (policy_is_stale(ruling) || !decide_by_memory(sock, pkt, ruling, verdict))
			return IPSEC_TOLD;
	} else {
		ipsec_decide(says, ruling, verdict);
	}
	return IPSEC_DECIDED;
}

/* --- at an uplink --- */

static __always_inline bool ipsec_is_protocol(const struct packet *pkt)
{
	return pkt->l4_proto == IPPROTO_ESP || pkt->l4_proto == IPPROTO_AH || pkt->l4_proto == IPPROTO_COMP ||
	       (pkt->l4_proto == IPPROTO_UDP && pkt->near_port_be == bpf_htons(PORT_IPSEC));
}

/* Is it such an outer packet as egress saw of this socket? */
static __always_inline bool ipsec_is_outer(const struct bpf_sock *sk, const struct egret_sock *sock,
					   const struct packet *pkt)
{
	if (!sock->wrapped_as || pkt->reason || pkt->l4_proto != sock->wrapped_as)
		return false;
	return sk->protocol != pkt->l4_proto || sk->src_port != bpf_ntohs(pkt->near_port_be);
}

/* Is it an outer packet, as far as itself and the namespace of its device tell? */
static __always_inline bool ipsec_may_be_outer(struct __sk_buff *skb, const struct packet *pkt)
{
	const struct sk_buff *kernels = (const struct sk_buff *)skb;
	const struct net_device *device = 0;
	struct net *net = 0;

	if (!ipsec_is_protocol(pkt))
		return false;
	KERNEL_READ(device, kernels->dev);
	if (device)
		KERNEL_READ(net, device->nd_net.net);
	return net && ipsec_is_in(net);
}

/* --- what is named before --- */

/* True: the datagram may go on, as one before it. Apart from its caller: for its stack. */
static __noinline int ipsec_remembers(struct egret_sock *sock, const struct packet *pkt, const struct ruling *ruling,
				      struct judgement *ret)
{
	if (!sock || !pkt || !ruling || !ret)
		return false;
	return !policy_is_stale(ruling) && decide_by_memory(sock, pkt, ruling, ret) && ret->allow;
}

/* What a call is judged by. */
struct ipsec_named {
	const struct ruling *ruling;
	struct standing standing;
};

/* What history says of a datagram that the policy was asked about. True: it may go on, and what it may stand on is
 * remembered. What is denied is for the caller, who knows what is local; in audit it goes on. */
static __noinline int ipsec_history(struct bpf_sock_addr *ctx, const struct packet *pkt, struct egret_sock *sock,
				    const struct ipsec_named *named, struct judgement *ret)
{
	struct memory memory = {.sock = sock};
	const struct ruling *ruling;
	struct standing standing;
	struct remembered what;
	__u32 audits;
	int stands;

	if (!pkt || !sock || !named || !ret)
		return false;
	ruling = named->ruling;
	memory_find(ctx, ctx->sk, pkt, &memory);
	stands = memory_still_stands(&memory.known, pkt, ruling, sock->audience);
	if ((memory.known.state == EGRET_PEER_INBOUND && memory_is_fresh(memory.known.seen)) ||
	    (!ret->allow && memory_has_arrival(ctx, ctx->sk, pkt, &memory)))
		verdict_allow(ret, EGRET_RULE_INBOUND);
	else if (ret->reason != EGRET_REASON_DENY_RULE && stands)
		history_lets_pass(ret, memory.known.rule, stands);
	if (policy_is_stale(ruling))
		verdict_of_stale_policy(ret, ruling->slot);
	audits = subject_is_audited(sock, sock->audience, ruling);
	if (!egret_passes(ret) && !audits)
		return false;
	what = decide_what_to_remember(&memory.known, pkt, ret, audits);
	standing = standing_of(&named->standing, ret);
	memory_write(ctx, ctx->sk, &memory, pkt, &standing, &what);
	return true;
}

/* A datagram is named, by sendmsg() or connect(), where IPsec may wrap it: @ret is what egress would say, if it knew
 * where that goes. */
static __always_inline void ipsec_names(struct bpf_sock_addr *ctx, const struct packet *pkt, struct egret_sock *sock,
					const struct ruling *ruling, struct judgement *ret)
{
	struct ipsec_named named = {.ruling = ruling};
	struct subject subject;

	bool goes_on = ipsec_remembers(sock, pkt, ruling, ret);

	if (!goes_on) {
		standing_take(ruling, &named.standing);
		subject_refresh(sock, ruling);
		subject = subject_of(sock);
		decide_by_policy(pkt, &subject, ruling, ret);
		goes_on = ipsec_history(ctx, pkt, sock, &named, ret);
	}
	ret->allow = goes_on;
	if (goes_on)
		sock->inner_generation = ruling->generation;
}

#endif
