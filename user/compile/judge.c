/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel would say: the same lists, read in the same way. */
#include <netinet/in.h>
#include <stdlib.h>

#include "internal.h"
#include "egret_reasons.h"

static struct judgement denied(uint8_t reason, uint32_t rule)
{
	return (struct judgement){.reason = reason, .rule = rule};
}

void compiled_list_meet(struct egret_port *list, size_t count, enum egret_need need)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].action == EGRET_ALLOW && list[i].private < need)
			list[i].action = EGRET_SPECIAL;
	}
}

struct judgement compiled_judge_list(const struct egret_port *list, size_t count, uint8_t l4_proto, uint16_t port,
				     uint32_t classes)
{
	struct judgement none = denied(count ? EGRET_REASON_PORT : EGRET_REASON_NO_RULE, 0);
	uint8_t void_group = 0;

	if (l4_proto == IPPROTO_ICMPV6) /* a rule says `icmp` for both families */
		l4_proto = IPPROTO_ICMP;
	for (size_t i = 0; i < count; i++) {
		const struct egret_port *entry = &list[i];

		if (!port_matches(entry, l4_proto, port) || (void_group && entry->group == void_group))
			continue;
		if (!(entry->classes & classes)) {
			if (entry->action == EGRET_ALLOW && none.reason < EGRET_REASON_CLASS)
				none.reason = EGRET_REASON_CLASS;
			continue;
		}
		if (entry->action == EGRET_ALLOW)
			return (struct judgement){.allow = true, .rule = entry->rule, .firm = entry->group != 0};
		if (entry->action == EGRET_DENY)
			return denied(EGRET_REASON_DENY_RULE, entry->rule);
		if (entry->action == EGRET_SKIP)
			void_group = entry->group;
		else if (!none.rule)
			none = denied(EGRET_REASON_SPECIAL_ADDRESS, entry->rule);
	}
	return none;
}

static int compare_addr(const void *wanted, const void *entry)
{
	return addr_compare(wanted, &((const struct compiled_addr *)entry)->addr);
}

static struct judgement judge(const struct compiled *compiled, const struct egret_dest *dest, uint8_t l4_proto,
			      uint16_t port, uint32_t classes)
{
	if (!dest->count)
		return denied(EGRET_REASON_NO_RULE, 0);
	return compiled_judge_list(&compiled->ports[dest->first], dest->count, l4_proto, port, classes);
}

struct judgement compiled_judge_addr(const struct compiled *compiled, const struct egret_addr *addr, uint8_t l4_proto,
				     uint16_t port, uint32_t classes)
{
	const struct compiled_addr *found =
	    bsearch(addr, compiled->addrs, compiled->addr_count, sizeof(*found), compare_addr);
	const struct cidr_node *around;

	if (found)
		return judge(compiled, &found->dest, l4_proto, port, classes);
	around = cidr_find(compiled->intern, addr);
	if (!around)
		return denied(EGRET_REASON_NO_RULE, 0);
	return judge(compiled, &around->scope.dest, l4_proto, port, classes);
}

struct judgement compiled_judge_name(const struct compiled *compiled, const char *name, uint8_t l4_proto, uint16_t port,
				     uint32_t classes)
{
	const struct name_node *node = name_find(compiled->intern, name);

	if (!node)
		return denied(EGRET_REASON_NO_RULE, 0);
	return judge(compiled, &node->scope.dest, l4_proto, port, classes);
}
