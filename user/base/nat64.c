/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "nat64.h"

#include <string.h>

#define NAT64_PREFIX_LEN 96

struct egret_nat64 nat64_of(const struct egret_addr *prefix)
{
	struct egret_nat64 nat64 = {.third_word_be = prefix->word_be[2]};

	memcpy(&nat64.first_half, prefix->bytes, sizeof(nat64.first_half));
	return nat64;
}

struct cidr nat64_prefix(const struct egret_nat64 *nat64)
{
	struct cidr cidr = {.prefix_len = NAT64_PREFIX_LEN};

	memcpy(cidr.addr.bytes, &nat64->first_half, sizeof(nat64->first_half));
	cidr.addr.word_be[2] = nat64->third_word_be;
	return cidr;
}

bool nat64_v4(const struct egret_nat64 *nat64, const struct egret_addr *addr, struct egret_addr *ret)
{
	__u64 halves[2], v4;

	memcpy(halves, addr->bytes, sizeof(halves));
	v4 = egret_nat64_v4(halves[0], halves[1], nat64);
	if (!v4)
		return false;
	halves[0] = EGRET_V4_FIRST_HALF;
	halves[1] = v4;
	memcpy(ret->bytes, halves, sizeof(halves));
	return true;
}

struct egret_addr nat64_meant(const struct egret_nat64 *nat64, const struct egret_addr *addr)
{
	struct egret_addr v4;

	return nat64_v4(nat64, addr, &v4) ? v4 : *addr;
}
