/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The addresses of an answer under the name and of the type that was asked for: what Egret may learn from it. Names and
 * records are read by c-ares; which of them count is written here: those of the asked name and of all that it is an
 * alias of, wherever they stand; of an answer that is cut, those that are whole.
 *
 * c-ares' own parser follows an alias whoever has it (a CNAME record of a stranger), and only to what stands behind it;
 * it refuses an answer for an alias that is no host name, and knows no HTTPS records. So it is given the answer without
 * the aliases of strangers, and what it says is held against the walk where the order is one that it follows.
 */
#ifndef EGRET_FIND_H
#define EGRET_FIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "egret_addr.h"
#include "egret_limits.h"

#define FIND_MAX_ADDRS   2048 /* more than a message of 4,096 octets has room for */
#define FIND_MAX_MESSAGE 65535

/* A question as it left. */
struct asked {
	char name[EGRET_NAME_SIZE]; /* with dots */
	uint16_t id, type;
};

struct addr_set {
	struct egret_addr addrs[FIND_MAX_ADDRS];
	size_t count;
};

struct found {
	struct addr_set walked; /* in the asked name's records and its aliases' */
	struct addr_set parsed; /* by ares_parse_a_reply and ares_parse_aaaa_reply */
	/* The order is not the parser's, an alias is no host name, the records are so entangled that no alias can be
	 * taken out, or another type was asked for: c-ares' parser says nothing of this answer. */
	bool unparsed;
};

/* An answer of another id, name or type has no addresses, nor has one that breaks off and does not say so. */
void find_addrs(const uint8_t *answer, size_t len, const struct asked *asked, struct found *ret);

bool addr_set_has(const struct addr_set *set, const struct egret_addr *addr);
/* Is @addr an address that may be learned from this answer? */
bool found_has(const struct found *found, const struct egret_addr *addr);

#endif
