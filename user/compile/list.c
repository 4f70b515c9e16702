/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One destination's list: which entries, in which order, and which are left out. */
#include <netinet/in.h>

#include "internal.h"
#include "egret_reasons.h"

static bool has_ports(uint8_t l4_proto)
{
	return l4_proto != EGRET_L4_ANY && l4_proto != IPPROTO_ICMP;
}

static bool covers_ports(const struct egret_port *outer, const struct egret_port *inner)
{
	if (outer->l4_proto == EGRET_L4_ANY)
		return true;
	if (outer->l4_proto != inner->l4_proto)
		return false;
	return !has_ports(outer->l4_proto) || (outer->lo <= inner->lo && inner->hi <= outer->hi);
}

bool port_covers(const struct compiler *compiler, const struct egret_port *outer, const struct egret_port *inner)
{
	return covers_ports(outer, inner) && set_covers(compiler->out, outer->set, inner->set) &&
	       (outer->app == EGRET_APP_NONE || outer->app == inner->app) &&
	       (outer->action != EGRET_ALLOW || outer->private >= inner->private);
}

static bool overlaps_ports(const struct egret_port *a, const struct egret_port *b)
{
	if (a->l4_proto == EGRET_L4_ANY || b->l4_proto == EGRET_L4_ANY)
		return true;
	if (a->l4_proto != b->l4_proto)
		return false;
	return !has_ports(a->l4_proto) || (a->lo <= b->hi && b->lo <= a->hi);
}

bool port_overlaps(const struct compiler *compiler, const struct egret_port *a, const struct egret_port *b)
{
	return overlaps_ports(a, b) && set_overlaps(compiler->out, a->set, b->set);
}

/* Can a skip of the group void @entry for packets that @other is about? */
static bool may_be_void(const struct list *list, const struct compiler *compiler, const struct egret_port *entry,
			const struct egret_port *other)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct egret_port *skip = &list->entries[i];

		if (skip->action == EGRET_SKIP && skip->group == entry->group && port_overlaps(compiler, skip, other))
			return true;
	}
	return false;
}

/* Who sees @entry, does he see @earlier, too? An `audit` line is seen where it is asked for: allows and denies apart.
 */
bool port_is_seen_with(const struct egret_port *earlier, const struct egret_port *entry)
{
	return !earlier->audit || earlier->audit == entry->audit;
}

/* Is everything that @entry matches decided before it? */
static bool is_covered(const struct list *list, const struct compiler *compiler, const struct egret_port *entry)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct egret_port *earlier = &list->entries[i];

		if (earlier->action == EGRET_SPECIAL || !port_is_seen_with(earlier, entry) ||
		    !port_covers(compiler, earlier, entry))
			continue;
		if (earlier->group && earlier->group == entry->group)
			return true;
		if (earlier->action != EGRET_SKIP && (!earlier->group || !may_be_void(list, compiler, earlier, entry)))
			return true;
	}
	return false;
}

void list_add(struct list *list, const struct compiler *compiler, struct egret_port entry)
{
	if (is_covered(list, compiler, &entry))
		return;
	if (list->count < EGRET_MAX_PORTS_PER_DEST)
		list->entries[list->count++] = entry;
	else if (!list->over)
		list->over = entry.rule;
}

static void add_rule(struct list *list, const struct compiler *compiler, uint32_t index, bool is_cidr)
{
	const struct egret_rule *rule = rule_ports(compiler, index);

	for (uint32_t i = 0; i < rule->count; i++) {
		struct egret_port entry = compiler->out->ports[rule->first + i];

		if (is_cidr)
			entry.app = entry.private = 0;
		list_add(list, compiler, entry);
	}
}

void list_add_scope(struct list *list, const struct compiler *compiler, const struct scope *scope,
		    const struct egret_dest *around, uint8_t action)
{
	uint32_t outer_count = around ? around->count : 0, at = 0;
	const struct egret_port *outer = outer_count ? &compiler->out->ports[around->first] : NULL;

	for (uint32_t i = 0; i < scope->ref_count; i++) {
		uint32_t index = scope->refs[i];

		if (rule_action(compiler, index) != action)
			continue;
		for (; at < outer_count; at++) {
			if (outer[at].action == action && rule_index(compiler, outer[at].rule) > index)
				break;
			if (outer[at].action == action)
				list_add(list, compiler, outer[at]);
		}
		add_rule(list, compiler, index, scope->is_cidr);
	}
	for (; at < outer_count; at++) {
		if (outer[at].action == action)
			list_add(list, compiler, outer[at]);
	}
}

uint16_t list_flags(const struct list *list)
{
	size_t i = 0;

	/* A skip says nothing where the allows that it voids are not seen. */
	while (i < list->count && (list->entries[i].audit || list->entries[i].action == EGRET_SKIP))
		i++;
	return list->count && i == list->count ? EGRET_DEST_AUDIT : 0;
}

void list_of_scope(struct list *list, const struct compiler *compiler, const struct scope *scope,
		   const struct egret_dest *around)
{
	list->count = 0;
	list->over = 0;
	list_add_scope(list, compiler, scope, around, EGRET_DENY);
	list_add_scope(list, compiler, scope, around, EGRET_ALLOW);
}
