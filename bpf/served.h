/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who speaks in the name of a trusted resolver, which is believed by whoever asked. On an address of the node anybody
 * in its network namespace may bind that port, or share it (SO_REUSEPORT). So what leaves from a resolver's address and
 * port 53, asked or not, over lo or by a device, is looked at: its sender must be of a class that the policy says
 * serves this resolver (egret_target.served_by). Where the policy does not say, what others send passes, and is
 * counted, since a node's own cache may be a pod.
 */
#ifndef EGRET_BPF_SERVED_H
#define EGRET_BPF_SERVED_H

#include "decide.h"
#include "dns.h"
#include "packet.h"
#include "policy.h"
#include "subject.h"

enum served { SERVED_WELL, SERVED_TELL, SERVED_REFUSE };

/* May somebody of this audience speak from the address? Whose audience nobody knows serves nobody. */
__noinline int served_look_up(__u64 first_half, __u64 last_half, __u32 slot, __u32 audience)
{
	const __u64 halves[2] = {first_half, last_half};
	struct egret_config *cfg = policy_config();
	struct egret_target *target = cfg ? policy_find_addr(halves, cfg, slot) : 0;
	const struct egret_audience *who;

	if (!target || !(target->dest.flags & EGRET_DEST_RESOLVER))
		return SERVED_WELL;
	who = policy_audience(audience, slot);
	if (who && egret_set_has(target->served_by, who))
		return SERVED_WELL;
	return target->dest.flags & EGRET_DEST_SERVED ? SERVED_REFUSE : SERVED_TELL;
}

/* Of what cannot be parsed (a raw socket's fragments over lo) nobody knows the port. */
static __always_inline bool served_is_asked(const struct packet *pkt)
{
	return pkt->near_port_be == bpf_htons(DNS_PORT) || pkt->reason;
}

/* Over lo a resolver is believed in the node's network namespace only (lo_note_question): in any other one it teaches
 * nobody, and a pod may well have its own at 127.0.0.1. */
static __always_inline bool served_counts_on_lo(const struct packet *pkt, const struct egret_sock *sock)
{
	return served_is_asked(pkt) && sock->in_node_netns && sock->origin != EGRET_ORIGIN_KERNEL;
}

/* What is accounted is the resolver that was spoken for, and not who asked it: that is another one each time. */
static __always_inline void served_account_for(struct packet *pkt, const struct egret_addr *resolver)
{
	pkt->addr = *resolver;
	pkt->port = DNS_PORT;
}

/* @verdict allows, and no longer does if the sender may not speak so. Apart from its caller: for its stack. */
static __noinline int served_decide(struct __sk_buff *skb, struct packet *pkt, struct egret_sock *sock,
				    const struct ruling *ruling, struct judgement *verdict)
{
	struct egret_addr source __attribute__((aligned(8)));
	const __u64 *halves = (const __u64 *)&source;
	int says;

	if (!pkt || !sock || !ruling || !verdict || !packet_source(skb, IP_AT_START, skb->protocol, &source))
		return 0;
	subject_refresh(sock, ruling);
	says = served_look_up(halves[0], halves[1], ruling->slot, sock->audience);
	if (says == SERVED_WELL)
		return 0;
	served_account_for(pkt, &source);
	verdict_deny(verdict, EGRET_REASON_NOT_SERVER);
	verdict->told_only = says == SERVED_TELL;
	return 1;
}

#endif
