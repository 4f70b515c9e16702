/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Turns a policy and the addresses of its names into the plain arrays that the
 * maps hold. Pure: no system call, no clock, no BPF; the same input gives the
 * same output, byte for byte.
 *
 * What a destination may do is one list of egret_port entries; the first entry
 * that matches protocol, port and class decides, and no match is a denial. The
 * programs and compiled_judge_* read the same lists by the same lines (egret_decide.h). The order in a list:
 *
 *   1. denies of CIDRs and addresses that cover the destination   (EGRET_DENY)
 *   2. for each allowed name of the address: that name's denies   (EGRET_SKIP), then
 *      its allows, from exact rules and patterns alike; all of one name carry one
 *      `group` of 1.., and a skip that matches voids the rest of its group
 *   3. denies of names of the address                             (EGRET_DENY)
 *   4. allows of CIDRs and addresses that cover the destination
 *   5. of an address that needs more than a name (enum egret_need): what its names would allow
 *      elsewhere, as in 2, with EGRET_SPECIAL in place of EGRET_ALLOW
 *
 * In 2 and 3 stand only names that may bring the address in, and of their allows those that do;
 * within each tier in the order of the rules. So a deny takes away whatever
 * allows it, but an allowed name keeps its ports where a denied name has the
 * same address. An entry that an earlier one fully covers is left out.
 *
 * Lists are interned: equal lists share their entries.
 */
#ifndef EGRET_COMPILE_H
#define EGRET_COMPILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/diag.h"
#include "../policy/policy.h"
#include "egret_decide.h"
#include "egret_people.h"
#include "egret_policy.h"
#include "egret_subject.h"

/* The addresses of one exact name; addrs are borrowed. */
struct name_addrs {
	const char *name;
	const struct egret_addr *addrs;
	size_t count;
};

/*
 * The rules of the policy that rules until now, as the kernel holds them. Rule id r stands at
 * [r - EGRET_RULE_FIRST]; a place without a text is an id that no rule has.
 */
struct rules_before {
	const struct egret_rule_text *texts;
	const struct egret_rule *rules;
	size_t count; /* of either, at most EGRET_MAX_RULES; 0 = no policy rules */
};

struct compile_input {
	const struct policy *policy;    /* must outlive the result */
	const struct name_addrs *names; /* of exact names; those without addresses may be missing */
	size_t name_count;
	const struct egret_addr *system_resolvers; /* what `resolver system` stands for */
	size_t system_resolver_count;
	struct rules_before before; /* borrowed; rules that it has too keep their ids */
	uint32_t generation;        /* what new rules are born under */
};

struct compiled_addr {
	struct egret_addr addr;
	struct egret_dest dest;
};

struct compiled_cidr {
	struct egret_cidr_key key; /* bits behind the prefix are zero */
	struct egret_dest dest;
};

/* An exact name has an address. */
struct compiled_resolved {
	struct egret_addr addr;
	uint32_t name; /* it is names[name - 1] */
};

/* Subjects that a rule is for. */
struct audience_set {
	uint32_t node; /* in this cgroup, or below it; 0 = anywhere */
	uint8_t kinds; /* a bit for each enum egret_kind */
	bool unknown;  /* and EGRET_AUDIENCE_UNKNOWN */
	uint16_t
	    also; /* those of that set before this one, too; 0 = of none. Only where a resolver has several classes */
};

/* Who may speak in a resolver's name. */
struct compiled_served {
	uint16_t set;
	bool said; /* by the policy; else it is what a resolver usually is, a process of the host */
};

/*
 * All arrays are owned by the result. Its rules are the policy's, in their order, then one for
 * each address of its `resolver` lines (udp:53 and tcp:53, for all). A rule that the policy before
 * had too (the same text, file and destinations) has the id that it had, and with it its counters,
 * its denials and the connections that it allowed; others have one that nobody has.
 * Rule id r stands at rules[r - EGRET_RULE_FIRST]. egret_dest.name n is names[n - 1].
 * egret_port.set n is sets[n]; node n of an audience is cgroups[n - 1].
 */
struct compiled {
	const struct policy *policy;
	struct egret_port *ports;
	size_t port_count;
	struct compiled_addr *addrs; /* sorted by address */
	size_t addr_count;
	struct compiled_cidr *cidrs; /* sorted by address, then prefix; never a single address */
	size_t cidr_count;
	struct egret_rule *rules;      /* by id: where each rule's own ports stand */
	struct egret_rule_text *texts; /* by id; one without a text is an id that no rule has */
	bool *kept;                    /* by id: its rule had it before */
	size_t rule_limit;             /* of these three: ids are below EGRET_RULE_FIRST + rule_limit */
	uint32_t *ids;                 /* of each rule, in the order of the policy */
	size_t rule_count;
	char **names; /* every exact name and pattern ("*.x") of the policy, once, in order of appearance */
	size_t name_count;
	/* Behind those, names that only `resolver` lines have: no rule says anything of them. */
	size_t askable_count;
	struct compiled_resolved *resolved; /* what was known when it was compiled, by name */
	size_t resolved_count;
	struct egret_dest *name_dests; /* of all of names: what the rules say of it alone, denies before allows */
	char **cgroups;                /* all that `for cgroup` names */
	size_t cgroup_count;
	uint32_t *around; /* by node: that of the deepest other one that the node lies in, 0 = none */
	struct audience_set *sets;
	size_t set_count;
	uint16_t audited;               /* the set that `set mode = audit for` names; 0 = none */
	struct egret_addr *resolvers;   /* all of them, `system` included, once each */
	struct compiled_served *served; /* of each */
	size_t resolver_count;
	void *intern; /* private */
};

/* 0; -EINVAL with findings in @diag (over a limit, a deny that covers a floor
 * destination while floor is on); -ENOMEM. Warnings: a rule that another one
 * covers, a pattern without a resolver, a deny of a name that shares an address
 * with an allowed one. *ret is untouched on failure. */
int compile_policy(const struct compile_input *input, struct compiled **ret, struct diag *diag);
void compiled_free(struct compiled *compiled);

/*
 * One address changed its names: works out its destination anew, for the address
 * to be written alone. @names are all exact names that have it now. New entries
 * may be appended to compiled->ports. count == 0 in *ret: the address is to be
 * removed, a CIDR or nothing stands for it. -E2BIG: too many entries.
 */
int compiled_address(struct compiled *compiled, const struct egret_addr *addr, const char *const *names,
		     size_t name_count, struct egret_dest *ret);

/* egret_dest.name of an exact name or pattern of the policy; 0 = not in it. */
uint32_t compiled_name_id(const struct compiled *compiled, const char *text);

/* The entry of names that speaks for a name: its own, or the narrowest pattern over it; 0 = none, or
 * one whose rules have nothing to say of its addresses. */
uint32_t compiled_name_teacher(const struct compiled *compiled, const char *name);

/* What an address asks of a name before the name may bring it in. */
enum egret_need compiled_addr_need(const struct compiled *compiled, const struct egret_addr *addr);

/* What the policy calls a subject with this path. */
uint32_t compiled_audience_of(const struct compiled *compiled, const char *path, enum egret_kind kind);
/* Audiences are below this. */
size_t compiled_audience_count(const struct compiled *compiled);
/* The set that may speak in the name of a resolver. */
uint16_t compiled_served_by(const struct compiled *compiled, const struct egret_addr *addr);
/* The sets that one of them is in. */
void compiled_audience(const struct compiled *compiled, uint32_t audience, struct egret_audience *ret);

/* What the kernel would say of a first packet to this destination. @port is 0
 * where the protocol has none. */
struct judgement compiled_judge_addr(const struct compiled *compiled, const struct egret_addr *addr, uint8_t l4_proto,
				     uint16_t port, uint32_t audience);
/* The same for a name, by its exact rules and patterns alone, whatever addresses
 * it has or will have. */
struct judgement compiled_judge_name(const struct compiled *compiled, const char *name, uint8_t l4_proto, uint16_t port,
				     uint32_t audience);
/* As compiled_judge_addr, with the list that compiled_address made for @addr. */
struct judgement compiled_judge_dest(const struct compiled *compiled, const struct egret_addr *addr,
				     const struct egret_dest *dest, uint8_t l4_proto, uint16_t port, uint32_t audience);

#endif
