/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who a packet says it is from. Any process may choose its source for IPv6 (IPV6_FREEBIND needs no privilege), and
 * IPV6_PKTINFO names one for each datagram: so the source is looked at in each packet that may leave, after its
 * verdict. Of those who may not speak from addresses of others (`set foreign_sources`) the last source that was their
 * own is remembered; which options a socket has is not asked, since they can be taken back once it is bound.
 */
#ifndef EGRET_BPF_SOURCE_H
#define EGRET_BPF_SOURCE_H

#include "conntrack.h"
#include "decide.h"
#include "dns.h"
#include "local_addr.h"
#include "memory.h"
#include "packet.h"
#include "socket.h"

/*
 * May an answer to this packet leave, as far as the packet tells? Whoever dials an own address
 * speaks from that same address, unless he chose another one; and what went over lo to an
 * address comes back over lo from there.
 */
static __always_inline bool source_is_doubtful(struct __sk_buff *skb, struct egret_addr *ret_source)
{
	if (packet_source_is_destination(skb, IP_AT_START))
		return false;
	return !packet_source(skb, IP_AT_START, skb->protocol, ret_source) || !addr_is_this_host(ret_source);
}

/* May an answer leave? Global: the verifier takes it once, and most packets need no more than their header. */
__noinline int source_is_foreign(struct __sk_buff *skb)
{
	struct egret_addr source __attribute__((aligned(8))) = {};
	struct bpf_sock *sk = socket_full(skb);
	struct egret_sock *sock;
	const struct net *net;

	if (!source_is_doubtful(skb, &source))
		return 0;
	sock = sk ? stamp_of(sk) : 0;
	net = sock ? socket_net(sk, sock) : 0;
	if (!net)
		return 1;
	return !net_has(net, &source) && (!sk->bound_dev_if || !net_has_in_vrf(net, &source));
}

/* --- which source a socket had --- */

/* In place of 16 octets, of which a socket has no room for two. Each half of a word has an odd key of 64 bits that
 * nobody knows: no two addresses are known to have the same one. */
static __always_inline __u64 source_check(const struct egret_addr *source)
{
	return source->word_be[0] * hash_keys[0] + source->word_be[1] * hash_keys[1] +
	       source->word_be[2] * hash_keys[2] + source->word_be[3] * hash_keys[3];
}

/* Is the packet from where @check is of? */
static __always_inline bool source_is(struct __sk_buff *skb, __u32 ip_at, __u32 protocol, __u64 check)
{
	struct egret_addr source;

	return check && packet_source_in_place(skb, ip_at, protocol, &source) && source_check(&source) == check;
}

/* --- `set foreign_sources` --- */

/* Must this subject speak from addresses of its own namespace? Who is not known is taken for a pod. */
static __always_inline bool source_counts(const struct egret_sock *sock, const struct egret_settings *settings)
{
	if (settings->layers == EGRET_LAYERS_OFF || settings->foreign_sources == EGRET_FOREIGN_ALL)
		return false;
	return settings->foreign_sources == EGRET_FOREIGN_NONE || !sock->audience ||
	       egret_audience_kind(sock->audience) != EGRET_KIND_HOST;
}

/* Where the kernel's tables cannot be read (IPv6 as a module), no IPv6 address is told from another. */
static __always_inline bool source_is_readable(const struct egret_addr *source)
{
	return addr_is_v4(source) || bpf_core_field_exists(((struct fib6_info *)0)->fib6_type);
}

/* Another source than the last one that was this socket's own: is it somebody else's? NAT may have put it there, as
 * into what a server of the node answers behind a service. Global: the verifier takes it once. */
__noinline int source_is_anothers(struct __sk_buff *skb)
{
	struct egret_addr source __attribute__((aligned(8))) = {};
	struct bpf_sock *sk = socket_full(skb);
	struct egret_sock *sock;
	const struct net *net;

	sock = sk ? stamp_of(sk) : 0;
	if (!sock || !packet_source(skb, IP_AT_START, skb->protocol, &source) || addr_is_this_host(&source) ||
	    !source_is_readable(&source) || conntrack_has_source(skb))
		return 0;
	net = socket_net(sk, sock);
	if (!net || (!net_has(net, &source) && !net_has_in_vrf(net, &source)))
		return 1;
	sock->source = source_check(&source);
	return 0;
}

static __always_inline bool source_is_not_own(struct __sk_buff *skb, const struct egret_sock *sock)
{
	return sock->from_own && !source_is(skb, IP_AT_START, skb->protocol, sock->source) && source_is_anothers(skb);
}

/* --- of resolvers, and to many --- */

/* What comes from a trusted resolver teaches whoever gets it. A real resolver sends from its port only in answer to a
 * question that came in; anything else in its name is forged. */
static __noinline int source_is_resolver(struct __sk_buff *skb, __u32 ip_at, __u32 protocol, __u32 slot)
{
	struct egret_addr source __attribute__((aligned(8)));

	return packet_source(skb, ip_at, protocol, &source) && addr_is_trusted(&source, slot);
}

/*
 * What goes to many comes back in to the sender's own namespace (IPV6_MULTICAST_LOOP, broadcasts), where
 * a socket or the kernel would answer it: as over lo, from an address that is here. Global: what it finds
 * of the address is not to multiply what the verifier walks after it.
 */
__noinline int goes_to_many(__u64 first_half, __u64 last_half)
{
	struct egret_addr addr;

	addr_of_halves(&addr, first_half, last_half);
	if (addr_is_v4(&addr))
		return (bpf_ntohl(addr.word_be[3]) >> 28) >= 0xe; /* 224/4, 255.255.255.255 */
	return (bpf_ntohl(addr.word_be[0]) >> 24) == 0xff;
}

/* Does a packet that may leave speak in the name of a trusted resolver, to somebody who did not ask? @ip_at and
 * @protocol as in packet.h. */
static __always_inline bool source_is_forged(struct __sk_buff *skb, __u32 ip_at, __u32 protocol,
					     const struct packet *pkt, const struct judgement *verdict, __u32 slot)
{
	return pkt->near_port_be == bpf_htons(DNS_PORT) && pkt->l4_proto == IPPROTO_UDP &&
	       verdict->rule != EGRET_RULE_INBOUND && source_is_resolver(skb, ip_at, protocol, slot);
}

/* Of what may leave. */
static __always_inline void decide_by_source(struct __sk_buff *skb, const struct packet *pkt,
					     const struct ruling *ruling, const struct egret_sock *sock,
					     struct judgement *verdict)
{
	const __u64 *halves = (const __u64 *)&pkt->addr;

	if (source_is_forged(skb, IP_AT_START, skb->protocol, pkt, verdict, ruling->slot))
		verdict_deny(verdict, EGRET_REASON_FORGED);
	else if (goes_to_many(halves[0], halves[1]) && source_is_foreign(skb))
		verdict_deny(verdict, EGRET_REASON_FOREIGN_SOURCE);
	if (!egret_passes(verdict) || !source_is_not_own(skb, sock))
		return;
	verdict_deny(verdict, EGRET_REASON_FOREIGN_SOURCE);
	verdict->told_only = ruling->settings->layers != EGRET_LAYERS_ENFORCE;
}

#endif
