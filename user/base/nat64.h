/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What user space asks of addresses that NAT64 translates (egret_nat64.h). No allocation. */
#ifndef EGRET_BASE_NAT64_H
#define EGRET_BASE_NAT64_H

#include <stdbool.h>

#include "addr.h"
#include "egret_nat64.h"

/* Of a prefix of 96 bits. */
struct egret_nat64 nat64_of(const struct egret_addr *prefix);
struct cidr nat64_prefix(const struct egret_nat64 *nat64);

/* True: @addr is below the prefix, and *ret is the IPv4 address in it. */
bool nat64_v4(const struct egret_nat64 *nat64, const struct egret_addr *addr, struct egret_addr *ret);

/* By which address it is found what @addr is for: the IPv4 address in it, or else @addr. */
struct egret_addr nat64_meant(const struct egret_nat64 *nat64, const struct egret_addr *addr);

#endif
