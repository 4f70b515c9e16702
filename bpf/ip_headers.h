/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What stands between an IP header and the transport's: options of IPv4, extension headers of IPv6. */
#ifndef EGRET_BPF_IP_HEADERS_H
#define EGRET_BPF_IP_HEADERS_H

#include "kernel_words.h"

#include <bpf/bpf_helpers.h>

#include "egret_reasons.h"

#define IPOPT_MAX_BYTES 40 /* RFC 791 section 3.1: a header of 15 words, less 5 */

/* RFC 8200 section 4.1 names eight kinds of extension headers; each is allowed
 * once, except the destination options, so no chain that keeps to the RFC is longer. */
#define IPV6_MAX_EXT_HEADERS 8

struct ipv6_ext {
	__u8 nexthdr;
	__u8 len_8bytes;
	__u8 body[2];
};

/*
 * Why a packet with IPv4 options cannot be judged; EGRET_REASON_NONE if it can. With a source
 * route it goes elsewhere than its destination address says. Global, as what has loops is:
 * the verifier takes a global function once (5.6).
 */
__noinline int ipv4_walk_options(struct __sk_buff *skb, __u32 options_at, __u32 options_len)
{
	__u32 offset = 0;
	__u8 option[2];

	for (int i = 0; i < IPOPT_MAX_BYTES; i++) {
		if (offset >= options_len)
			return offset == options_len ? EGRET_REASON_NONE : EGRET_REASON_MALFORMED;
		if (bpf_skb_load_bytes(skb, options_at + offset, option, sizeof(option)))
			return EGRET_REASON_MALFORMED;
		if (option[0] == IPOPT_END)
			return EGRET_REASON_NONE;
		if (option[0] == IPOPT_NOOP) {
			offset++;
			continue;
		}
		if (option[0] == IPOPT_LSRR || option[0] == IPOPT_SSRR)
			return EGRET_REASON_SOURCE_ROUTE;
		if (option[1] < 2)
			return EGRET_REASON_MALFORMED;
		offset += option[1];
	}
	return EGRET_REASON_MALFORMED;
}

/* What ipv6_walk_headers finds, in one word: the protocol, where its header
 * begins, and the reason if there is none that can be judged. */
#define IPV6_WALK_PROTO_SHIFT  8
#define IPV6_WALK_OFFSET_SHIFT 16

static __always_inline __u8 ipv6_bad_header(__u8 nexthdr)
{
	switch (nexthdr) {
	case IPPROTO_ROUTING:
		return EGRET_REASON_SOURCE_ROUTE;
	case IPPROTO_FRAGMENT:
		return EGRET_REASON_FRAGMENT;
	default:
		return EGRET_REASON_EXT_HEADER;
	}
}

static __always_inline bool ipv6_is_upper_layer(__u8 nexthdr)
{
	return nexthdr == IPPROTO_TCP || nexthdr == IPPROTO_UDP || nexthdr == IPPROTO_SCTP ||
	       nexthdr == IPPROTO_ICMPV6 || nexthdr == IPPROTO_ESP;
}

/* @offset: behind the fixed header, whose next header is @nexthdr. */
__noinline int ipv6_walk_headers(struct __sk_buff *skb, __u32 offset, __u32 nexthdr)
{
	struct ipv6_ext ext;

	for (int i = 0; i <= IPV6_MAX_EXT_HEADERS; i++) {
		nexthdr &= 0xff;
		if (ipv6_is_upper_layer(nexthdr))
			return offset << IPV6_WALK_OFFSET_SHIFT | nexthdr << IPV6_WALK_PROTO_SHIFT;
		if (nexthdr != IPPROTO_HOPOPTS && nexthdr != IPPROTO_DSTOPTS)
			return nexthdr << IPV6_WALK_PROTO_SHIFT | ipv6_bad_header(nexthdr);
		if (bpf_skb_load_bytes(skb, offset, &ext, sizeof(ext)))
			return nexthdr << IPV6_WALK_PROTO_SHIFT | EGRET_REASON_MALFORMED;
		nexthdr = ext.nexthdr;
		offset += (ext.len_8bytes + 1) * 8;
	}
	return nexthdr << IPV6_WALK_PROTO_SHIFT | EGRET_REASON_EXT_HEADER;
}

#endif
