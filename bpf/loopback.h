/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What goes over lo. The packet never leaves, but what answers it goes to its source: the
 * SYN-ACK of a listener, and the echo replies and ICMP errors of the kernel, which carry
 * bytes of the packet. Any process may choose its source for IPv6 (IPV6_FREEBIND needs no
 * privilege), so the source has to be an address of the namespace.
 */
#ifndef EGRET_BPF_LOOPBACK_H
#define EGRET_BPF_LOOPBACK_H

#include "dns_udp.h"
#include "account.h"
#include "learned.h"
#include "local_addr.h"
#include "maps.h"
#include "packet.h"
#include "policy.h"
#include "socket.h"
#include "decide.h"

/*
 * May an answer to this packet leave, as far as the packet tells? Whoever dials an own address
 * speaks from that same address, unless he chose another one; and what went over lo to an
 * address comes back over lo from there.
 */
static __always_inline bool source_is_doubtful(struct __sk_buff *skb, struct egret_addr *ret_source)
{
	if (packet_source_is_destination(skb, IP_AT_START))
		return false;
	return !packet_source(skb, IP_AT_START, ret_source) || !addr_is_this_host(ret_source);
}

/* May an answer leave? Global: the verifier takes it once, and most packets need no more than their header. */
__noinline int source_is_foreign(struct __sk_buff *skb)
{
	struct egret_addr source __attribute__((aligned(8))) = {};
	struct bpf_sock *sk = socket_full(skb);
	struct egret_sock *state;
	const struct net *net;

	if (!source_is_doubtful(skb, &source))
		return 0;
	state = sk ? bpf_sk_storage_get(&sockets, sk, 0, 0) : 0;
	net = state ? socket_net(sk, state) : 0;
	return !net || !net_has(net, &source);
}

/* A transparent proxy of the namespace's own connections answers from the address that was dialled.
 * Who dialled it is here, and was judged. */
static __always_inline bool answers_over_lo(struct __sk_buff *skb, const struct egret_sock *state,
					    const struct packet *pkt)
{
	if (pkt->l4_proto != IPPROTO_TCP || state->raw || !skb->sk)
		return false;
	return skb->sk->state == BPF_TCP_LISTEN || socket_was_accepted(skb, state);
}

/* Must a packet not pass, although it stays? */
static __always_inline void judge_source_on_lo(struct __sk_buff *skb, const struct packet *pkt,
					       struct egret_sock *state, struct judgement *verdict)
{
	verdict_allow(verdict, EGRET_RULE_LOOPBACK);
	if (state->origin == EGRET_ORIGIN_KERNEL)
		return;
	/* The kernel sends it on, or its answer back by the same way. */
	if (pkt->reason == EGRET_REASON_SOURCE_ROUTE)
		verdict_deny(verdict, EGRET_REASON_SOURCE_ROUTE);
	else if (!answers_over_lo(skb, state, pkt) && source_is_foreign(skb))
		verdict_deny(verdict, EGRET_REASON_FOREIGN_SOURCE);
}

/* A packet that stays in its namespace: only a deny rule holds it, and a source from elsewhere. */
static __noinline int judge_loopback(struct __sk_buff *skb, const struct packet *pkt, struct egret_sock *state,
				     const struct egret_config *cfg)
{
	struct judgement verdict = {};

	if (!pkt || !cfg || !state)
		return 0;
	if (cfg->has & EGRET_HAS_DENY && !pkt->reason)
		learned_judge(pkt, state, policy_slot(cfg), cfg, &verdict);
	if (verdict.reason != EGRET_REASON_DENY_RULE)
		judge_source_on_lo(skb, pkt, state, &verdict);
	if (!verdict.allow)
		return account_denied(state, pkt, &verdict, cfg) & 1;
	account_allowed(EGRET_RULE_LOOPBACK, pkt);
	return 1;
}

/*
 * A listener hears a SYN over lo. No socket that is governed can have sent it from elsewhere, but a
 * frame that was injected on lo may carry any source: the connection would begin inside.
 */
static __noinline int syn_is_foreign(struct __sk_buff *skb, struct egret_sock *state, const struct egret_config *cfg)
{
	struct judgement verdict = {.reason = EGRET_REASON_FOREIGN_SOURCE};
	struct packet pkt = {.len_bytes = skb->len};

	if (!state || !cfg)
		return 0;
	if (!source_is_foreign(skb))
		return 0;
	packet_parse(skb, IP_AT_START, PACKET_DESTINATION, &pkt);
	return !(account_denied(state, &pkt, &verdict, cfg) & 1);
}

#endif
