/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What leaves by an uplink and came in by another device. What was looked at there passes, but for one thing: a pod
 * dials the address of a service, is judged by that, and only then the node translates it. So what was translated is
 * judged again, by where it goes now, for whoever began it.
 */
#ifndef EGRET_BPF_FORWARDED_H
#define EGRET_BPF_FORWARDED_H

#include "conntrack.h"
#include "kernel_made.h"
#include "look.h"
#include "place.h"

/* Connections to services that a rule allowed, by what service_hash() makes of them: generation << 32 | rule. So a
 * connection outlives what was learned for its end point, as that of a socket does. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EGRET_MAX_SERVICE_FLOWS);
	__type(key, __u64);
	__type(value, __u64);
} services SEC(".maps");

/* @from: who began it. */
static __always_inline __u64 service_hash(const struct packet *from, const struct packet *pkt, __u64 owner)
{
	const __u64 *source = (const __u64 *)&from->addr, *dest = (const __u64 *)&pkt->addr;
	__u64 hash = check_add(0, source[0], hash_keys[0]);

	hash = check_add(hash, source[1], hash_keys[1]);
	hash = check_add(hash, dest[0], hash_keys[2]);
	hash = check_add(hash, dest[1], hash_keys[3]);
	hash = check_add(hash, (__u64)from->port_be << 32 | (__u64)pkt->l4_proto << 16 | pkt->port_be, hash_keys[4]);
	return check_add(hash, owner, hash_keys[5]);
}

/* Where the policy has `audit` lines, each packet is judged, so that it is counted. */
static __always_inline bool service_has_audit(const struct look *look)
{
	return look->ruling.settings->has & (EGRET_HAS_AUDIT_ALLOW | EGRET_HAS_AUDIT_DENY);
}

/* Did a rule, *@ret_rule, allow this connection that still stands? As policy_rule_stands says. */
static __always_inline int service_stands(const struct look *look, const struct egret_sock *sender, __u64 hash,
					  __u32 *ret_rule)
{
	__u64 *known = bpf_map_lookup_elem(&services, &hash);

	if (!known)
		return 0;
	*ret_rule = (__u32)*known;
	if (*known >> 32 == look->ruling.generation && !service_has_audit(look))
		return 1;
	return policy_rule_stands((__u32)*known, *known >> 32, port_key(&look->notes->pkt, look->ruling.slot),
				  sender->audience);
}

/* The policy alone: the hook judged all else. */
static __always_inline bool service_is_allowed(const struct look *look, const struct egret_sock *sender)
{
	struct judgement *verdict = &look->notes->verdict;
	struct subject subject = subject_of(sender);

	if (look->notes->pkt.reason) {
		verdict_deny(verdict, look->notes->pkt.reason);
		return false;
	}
	decide_by_policy(&look->notes->pkt, &subject, &look->ruling, verdict);
	return verdict->allow;
}

/* Whose packet came in by @from; of a bridge, the address tells. False: it is not governed. Nobody: none was seen. */
static __always_inline bool forwarded_sender(const struct look *look, __u32 from, struct egret_sock *ret)
{
	struct egret_sender *sender = bpf_map_lookup_elem(&device_owners, &from);

	if (!sender)
		sender = bpf_map_lookup_elem(&senders, &look->notes->from.addr);
	if (!sender)
		return true;
	if (!sender->owner)
		return false;
	sender_take(sender, &look->ruling, ret);
	return true;
}

static __always_inline int forwarded_to_service(const struct look *look, struct egret_sock *sender)
{
	__u64 hash = service_hash(&look->notes->from, &look->notes->pkt, sender->owner), known;
	struct judgement *verdict = &look->notes->verdict;
	__u32 rule = 0;
	int stands = service_stands(look, sender, hash, &rule);

	if (stands && !service_has_audit(look))
		return look_pass(look, EGRET_LOOK_LOOKED_AT);
	/* As decide_by_history. */
	if (!service_is_allowed(look, sender) && stands && verdict->reason != EGRET_REASON_DENY_RULE)
		history_lets_pass(verdict, rule, stands);
	rule = verdict->allow ? verdict->rule : verdict->passes_by;
	if (verdict->allow || (verdict->told_only && rule)) {
		known = (__u64)look->ruling.generation << 32 | rule;
		bpf_map_update_elem(&services, &hash, &known, BPF_ANY);
	}
	if (verdict->allow)
		return look_pass(look, EGRET_LOOK_LOOKED_AT);
	look_explain_as(verdict, EGRET_REASON_SERVICE_OUTSIDE);
	return look_deny(look, sender);
}

/* Nothing tells where it was to go. Where the policy does not allow where it goes, it may be an answer; the first
 * packet of a TCP connection is none. */
static __always_inline int forwarded_unread(const struct look *look, const struct egret_sock *sender)
{
	__u8 flags = tcp_bare_flags(look->skb, &look->notes->frame, 60);

	if (look->notes->pkt.l4_proto == IPPROTO_TCP && (flags & (TCP_FLAG_SYN | TCP_FLAG_ACK)) == TCP_FLAG_SYN &&
	    !service_is_allowed(look, sender))
		return look_pass(look, EGRET_LOOK_UNREADABLE);
	return look_pass(look, EGRET_LOOK_LOOKED_AT);
}

/* The kernel of a pod answers whatever came in, also what the pod itself put there (AF_PACKET on its lo, TUN) in the
 * name of somebody outside; and an answer carries octets of what it answers. The node's connection tracking has seen
 * what came from outside: of an answer to nothing it knows no connection. */
static __always_inline bool forwarded_is_answer(const struct look *look)
{
	return kernel_made_is_icmp_answer(&look->notes->pkt) && look->ruling.cfg->conntrack.original;
}

static __always_inline int forwarded_answer_to_nothing(const struct look *look, __u32 from, struct egret_sock *sender)
{
	if (look_source(look))
		look->notes->from.addr = look->notes->source;
	if (!forwarded_sender(look, from, sender))
		return look_pass(look, EGRET_LOOK_OUTSIDE);
	if (service_is_allowed(look, sender))
		return look_pass(look, EGRET_LOOK_LOOKED_AT);
	look_explain_as(&look->notes->verdict, EGRET_REASON_NOT_A_SOCKET);
	return look_deny(look, sender);
}

static __always_inline int forwarded_looked_at(const struct look *look, __u32 from, struct egret_sock *sender)
{
	int says = conntrack_ask(look->skb, &look->ruling, &look->notes->from);

	if (forwarded_is_answer(look))
		return conntrack_knows(look->skb) ? look_pass(look, EGRET_LOOK_LOOKED_AT)
						  : forwarded_answer_to_nothing(look, from, sender);
	if (says == CONNTRACK_AS_IT_WAS)
		return look_pass(look, EGRET_LOOK_LOOKED_AT);
	if (says == CONNTRACK_NOTHING && look_source(look))
		look->notes->from.addr = look->notes->source;
	if (!forwarded_sender(look, from, sender))
		return look_pass(look, EGRET_LOOK_OUTSIDE);
	return says == CONNTRACK_NOTHING ? forwarded_unread(look, sender) : forwarded_to_service(look, sender);
}

/* Nobody looked where it came in. */
static __always_inline int forwarded_unlooked(const struct look *look, __u32 from, struct egret_sock *sender)
{
	if (!look->ruling.settings->deny_unlooked || conntrack_answers(look->skb))
		return look_pass(look, EGRET_LOOK_UNLOOKED);
	if (!forwarded_sender(look, from, sender))
		return look_pass(look, EGRET_LOOK_OUTSIDE);
	return look_deny_for(look, sender, EGRET_REASON_UNLOOKED);
}

static __always_inline __u64 device_net(const struct net_device *device)
{
	struct net *net = 0;

	if (device)
		KERNEL_READ(net, device->nd_net.net);
	return (__u64)net;
}

/* Was it routed in another namespace than the uplink's? A pod's macvlan or ipvlan hands it on as it is, with the number
 * of a device of the pod's as that which it came in by. What was bridged has no route. */
static __always_inline bool forwarded_elsewhere(struct __sk_buff *skb)
{
	const struct sk_buff *kernels = (const struct sk_buff *)skb;
	const struct net_device *here = 0, *there = 0;
	__u64 route = 0, net;

	KERNEL_READ(route, kernels->_skb_refdst);
	KERNEL_READ(here, kernels->dev);
	KERNEL_READ(there, ((const struct dst_entry *)(route & ~SKB_DST_NOREF))->dev);
	net = device_net(there);
	return net && net != device_net(here);
}

/* Most of what is handed on was looked at, and its connection goes where its sender wanted: then nothing of the frame
 * needs to be read. Apart from its caller: for its stack. */
static __noinline int forwarded_as_it_was(struct __sk_buff *skb)
{
	__u32 from = skb->ingress_ifindex, here = skb->ifindex;
	struct egret_device *device = bpf_map_lookup_elem(&devices, &from), *uplink;
	struct packet ignored = {};
	struct ruling ruling;

	if (!device || !(device->flags & EGRET_DEVICE_LOOKED) || !conntrack_knows(skb) || forwarded_elsewhere(skb))
		return 0;
	if (!ruling_take(&ruling) || !ruling.generation || ruling.settings->layers == EGRET_LAYERS_OFF ||
	    conntrack_ask(skb, &ruling, &ignored) != CONNTRACK_AS_IT_WAS)
		return 0;
	uplink = bpf_map_lookup_elem(&devices, &here);
	if (uplink && !(uplink->flags & EGRET_DEVICE_LOWER))
		counter_add(&looks, EGRET_LOOK_INDEX(EGRET_LAYER_UPLINK, EGRET_LOOK_LOOKED_AT), skb->len);
	return 1;
}

/* LOOK_ON: what it came in by tells nothing. */
static __always_inline int look_forwarded(const struct look *look, struct egret_sock *sender)
{
	__u32 from = look->skb->ingress_ifindex;
	struct egret_device *device = bpf_map_lookup_elem(&devices, &from);
	__u32 flags = device ? device->flags : 0;

	/* What came in by lo was put there past its sockets. */
	if (!from || from == LOOPBACK_IFINDEX || forwarded_elsewhere(look->skb))
		return LOOK_ON;
	if (flags & EGRET_DEVICE_LOOKED)
		return forwarded_looked_at(look, from, sender);
	/* Into a tunnel of the node's own a pod may put what it likes, by the node's address or over lo: out of one
	 * only answers are transit. */
	if (flags & EGRET_DEVICE_UPLINK && (!(flags & EGRET_DEVICE_TUNNEL) || conntrack_answers(look->skb)))
		return look_pass(look, EGRET_LOOK_TRANSIT);
	return forwarded_unlooked(look, from, sender);
}

#endif
