/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The hooks that see a cgroup's packets, cgroup_skb/egress and cgroup_skb/ingress. Their context is a packet that
 * begins with its IP header (IP_AT_START), of a socket whose cgroup is governed; they answer 1 for pass and 0 for drop,
 * and the verifier wants to see that it is one of these. Egress is the authority; ingress remembers what comes in, and
 * reads what answers teach.
 *
 * A hook of another kind brings a header like this one: where its packets begin, how it finds the sender and what is
 * remembered, and its two answers.
 */
#ifndef EGRET_BPF_HOOK_CGROUP_H
#define EGRET_BPF_HOOK_CGROUP_H

#include "account.h"
#include "decide.h"
#include "dns_port.h"
#include "dns_tcp_in.h"
#include "dns_udp.h"
#include "inbound.h"
#include "ipsec.h"
#include "loopback.h"
#include "memory.h"
#include "packet.h"
#include "policy.h"
#include "served.h"
#include "source.h"
#include "stamp.h"
#include "strangers.h"
#include "subject.h"

#define PASS 1
#define DROP 0

/* The one end of all verdicts: counts the packet, and answers the kernel. */
static __always_inline int cgroup_finish(struct egret_sock *sock, const struct packet *pkt,
					 const struct judgement *verdict, const struct ruling *ruling)
{
	if (!verdict->allow)
		return account_denied(sock, pkt, verdict, ruling) & 1;
	account_allowed(verdict->rule, pkt);
	return PASS;
}

/* The socket that sends or hears the packet, stamped; NULL: memory ran out. @pkt: as in stamp_found. */
static __always_inline struct egret_sock *cgroup_socket(struct __sk_buff *skb, const struct ruling *ruling,
							const struct packet *pkt)
{
	struct egret_sock *sock = memory_of(skb);

	return sock ? sock : stamp_found(skb, ruling, pkt);
}

/* --- what leaves --- */

/* What no memory knew, of a process's socket. */
static __always_inline void cgroup_decide_anew(struct __sk_buff *skb, const struct packet *pkt, struct egret_sock *sock,
					       const struct ruling *ruling, struct judgement *verdict)
{
	struct judging judging = {.skb = skb, .pkt = pkt, .ruling = ruling, .memory = {.sock = sock}};

	standing_take(ruling, &judging.standing);
	subject_refresh(sock, ruling);
	sock->from_own = source_counts(sock, ruling->settings);
	judging.subject = subject_of(sock);
	if (pkt->reason)
		verdict_deny(verdict, pkt->reason);
	else
		decide_anew(&judging, verdict);
	if (policy_is_stale(ruling))
		verdict_of_stale_policy(verdict, ruling->slot);
}

/* What the packet itself says, whatever is remembered of its destination. */
static __always_inline void cgroup_decide_by_content(struct __sk_buff *skb, struct packet *pkt,
						     const struct ruling *ruling, struct egret_sock *sock,
						     struct judgement *verdict)
{
	__u64 refused = 0;

	if (egret_passes(verdict))
		decide_by_source(skb, pkt, ruling, sock, verdict);
	if (!egret_passes(verdict))
		return;
	if (may_be_dns(pkt, sock))
		refused = dns_leaves(skb, pkt, ruling, sock);
	if (refused)
		verdict_refuse_question(verdict, refused);
	else if (served_is_asked(pkt))
		served_decide(skb, pkt, sock, ruling, verdict);
}

/* A packet that goes over lo. Returns its sender, NULL where that was not looked for. */
static __always_inline struct egret_sock *cgroup_decide_on_lo(struct __sk_buff *skb, struct packet *pkt,
							      const struct ruling *ruling, struct judgement *verdict)
{
	struct egret_sock *sock;

	lo_note_question(skb, pkt, ruling);
	if (lo_is_plain(skb, pkt, ruling)) {
		verdict_allow(verdict, EGRET_RULE_LOOPBACK);
		return 0;
	}
	sock = cgroup_socket(skb, ruling, pkt);
	if (!sock || !decide_on_lo(skb, pkt, sock, ruling, verdict))
		verdict_deny(verdict, EGRET_REASON_NO_MEMORY);
	else if (egret_passes(verdict) && served_counts_on_lo(pkt, sock))
		served_decide(skb, pkt, sock, ruling, verdict);
	return sock;
}

/* Returns the sender, NULL where there is none to account to. Of what IPsec has wrapped, @pkt is the inner packet
 * afterwards, as far as that is told; its content is not seen. */
static __always_inline struct egret_sock *cgroup_decide(struct __sk_buff *skb, struct packet *pkt,
							const struct ruling *ruling, struct judgement *verdict)
{
	struct egret_sock *sock;
	int says;

	if (goes_over_lo(skb))
		return cgroup_decide_on_lo(skb, pkt, ruling, verdict);
	sock = memory_of(skb);
	if (!sock || policy_is_stale(ruling) || !decide_by_memory(sock, pkt, ruling, verdict)) {
		if (!sock)
			sock = stamp_found(skb, ruling, pkt);
		if (!sock) {
			verdict_deny(verdict, EGRET_REASON_NO_MEMORY);
			return 0;
		}
		says = ipsec_leaves(skb, sock, ruling, pkt, verdict);
		if (says == IPSEC_DECIDED)
			return sock;
		if (sock->origin == EGRET_ORIGIN_KERNEL) {
			verdict_allow(verdict, EGRET_RULE_KERNEL);
			return sock;
		}
		cgroup_decide_anew(skb, pkt, sock, ruling, verdict);
		if (says == IPSEC_TOLD)
			return sock;
		ipsec_note_plain(skb, sock, pkt, verdict);
	}
	cgroup_decide_by_content(skb, pkt, ruling, sock, verdict);
	return sock;
}

/* --- what comes in --- */

static __always_inline int cgroup_listener_hears(struct __sk_buff *skb, const struct ruling *ruling)
{
	struct egret_sock *listener = cgroup_socket(skb, ruling, 0);

	if (!listener)
		return PASS;
	inbound_mark(skb, listener);
	return skb->ifindex == LOOPBACK_IFINDEX ? lo_is_heard(skb, listener, ruling) & 1 : PASS;
}

/* What is not TCP came in. May it be an answer? Apart from the entry: its stack is not to add to
 * that of the names' reading, 512 octets in all. */
static __noinline int cgroup_note_datagram(struct __sk_buff *skb, const struct ruling *ruling)
{
	struct packet pkt = {};
	struct egret_sock *sock;
	bool answers = true;

	if (!ruling || packet_parse(skb, IP_AT_START, skb->protocol, PACKET_SOURCE, &pkt))
		return 0;
	sock = cgroup_socket(skb, ruling, 0);
	if (!sock || sock->raw)
		return 0;
	/* Loopback starts no flow: a frame injected on lo may carry any source. */
	if (skb->ifindex != LOOPBACK_IFINDEX)
		answers = memory_note_arrival(skb, sock, &pkt, ruling);
	if (answers && is_dns(&pkt))
		stranger_datagram(skb, &pkt, ruling);
	return is_dns(&pkt) || (sock->asked_aside && pkt.l4_proto == IPPROTO_UDP);
}

#endif
