/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The IPsec policies (xfrm) of this network namespace that wrap what leaves it. */
#ifndef EGRET_DEVICE_IPSEC_H
#define EGRET_DEVICE_IPSEC_H

#include <stddef.h>

#include "egret_addr.h"
#include "egret_limits.h"

/* Which of @addrs, EGRET_MAX_RESOLVERS at most, is the first whose questions (UDP, port 53) such a policy wraps; @count
 * = none, also where the kernel does not say: that needs CAP_NET_ADMIN. */
size_t ipsec_first_resolver(const struct egret_addr *addrs, size_t count);

#endif
