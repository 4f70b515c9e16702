/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs would say: the same lists, read by the same lines (egret_decide.h). */
#include <netinet/in.h>
#include <stdlib.h>

#include "internal.h"
#include "egret_reasons.h"

/* @dest without a list: a policy may have no list at all. */
static struct judgement scan_list(const struct compiled *compiled, const struct egret_dest *dest,
				  struct egret_scan *scan)
{
	struct judgement judgement = {};
	__u64 said = dest->count ? 0 : egret_scan_nothing(scan);
	size_t i = 0;

	while (i < dest->count && !egret_scan_entry(scan, &compiled->ports[dest->first + i], &said))
		i++;
	if (dest->count && i == dest->count)
		said = egret_scan_denies(scan);
	egret_said_unpack(said, &judgement);
	return judgement;
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

struct judgement compiled_judge_dest(const struct compiled *compiled, const struct egret_dest *dest, uint8_t l4_proto,
				     uint16_t port, uint32_t audience)
{
	struct egret_audience who;
	struct egret_scan scan = egret_scan_of_addr(dest, egret_port_key(0, l4_proto, port), &who);

	compiled_audience(compiled, audience, &who);
	return scan_list(compiled, dest, &scan);
}

struct judgement compiled_judge_addr(const struct compiled *compiled, const struct egret_addr *addr, uint8_t l4_proto,
				     uint16_t port, uint32_t audience)
{
	const struct egret_dest *dest = find_dest(compiled, addr);

	if (!dest)
		return (struct judgement){.reason = EGRET_REASON_NO_RULE};
	return compiled_judge_dest(compiled, dest, l4_proto, port, audience);
}

struct judgement compiled_judge_name(const struct compiled *compiled, const char *name, uint8_t l4_proto, uint16_t port,
				     uint32_t audience)
{
	const struct name_node *node = name_find(compiled->intern, name);
	struct egret_audience who;
	struct egret_scan scan;

	if (!node)
		return (struct judgement){.reason = EGRET_REASON_NO_RULE};
	compiled_audience(compiled, audience, &who);
	scan = egret_scan_of_name(&node->scope.dest, egret_port_key(0, l4_proto, port), &who, EGRET_NEED_NOTHING);
	return scan_list(compiled, &node->scope.dest, &scan);
}
