/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Addresses of a special purpose: no public name has an honest reason to resolve to one, and what a name brings in
 * of these kinds would reach into the node or its network. One table for programs and people.
 */
#ifndef EGRET_INCLUDE_SPECIAL_H
#define EGRET_INCLUDE_SPECIAL_H

#include "egret_addr.h"

/* What a name may bring in where its rule says `private`: what networks number themselves by, and what
 * providers number the ways between by. */
#define EGRET_PRIVATE 1

/*
 * X(four octets, prefix, EGRET_PRIVATE or 0, kind)
 * IANA IPv4 Special-Purpose Address Registry (RFC 6890 section 2.2.2 and its updates); what is not in the registry
 * stands last.
 */
#define EGRET_SPECIAL_V4(X)                                                                                            \
	X(0, 0, 0, 0, 8, 0, "an address of \"this network\"")       /* RFC 791 section 3.2 */                          \
	X(10, 0, 0, 0, 8, EGRET_PRIVATE, "a private address")       /* RFC 1918 */                                     \
	X(100, 64, 0, 0, 10, EGRET_PRIVATE, "a shared address")     /* RFC 6598 */                                     \
	X(127, 0, 0, 0, 8, 0, "a loopback address")                 /* RFC 1122 section 3.2.1.3 */                     \
	X(169, 254, 0, 0, 16, 0, "a link-local address")            /* RFC 3927 */                                     \
	X(172, 16, 0, 0, 12, EGRET_PRIVATE, "a private address")    /* RFC 1918 */                                     \
	X(192, 0, 0, 0, 24, 0, "a protocol's own address")          /* RFC 6890 section 2.1 */                         \
	X(192, 0, 2, 0, 24, 0, "a documentation address")           /* RFC 5737 */                                     \
	X(192, 31, 196, 0, 24, 0, "an AS112 address")               /* RFC 7535 */                                     \
	X(192, 52, 193, 0, 24, 0, "an AMT address")                 /* RFC 7450 */                                     \
	X(192, 88, 99, 0, 24, 0, "a 6to4 relay address")            /* RFC 7526 */                                     \
	X(192, 168, 0, 0, 16, EGRET_PRIVATE, "a private address")   /* RFC 1918 */                                     \
	X(192, 175, 48, 0, 24, 0, "an AS112 address")               /* RFC 7534 */                                     \
	X(198, 18, 0, 0, 15, 0, "a benchmarking address")           /* RFC 2544 */                                     \
	X(198, 51, 100, 0, 24, 0, "a documentation address")        /* RFC 5737 */                                     \
	X(203, 0, 113, 0, 24, 0, "a documentation address")         /* RFC 5737 */                                     \
	X(240, 0, 0, 0, 4, 0, "a reserved address")                 /* RFC 1112 section 4 */                           \
	X(168, 63, 129, 16, 32, 0, "the address of the Azure host") /* on every node, no network between */            \
	X(224, 0, 0, 0, 4, 0, "a multicast address")                /* RFC 5771 */

/*
 * X(first three words, last word, prefix, EGRET_PRIVATE or 0, kind); the words between are zero.
 * IANA IPv6 Special-Purpose Address Registry (RFC 6890 section 2.2.3 and its updates); what is not in the registry
 * stands last. ::ffff:0:0/96 is in the registry, too: here it is how IPv4 is written.
 */
#define EGRET_SPECIAL_V6(X)                                                                                            \
	X(0, 0, 0, 0, 128, 0, "the unspecified address")          /* RFC 4291 section 2.5.2 */                         \
	X(0, 0, 0, 1, 128, 0, "a loopback address")               /* RFC 4291 section 2.5.3 */                         \
	X(0x64, 0xff9b, 0, 0, 96, 0, "a NAT64 address")           /* RFC 6052 */                                       \
	X(0x64, 0xff9b, 1, 0, 48, 0, "a NAT64 address")           /* RFC 8215 */                                       \
	X(0x100, 0, 0, 0, 63, 0, "a discard address")             /* RFC 6666, RFC 9780 */                             \
	X(0x2001, 0, 0, 0, 23, 0, "a protocol's own address")     /* RFC 2928 */                                       \
	X(0x2001, 0xdb8, 0, 0, 32, 0, "a documentation address")  /* RFC 3849 */                                       \
	X(0x2002, 0, 0, 0, 16, 0, "a 6to4 address")               /* RFC 3056 */                                       \
	X(0x2620, 0x4f, 0x8000, 0, 48, 0, "an AS112 address")     /* RFC 7534 */                                       \
	X(0x3fff, 0, 0, 0, 20, 0, "a documentation address")      /* RFC 9637 */                                       \
	X(0x5f00, 0, 0, 0, 16, 0, "a segment routing address")    /* RFC 9602 */                                       \
	X(0xfc00, 0, 0, 0, 7, EGRET_PRIVATE, "a private address") /* RFC 4193 */                                       \
	X(0xfe80, 0, 0, 0, 10, 0, "a link-local address")         /* RFC 4291 section 2.5.6 */                         \
	X(0, 0, 0, 0, 96, 0, "a reserved address")                /* RFC 4291 section 2.5.5.1 */                       \
	X(0xff00, 0, 0, 0, 8, 0, "a multicast address")           /* RFC 4291 section 2.7 */

/* Programs are compiled for such machines only (x86_64, arm64). */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "an address is turned round to be compared");

EGRET_INLINE __u64 egret_word_of(const struct egret_addr *addr, int word)
{
	return __builtin_bswap32(addr->word_be[word]);
}

EGRET_INLINE __u64 egret_half_of(const struct egret_addr *addr, int half)
{
	return egret_word_of(addr, 2 * half) << 32 | egret_word_of(addr, 2 * half + 1);
}

EGRET_INLINE __u64 egret_v4_of(__u64 a, __u64 b, __u64 c, __u64 d)
{
	return a << 24 | b << 16 | c << 8 | d;
}

EGRET_INLINE __u64 egret_v6_high_of(__u64 first, __u64 second, __u64 third)
{
	return first << 48 | second << 32 | third << 16;
}

EGRET_INLINE _Bool egret_v4_is_in(__u32 addr, __u32 network, __u32 prefix_len)
{
	return !((addr ^ network) >> (32 - prefix_len));
}

EGRET_INLINE _Bool egret_v6_is_in(__u64 high, __u64 low, __u64 network_high, __u64 network_low, __u32 prefix_len)
{
	if (prefix_len <= 64)
		return !((high ^ network_high) >> (64 - prefix_len));
	return high == network_high && !((low ^ network_low) >> (128 - prefix_len));
}

EGRET_INLINE _Bool egret_addr_is_mapped_v4(const struct egret_addr *addr)
{
	return !addr->word_be[0] && !addr->word_be[1] && addr->word_be[2] == __builtin_bswap32(0xffff);
}

#define EGRET_IN_V4(a, b, c, d, prefix_len, private, kind) || egret_v4_is_in(v4, egret_v4_of(a, b, c, d), prefix_len)
#define EGRET_IN_V6(first, second, third, last, prefix_len, private, kind)                                             \
	|| egret_v6_is_in(high, low, egret_v6_high_of(first, second, third), last, prefix_len)
#define EGRET_PRIVATE_V4(a, b, c, d, prefix_len, private, kind)                                                        \
	|| (private && egret_v4_is_in(v4, egret_v4_of(a, b, c, d), prefix_len))
#define EGRET_PRIVATE_V6(first, second, third, last, prefix_len, private, kind)                                        \
	|| (private && egret_v6_is_in(high, low, egret_v6_high_of(first, second, third), last, prefix_len))

EGRET_INLINE _Bool egret_addr_is_special(const struct egret_addr *addr)
{
	__u64 high = egret_half_of(addr, 0), low = egret_half_of(addr, 1);
	__u32 v4 = low;

	if (egret_addr_is_mapped_v4(addr))
		return 0 EGRET_SPECIAL_V4(EGRET_IN_V4);
	return 0 EGRET_SPECIAL_V6(EGRET_IN_V6);
}

/* Special, and what a name may bring in where its rule says `private`. */
EGRET_INLINE _Bool egret_addr_is_private(const struct egret_addr *addr)
{
	__u64 high = egret_half_of(addr, 0), low = egret_half_of(addr, 1);
	__u32 v4 = low;

	if (egret_addr_is_mapped_v4(addr))
		return 0 EGRET_SPECIAL_V4(EGRET_PRIVATE_V4);
	return 0 EGRET_SPECIAL_V6(EGRET_PRIVATE_V6);
}

#endif
