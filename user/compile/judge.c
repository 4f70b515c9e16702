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
	bool has_list = egret_dest_has_list(dest, scan->port_key);
	__u64 said = has_list ? 0 : egret_scan_nothing(scan);
	size_t i = 0;

	while (has_list && i < dest->count && !egret_scan_entry(scan, &compiled->ports[dest->first + i], &said))
		i++;
	return has_list && i == dest->count ? egret_scan_denies(scan) : said;
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

/* What is asked about. */
struct asking {
	const struct compiled *compiled;
	const struct egret_addr *addr; /* NULL: a name */
	const struct egret_dest *dest; /* of it; NULL: nothing */
	struct egret_audience who;
	uint32_t port_key;
};

static __u64 judge(const struct asking *asking)
{
	const struct compiled *compiled = asking->compiled;
	struct egret_scan scan;
	struct egret_addr v4;
	__u64 said;

	if (asking->addr) {
		said = scan_dest(compiled, asking->dest, asking->port_key, &asking->who);
		if (nat64_v4(&compiled->policy->settings.nat64, asking->addr, &v4))
			said = egret_listed_of_both(
			    said, scan_dest(compiled, find_dest(compiled, &v4), asking->port_key, &asking->who));
	} else {
		scan = egret_scan_of_name(asking->dest, asking->port_key, &asking->who, EGRET_NEED_NOTHING);
		said = scan_list(compiled, asking->dest, &scan);
	}
	return said;
}

static struct judgement judge_with_audit_lines(struct asking *asking)
{
	struct judgement judgement = {};
	uint32_t sees;

	egret_said_unpack(judge(asking), &judgement);
	sees = egret_audit_counts(&judgement, EGRET_HAS_AUDIT_ALLOW | EGRET_HAS_AUDIT_DENY);
	asking->port_key |= sees << EGRET_PORT_KEY_SEES_SHIFT;
	egret_add_audit(&judgement, judge(asking));
	return judgement;
}

struct judgement compiled_judge_dest(const struct compiled *compiled, const struct egret_addr *addr,
				     const struct egret_dest *dest, uint8_t l4_proto, uint16_t port, uint32_t audience)
{
	struct asking asking = {
	    .compiled = compiled, .addr = addr, .dest = dest, .port_key = egret_port_key(0, l4_proto, port)};

	compiled_audience(compiled, audience, &asking.who);
	return judge_with_audit_lines(&asking);
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
	struct asking asking = {.compiled = compiled, .port_key = egret_port_key(0, l4_proto, port)};

	if (!node)
		return (struct judgement){.reason = EGRET_REASON_NO_RULE};
	asking.dest = &node->scope.dest;
	compiled_audience(compiled, audience, &asking.who);
	return judge_with_audit_lines(&asking);
}
