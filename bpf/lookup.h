/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The socket of a packet that has lost it: an XDP program at the device, or GRO, leaves none behind, and SYN cookies
 * have none. It is looked for where the packet says that it comes from, in the namespace behind the device. A packet
 * that somebody else forged in its name finds it, too: so only what the policy that rules allowed to the socket counts.
 * bpf_skc_lookup_tcp: 5.2; bpf_sk_lookup_udp: 4.20.
 */
#ifndef EGRET_BPF_LOOKUP_H
#define EGRET_BPF_LOOKUP_H

#include "frame.h"
#include "kernel_made.h"
#include "look.h"
#include "packet.h"

/* What was found. */
struct lookup {
	struct egret_sock *sock; /* its stamp; NULL: it has none, or there is no such socket */
	bool kernels;            /* it is a listener, a request, or TIME_WAIT: the kernel speaks for it */
};

/* As the socket hears: from the packet's destination, to its source. Returns the size, 0: there is no source. */
static __always_inline __u32 lookup_tuple(const struct look *look, struct bpf_sock_tuple *ret)
{
	const struct packet *pkt = &look->notes->pkt;
	const struct egret_addr *source = &look->notes->source;

	if (!look_source(look))
		return 0;
	if (look->notes->frame.protocol == bpf_htons(ETH_P_IP)) {
		ret->ipv4.saddr = pkt->addr.word_be[3];
		ret->ipv4.sport = pkt->port_be;
		ret->ipv4.daddr = source->word_be[3];
		ret->ipv4.dport = pkt->near_port_be;
		return sizeof(ret->ipv4);
	}
	__builtin_memcpy(ret->ipv6.saddr, &pkt->addr, sizeof(ret->ipv6.saddr));
	__builtin_memcpy(ret->ipv6.daddr, source, sizeof(ret->ipv6.daddr));
	ret->ipv6.sport = pkt->port_be;
	ret->ipv6.dport = pkt->near_port_be;
	return sizeof(ret->ipv6);
}

static __always_inline void lookup_tcp(const struct look *look, struct bpf_sock_tuple *tuple, __u32 size, __u64 netns,
				       struct lookup *ret)
{
	struct bpf_sock *sk = bpf_skc_lookup_tcp(look->skb, tuple, size, netns, 0);
	__u32 state;

	if (!sk)
		return;
	state = sk->state;
	if (state == BPF_TCP_LISTEN)
		ret->kernels = kernel_made_is_syn_ack(look->skb, &look->notes->frame);
	else if (state == BPF_TCP_NEW_SYN_RECV || state == BPF_TCP_TIME_WAIT)
		ret->kernels = tcp_bare_flags(look->skb, &look->notes->frame, 60);
	else
		ret->sock = stamp_of(sk);
	bpf_sk_release(sk);
}

static __always_inline void lookup_udp(const struct look *look, struct bpf_sock_tuple *tuple, __u32 size, __u64 netns,
				       struct lookup *ret)
{
	struct bpf_sock *sk = bpf_sk_lookup_udp(look->skb, tuple, size, netns, 0);

	if (!sk)
		return;
	ret->sock = stamp_of(sk);
	bpf_sk_release(sk);
}

/* @netns: the number that the device's namespace has for it, or BPF_F_CURRENT_NETNS. Apart from its caller: for its
 * stack. */
static __noinline int lookup_socket(const struct look *look, __u64 netns, struct lookup *ret)
{
	struct bpf_sock_tuple tuple = {};
	const struct packet *pkt;
	__u32 size;

	if (!look || !ret)
		return 0;
	pkt = &look->notes->pkt;
	if (pkt->reason || (pkt->l4_proto != IPPROTO_TCP && pkt->l4_proto != IPPROTO_UDP))
		return 0;
	size = lookup_tuple(look, &tuple);
	if (size && pkt->l4_proto == IPPROTO_TCP)
		lookup_tcp(look, &tuple, size, netns, ret);
	else if (size)
		lookup_udp(look, &tuple, size, netns, ret);
	return 0;
}

#endif
