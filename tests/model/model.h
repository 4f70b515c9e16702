/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a policy means, written plainly: lists and loops over the rules as they were
 * parsed, no tables, no caches, no order of look-ups. Tests hold the program to it.
 * Shares with the program only the parsed policy.
 */
#ifndef EGRET_MODEL_H
#define EGRET_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"

/* A name and what it resolved to; addrs are borrowed. */
struct model_name {
	const char *name;
	const struct egret_addr *addrs;
	size_t count;
};

struct memory;

struct model {
	const struct policy *policy;
	const struct policy *written; /* its order is what counts; NULL = @policy. It has all the `audit` lines */
	const struct model_name *names;
	size_t name_count;
	const struct egret_addr *system_resolvers;
	size_t system_resolver_count;
	/* What answers taught, and until when; NULL: nothing. */
	const struct memory *memory;
	int64_t now_ms;
};

struct model_packet {
	struct egret_addr addr;
	uint8_t l4_proto;
	uint16_t port;  /* 0 where the protocol has none */
	uint8_t reason; /* why it cannot be judged, as packet.h tells; 0 = it can */
	/* Who sends: "host" or "pods" or neither, of pods maybe one in the node's network namespace, and the named
	 * cgroups that it is in. */
	bool host, pods, hostnetwork;
	const char *const *cgroups;
	size_t cgroup_count;
};

struct model_verdict {
	bool allow;
	uint8_t reason; /* enum egret_reason; EGRET_REASON_NONE if allowed */
	bool told;      /* not allowed, and passes all the same, by an `audit` line */
	/* That decided, or would allow but for a special address: EGRET_RULE_FIRST + its place among the policy's
	 * rules, 0 = none. */
	uint32_t rule;
};

static inline bool model_passes(struct model_verdict verdict)
{
	return verdict.allow || verdict.told;
}

/* Of the first packet to an address. */
struct model_verdict model_judge(const struct model *model, const struct model_packet *packet);
/* The same in two: as if there were no `audit` lines; and what these make of that, or of what history does. */
struct model_verdict model_judge_plain(const struct model *model, const struct model_packet *packet);
struct model_verdict model_add_audit(const struct model *model, const struct model_packet *packet,
				     struct model_verdict plain);
/* Of a name alone, whatever its addresses: packet->addr is not looked at. */
struct model_verdict model_judge_name(const struct model *model, const char *name, const struct model_packet *packet);

/* Is @addr below the policy's prefix of NAT64? Then *ret is the IPv4 address in it. */
bool model_is_translated(const struct policy *policy, const struct egret_addr *addr, struct egret_addr *ret);

/* Does a trusted resolver have this address? */
bool model_trusts(const struct model *model, const struct egret_addr *addr);
/* Does an answer that has @addr for @name teach anything? */
bool model_teaches(const struct model *model, const char *name, const struct egret_addr *addr);
/* Is @addr in `set service_ranges`? Then connect() does not deny. */
bool model_is_service(const struct model *model, const struct egret_addr *addr);

/* Is the rule in @place an allow that takes the packet's protocol, port and subject? */
bool model_rule_fits(const struct model *model, size_t place, const struct model_packet *packet);

#endif
