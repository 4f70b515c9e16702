/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The source of what comes in by somebody's device (EGRET_DEVICE_OWN_SOURCES). It is his own where the node would send
 * there by that same device, or by the bridge or VRF that it is a port of: the node's routes say so, for sockets,
 * frames and what a kernel answers alike. A kernel that answers what claims to be from outside carries octets there; so
 * a source is somebody else's where the node would send outside, to another's device, to itself, or nowhere. Where the
 * routes tell nothing, it passes: they lead by a device of no known class (Cilium's cilium_host), or the node does not
 * forward this family.
 */
#ifndef EGRET_BPF_OWN_SOURCE_H
#define EGRET_BPF_OWN_SOURCE_H

#include "look.h"

enum source_leads { SOURCE_LEADS_SOMEWHERE, SOURCE_LEADS_HERE, SOURCE_LEADS_ELSEWHERE, SOURCE_IS_NOT_ROUTED };

static __always_inline int source_leads_by(const struct look *look, __u32 ifindex)
{
	struct egret_device *found;

	if (ifindex == look->skb->ifindex || ifindex == look->device->master)
		return SOURCE_LEADS_HERE;
	found = bpf_map_lookup_elem(&devices, &ifindex);
	if (found && found->flags & (EGRET_DEVICE_UPLINK | EGRET_DEVICE_LEADS_IN | EGRET_DEVICE_JOINS))
		return SOURCE_LEADS_ELSEWHERE;
	return SOURCE_LEADS_SOMEWHERE;
}

/* Where would the node send to this source, what had come in by @from? bpf_fib_lookup: 4.18; it tells the device also
 * of whom it knows no neighbour: 5.10. Apart from its caller: the verifier walks it once. */
static __noinline int source_leads(const struct look *look, __u32 from)
{
	struct bpf_fib_lookup *route;
	const struct egret_addr *source;

	if (!look || !look->device)
		return SOURCE_LEADS_SOMEWHERE;
	source = &look->notes->source;
	route = &look->notes->route;
	__builtin_memset(route, 0, sizeof(*route));
	route->ifindex = from;
	route->family = addr_is_v4(source) ? AF_INET : AF_INET6;
	if (route->family == AF_INET)
		route->ipv4_dst = source->word_be[3];
	else
		__builtin_memcpy(route->ipv6_dst, source, sizeof(route->ipv6_dst));
	switch (bpf_fib_lookup(look->skb, route, sizeof(*route), 0)) {
	case BPF_FIB_LKUP_RET_SUCCESS:
	case BPF_FIB_LKUP_RET_NO_NEIGH:
	case BPF_FIB_LKUP_RET_FRAG_NEEDED:
		return source_leads_by(look, route->ifindex);
	case BPF_FIB_LKUP_RET_BLACKHOLE:
	case BPF_FIB_LKUP_RET_UNREACHABLE:
	case BPF_FIB_LKUP_RET_PROHIBIT:
	case BPF_FIB_LKUP_RET_NOT_FWDED:
		return SOURCE_LEADS_ELSEWHERE;
	case BPF_FIB_LKUP_RET_FWD_DISABLED:
		return SOURCE_IS_NOT_ROUTED;
	default:
		return SOURCE_LEADS_SOMEWHERE;
	}
}

/* The node's routes, as for its own packets, and the rules of routing for what comes in by this device (AWS's CNI,
 * VRFs). */
static __always_inline bool source_leads_elsewhere(const struct look *look)
{
	int leads = source_leads(look, LOOPBACK_IFINDEX), by_device;

	if (leads == SOURCE_LEADS_HERE)
		return false;
	by_device = source_leads(look, look->skb->ifindex);
	if (by_device == SOURCE_LEADS_HERE)
		return false;
	return (leads == SOURCE_IS_NOT_ROUTED ? by_device : leads) == SOURCE_LEADS_ELSEWHERE;
}

/* Who has no address yet says so (DHCP, RFC 4862 section 5.4.2), and what answers a link-local address stays on its
 * link. */
static __always_inline bool source_is_of_link(const struct egret_addr *source)
{
	if (addr_is_v4(source))
		return !source->word_be[3];
	return addr_is_link_local(source) ||
	       !(source->word_be[0] | source->word_be[1] | source->word_be[2] | source->word_be[3]);
}

static __always_inline bool source_is_others(const struct look *look)
{
	const struct egret_addr *source = &look->notes->source;
	const __u64 *halves = (const __u64 *)source;

	if (!(look->device_flags & (EGRET_DEVICE_OWN_SOURCES | EGRET_DEVICE_OWN_SOURCES6)) || !look_source(look) ||
	    source_is_of_link(source))
		return false;
	if (!(look->device_flags & (addr_is_v4(source) ? EGRET_DEVICE_OWN_SOURCES : EGRET_DEVICE_OWN_SOURCES6)))
		return false;
	return goes_to_many(halves[0], halves[1]) || source_leads_elsewhere(look);
}

/* --- and whose packet it is --- */

/* The socket that a process sends it by; NULL: none does, or the kernel does by its own. */
static __always_inline struct bpf_sock *source_socket(const struct look *look, struct egret_sock *scratch)
{
	struct bpf_sock *sk = look->skb->sk;

	sk = sk ? bpf_sk_fullsock(sk) : 0;
	return sk && !socket_is_kernels(sk, scratch) ? sk : 0;
}

/* LOOK_ON: whoever sends it is not governed. @sender: blank. Apart from its caller: for its stack. */
static __noinline int source_deny(const struct look *look, struct egret_sock *sender)
{
	struct egret_sock *sock;
	struct bpf_sock *sk;

	if (!look || !sender)
		return LOOK_ON;
	sk = source_socket(look, sender);
	if (sk && !look_is_governed(look->skb))
		return LOOK_ON;
	sock = sk ? stamp_of(sk) : 0;
	if (sock)
		return look_deny_for(look, sock, EGRET_REASON_FOREIGN_SOURCE);
	if (sk)
		sender_of_socket(look->skb, sk, &look->ruling, sender);
	else if (!sender_of_device(look->skb->ifindex, &look->ruling, sender))
		return LOOK_ON;
	return look_deny_for(look, sender, EGRET_REASON_FOREIGN_SOURCE);
}

#endif
