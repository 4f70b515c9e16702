/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An address, as every map and both halves hold it. Network order. */
#ifndef EGRET_INCLUDE_ADDR_H
#define EGRET_INCLUDE_ADDR_H

#include "egret_types.h"

/* IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2), so that IPv4, IPv6 and
 * IPv4-mapped destinations meet the same entries. */
struct egret_addr {
	union {
		__u8 bytes[16];
		__u32 word_be[4];
	};
};

#endif
