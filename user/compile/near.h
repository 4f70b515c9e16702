/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which rule comes nearest to what was denied: for people, beside the reason. Pure, as all of compile/.
 */
#ifndef EGRET_COMPILE_NEAR_H
#define EGRET_COMPILE_NEAR_H

#include "compile.h"
#include "egret_limits.h"

/* A packet that was denied, and what is known of its destination. */
struct near_packet {
	const struct egret_addr *addr; /* NULL = only names count */
	const char *name;              /* that was asked for; "" = none is known */
	const char *policy_name;       /* the policy's own, which brought the address; "" = none */
	uint8_t l4_proto;
	uint16_t port;
	uint32_t audience;
};

struct near_rule {
	const struct policy_rule *rule;
	char allows[EGRET_WHO_SIZE]; /* "tcp:443,5432", or "for host" */
};

/* Lines of `audit` allow nothing: none of these counts them. */

/* Does a rule have this name, on whatever port and for whomever? */
bool near_has_name(const struct compiled *compiled, const char *name);
/* Does a rule with some name allow this port for this subject? Then the packet may be to that name. */
bool near_may_be_named(const struct compiled *compiled, const struct near_packet *packet);

/* All of these: false, no rule comes near, and *ret is as it was. */

/* Rules have the destination for this subject, on other ports: the first of them, and the ports of all. */
bool near_by_port(const struct compiled *compiled, const struct near_packet *packet, struct near_rule *ret);
/* The first rule that has it at all, its ports and whom it is for: asked where none is for this subject. */
bool near_by_port_of_others(const struct compiled *compiled, const struct near_packet *packet, struct near_rule *ret);
/* Rules have it on this port, for others: whom. */
bool near_by_class(const struct compiled *compiled, const struct near_packet *packet, struct near_rule *ret);
/* A rule would allow it, if the address were the name's still. */
bool near_by_time(const struct compiled *compiled, const struct near_packet *packet, struct near_rule *ret);
/* No rule has packet->name. One has the name itself where this is below it, or the other way round; a name that is
 * nearly the same; or another one of its domain. In this order. */
bool near_by_name(const struct compiled *compiled, const struct near_packet *packet, struct near_rule *ret);
/* No rule has packet->addr. One has another address of the same /24, or /64. */
bool near_by_address(const struct compiled *compiled, const struct near_packet *packet, struct near_rule *ret);

#endif
