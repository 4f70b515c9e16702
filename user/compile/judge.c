/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs would say: the same lists, read by the same lines (egret_decide.h). */
#include <netinet/in.h>
#include <stdlib.h>

#include "../base/nat64.h"
#include "internal.h"
#include "egret_reasons.h"

/* @dest without a list: a policy may have no list at all. */
static __u64 scan_list(const struct compiled *compiled, const struct egret_dest *dest, struct egret_scan *scan)
{
	__u64 said = dest->count ? 0 : egret_scan_nothing(scan);
	size_t i = 0;

	while (i < dest->count && !egret_scan_entry(scan, &compiled->ports[dest->first + i], &said))
		i++;
	return dest->count && i == dest->count ? egret_scan_denies(scan) : said;
}

static int compare_addr(const void *wanted, const void *entry)
{
	return addr_compare(wanted, &((const struct compiled_addr *)entry)->addr);
}

static const struct egret_dest *find_dest(const struct compiled *compiled, const struct egret_addr *addr)
{
	const struct compiled_addr *found =
	    bsearch(addr, compiled->addrs, compiled->addr_count, sizeof(*found), compare_addr);
	const struct cidr_node *around;

	if (found)
		return &found->dest;
	around = cidr_find(compiled->intern, addr);
	return around ? &around->scope.dest : NULL;
}

/* @dest may be NULL. */
static __u64 scan_dest(const struct compiled *compiled, const struct egret_dest *dest, uint32_t port_key,
		       const struct egret_audience *who)
{
	struct egret_scan scan;

	if (!dest)
		return EGRET_REASON_NO_RULE;
	scan = egret_scan_of_addr(dest, port_key, who);
	return scan_list(compiled, dest, &scan);
}

struct judgement compiled_judge_dest(const struct compiled *compiled, const struct egret_addr *addr,
				     const struct egret_dest *dest, uint8_t l4_proto, uint16_t port, uint32_t audience)
{
	uint32_t port_key = egret_port_key(0, l4_proto, port);
	struct judgement judgement = {};
	struct egret_audience who;
	struct egret_addr v4;
	__u64 said;

	compiled_audience(compiled, audience, &who);
	said = scan_dest(compiled, dest, port_key, &who);
	if (nat64_v4(&compiled->policy->settings.nat64, addr, &v4))
		said = egret_listed_of_both(said, scan_dest(compiled, find_dest(compiled, &v4), port_key, &who));
	egret_said_unpack(said, &judgement);
	return judgement;
}

struct judgement compiled_judge_addr(const struct compiled *compiled, const struct egret_addr *addr, uint8_t l4_proto,
				     uint16_t port, uint32_t audience)
{
	return compiled_judge_dest(compiled, addr, find_dest(compiled, addr), l4_proto, port, audience);
}

struct judgement compiled_judge_name(const struct compiled *compiled, const char *name, uint8_t l4_proto, uint16_t port,
				     uint32_t audience)
{
	const struct name_node *node = name_find(compiled->intern, name);
	struct judgement judgement = {};
	struct egret_audience who;
	struct egret_scan scan;

	if (!node)
		return (struct judgement){.reason = EGRET_REASON_NO_RULE};
	compiled_audience(compiled, audience, &who);
	scan = egret_scan_of_name(&node->scope.dest, egret_port_key(0, l4_proto, port), &who, EGRET_NEED_NOTHING);
	egret_said_unpack(scan_list(compiled, &node->scope.dest, &scan), &judgement);
	return judgement;
}
