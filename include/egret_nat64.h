/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The IPv4 address in an IPv6 one, behind NAT64 (RFC 6052 section 2.2, a prefix of 96 bits): 64:ff9b::20.1.0.1 is how
 * an IPv6 network says 20.1.0.1. What a packet to such an address may is said of both; what the address is for
 * (egret_special.h, `set internal`) is asked of the IPv4 address alone. Both halves ask here which addresses are so.
 */
#ifndef EGRET_INCLUDE_NAT64_H
#define EGRET_INCLUDE_NAT64_H

#include "egret_addr.h"

/* `set nat64`; words as they lie in an address. Its first half is never 0 (the parser sees to that), which says that
 * there is none. */
struct egret_nat64 {
	__u64 first_half;
	__u32 third_word_be;
	__u32 pad;
};

/* 64:ff9b::, as it lies in memory; behind it the third word is 0 (RFC 6052 section 2.1). */
#define EGRET_NAT64_WELL_KNOWN 0x9bff6400ULL

/* What stands before an IPv4 address in struct egret_addr, at the end of its first half and in the third word. */
#define EGRET_V4_FIRST_HALF 0ULL
#define EGRET_V4_THIRD_WORD 0xffff0000ULL /* ::ffff, as it lies in memory */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the third word is the lower one of the last half");

/* The last half of the IPv4 address (its first one is EGRET_V4_FIRST_HALF) that is in this address; 0: in it is none.
 */
EGRET_INLINE __u64 egret_nat64_v4(__u64 first_half, __u64 last_half, const struct egret_nat64 *nat64)
{
	if (!first_half || first_half != nat64->first_half || (__u32)last_half != nat64->third_word_be)
		return 0;
	return last_half >> 32 << 32 | EGRET_V4_THIRD_WORD;
}

#endif
