/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is said of a policy that could be compiled, and of one that could not. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../base/nat64.h"
#include "internal.h"
#include "special.h"
#include "egret_reasons.h"
#include "egret_subject.h"

static bool has_action(const struct compiler *compiler, const struct egret_dest *dest, uint8_t action)
{
	for (uint32_t i = 0; i < dest->count; i++) {
		if (compiler->out->ports[dest->first + i].action == action)
			return true;
	}
	return false;
}

/* A denied name takes nothing from a rule that allows its address, where it may not bring that in. */
static void find_special_deny(struct compiler *compiler, const char *name, const struct name_node *node,
			      const struct egret_addr *addr)
{
	const struct cidr_node *around = cidr_find(compiler, addr);
	const char *kind = addr_special_kind(addr);
	char text[ADDR_TEXT_SIZE];
	uint32_t rule;

	if (!node->scope.dest.count || !around || has_action(compiler, &around->scope.dest, EGRET_DENY) ||
	    !has_action(compiler, &around->scope.dest, EGRET_ALLOW))
		return;
	rule = compiler->out->ports[node->scope.dest.first].rule;
	diag_add(compiler->diag, DIAG_WARNING, rule_place(compiler, rule_index(compiler, rule)),
		 "%s resolves to %s, %s, which names may not bring in; deny the address itself if this is meant", name,
		 addr_format(addr, text), kind ? kind : "an internal address");
}

/* Do rules for the address itself decide what @allow is about? */
static bool is_decided(const struct compiler *compiler, const struct egret_addr *addr, const struct egret_port *allow)
{
	const struct cidr_node *around = cidr_find(compiler, addr);
	const struct egret_dest *dest = around ? &around->scope.dest : NULL;
	struct egret_port plain = *allow;

	plain.private = 0;
	for (uint32_t i = 0; dest && i < dest->count; i++) {
		if (port_is_seen_with(&compiler->out->ports[dest->first + i], &plain) &&
		    port_covers(compiler, &compiler->out->ports[dest->first + i], &plain))
			return true;
	}
	return false;
}

/* Silent where rules for the address itself say as much. Of several rules the first is told. */
void finding_special(struct compiler *compiler, const char *name, const struct name_node *node,
		     const struct egret_addr *addr)
{
	struct egret_addr meant = nat64_meant(&compiler->out->policy->settings.nat64, addr);
	const struct egret_dest *dest = &node->scope.dest;
	char text[SPECIAL_SENTENCE_SIZE];

	if (node->first_allow == UINT32_MAX)
		find_special_deny(compiler, name, node, &meant);
	for (uint32_t i = 0; i < dest->count; i++) {
		const struct egret_port *allow = &compiler->out->ports[dest->first + i];
		uint32_t index = rule_index(compiler, allow->rule);

		if (allow->action != EGRET_ALLOW || allow->audit || is_decided(compiler, addr, allow) ||
		    is_decided(compiler, &meant, allow))
			continue;
		diag_add(compiler->diag, DIAG_WARNING, rule_place(compiler, index), "this rule %s",
			 special_sentence(name, addr, &meant, rule_text(compiler, index)->text, text));
		return;
	}
}

/* Does the allow at @at keep a destination that @deny would take away, and that no entry before it denies? */
static bool stands_against(const struct compiler *compiler, const struct list *list, size_t at,
			   const struct egret_port *deny)
{
	const struct egret_port *allow = &list->entries[at];

	if (allow->action != EGRET_ALLOW || allow->audit || !allow->group || !port_overlaps(compiler, allow, deny))
		return false;
	for (size_t i = 0; i < at; i++) {
		const struct egret_port *earlier = &list->entries[i];

		if (port_is_seen_with(earlier, deny) &&
		    (earlier->action == EGRET_DENY ||
		     (earlier->action == EGRET_SKIP && earlier->group == allow->group)) &&
		    port_covers(compiler, earlier, deny))
			return false;
	}
	return true;
}

/* A deny of a name is no boundary where an allowed name has the same address. */
static void find_shared(struct compiler *compiler, const struct list *list, const struct addr_name *name)
{
	const struct egret_dest *dest = &name->node->scope.dest;
	char text[ADDR_TEXT_SIZE];

	for (uint32_t d = 0; d < dest->count; d++) {
		const struct egret_port *deny = &compiler->out->ports[dest->first + d];
		struct diag_place allowed;
		size_t at = 0;

		if (deny->action != EGRET_DENY)
			return;
		if (deny->audit)
			continue;
		while (at < list->count && !stands_against(compiler, list, at, deny))
			at++;
		if (at == list->count || !tell_once(compiler, rule_index(compiler, deny->rule), TOLD_SHARED))
			continue;
		allowed = rule_place(compiler, rule_index(compiler, list->entries[at].rule));
		diag_add(compiler->diag, DIAG_WARNING, rule_place(compiler, rule_index(compiler, deny->rule)),
			 "this deny is no boundary: %s has %s, and so has a name that %s:%u allows, which keeps its "
			 "ports; deny the address itself if this is meant",
			 name->node->text, addr_format(&name->addr, text), allowed.file, allowed.line);
	}
}

/* Which rule of the floor the name has, that @deny would take an address from. */
static const struct egret_port *find_floor(const struct compiler *compiler, const struct egret_dest *dest,
					   const struct egret_port *deny)
{
	for (uint32_t i = 0; i < dest->count; i++) {
		const struct egret_port *allow = &compiler->out->ports[dest->first + i];

		if (allow->action == EGRET_ALLOW && rule_is_floor(compiler, rule_index(compiler, allow->rule)) &&
		    port_overlaps(compiler, allow, deny))
			return allow;
	}
	return NULL;
}

/* A warning only: what a name resolves to changes by the minute, and a reload must not fail for it. */
static void find_floor_address(struct compiler *compiler, const struct list *list, const struct addr_name *name)
{
	char text[ADDR_TEXT_SIZE];

	for (size_t i = 0; i < list->count && list->entries[i].action == EGRET_DENY; i++) {
		const struct egret_port *deny = &list->entries[i];
		const struct egret_port *floor = find_floor(compiler, &name->node->scope.dest, deny);
		struct diag_place place;

		if (!floor || deny->audit || !tell_once(compiler, rule_index(compiler, deny->rule), TOLD_FLOOR_ADDR))
			continue;
		place = rule_place(compiler, rule_index(compiler, floor->rule));
		diag_add(compiler->diag, DIAG_WARNING, rule_place(compiler, rule_index(compiler, deny->rule)),
			 "this deny takes away %s, an address of %s, which a node needs (%s:%u); narrow the deny",
			 addr_format(&name->addr, text), name->node->text, place.file, place.line);
	}
}

void finding_address(struct compiler *compiler, const struct list *list, const struct addr_names *names)
{
	for (size_t i = 0; compiler->diag && i < names->count; i++) {
		if (!name_brings_in(compiler, names->all[i].node, names->need))
			continue;
		find_shared(compiler, list, &names->all[i]);
		if (compiler->out->policy->settings.floor)
			find_floor_address(compiler, list, &names->all[i]);
	}
}

static size_t scope_count(const struct compiler *compiler)
{
	return compiler->cidr_count + compiler->out->name_count;
}

static const struct scope *scope_at(const struct compiler *compiler, size_t at)
{
	if (at < compiler->cidr_count)
		return &compiler->cidrs[at].scope;
	return &compiler->names[at - compiler->cidr_count].scope;
}

/* --- a rule that other rules make needless --- */

struct tally {
	bool needed;    /* at some destination it says what no other rule says */
	bool several;   /* more than one other rule is behind it */
	uint32_t by;    /* the id of the first of these, 0 = none yet */
	uint8_t action; /* of that rule */
};

static bool has_ref(const struct scope *scope, uint32_t index)
{
	size_t low = 0, high = scope->ref_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (scope->refs[middle] < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low < scope->ref_count && scope->refs[low] == index;
}

/* The entry of another rule that makes @entry needless here. An exact name is asked for; were
 * it left to the pattern that covers it, nobody would ask. */
static const struct egret_port *find_cover(const struct compiler *compiler, const struct scope *scope,
					   const struct egret_port *entry)
{
	for (uint32_t i = 0; i < scope->dest.count; i++) {
		const struct egret_port *other = &compiler->out->ports[scope->dest.first + i];

		if (other->rule == entry->rule || !port_is_seen_with(other, entry) ||
		    !port_covers(compiler, other, entry))
			continue;
		if (other->action == EGRET_DENY)
			return other;
		if (entry->action == EGRET_ALLOW &&
		    (!scope->exact_name || has_ref(scope, rule_index(compiler, other->rule))))
			return other;
	}
	return NULL;
}

static void tally_rule(const struct compiler *compiler, const struct scope *scope, uint32_t index, struct tally *tally)
{
	const struct egret_rule *rule = rule_ports(compiler, index);

	for (uint32_t i = 0; i < rule->count && !tally->needed; i++) {
		struct egret_port entry = compiler->out->ports[rule->first + i];
		const struct egret_port *other;

		if (scope->is_cidr)
			entry.app = entry.private = 0;
		other = find_cover(compiler, scope, &entry);
		if (!other) {
			tally->needed = true;
			return;
		}
		if (tally->by && tally->by != other->rule)
			tally->several = true;
		if (!tally->by) {
			tally->by = other->rule;
			tally->action = other->action;
		}
	}
}

/* Rules of the floor are there in any case, and of equal texts the parser has told. */
static void report_tally(struct compiler *compiler, uint32_t index, const struct tally *tally)
{
	const struct policy_rule *rule = &compiler->out->policy->rules[index];
	struct diag_place place;
	uint32_t by;

	if (tally->needed || !tally->by || rule_is_floor(compiler, index))
		return;
	by = rule_index(compiler, tally->by);
	if (!strcmp(rule_text(compiler, by)->text, rule->text))
		return;
	place = rule_place(compiler, by);
	diag_add(compiler->diag, DIAG_WARNING, rule_place(compiler, index),
		 "this rule changes nothing: %s:%u%s %s all of it; remove one of them", place.file, place.line,
		 tally->several ? ", with others," : "",
		 tally->action != EGRET_DENY  ? "allows"
		 : rule->action == EGRET_DENY ? "denies"
					      : "takes away");
}

static int report_needless(struct compiler *compiler)
{
	struct tally *tallies = calloc(compiler->out->rule_count + 1, sizeof(*tallies));

	if (!tallies)
		return -ENOMEM;
	for (size_t s = 0; s < scope_count(compiler); s++) {
		const struct scope *scope = scope_at(compiler, s);

		for (uint32_t i = 0; i < scope->ref_count; i++) {
			if (!tallies[scope->refs[i]].needed)
				tally_rule(compiler, scope, scope->refs[i], &tallies[scope->refs[i]]);
		}
	}
	for (uint32_t i = 0; i < compiler->out->policy->rule_count; i++)
		report_tally(compiler, i, &tallies[i]);
	free(tallies);
	return 0;
}

/* --- the floor --- */

static void report_floor(struct compiler *compiler, const struct egret_port *deny, uint32_t floor_index)
{
	struct diag_place place = rule_place(compiler, floor_index);

	if (tell_once(compiler, rule_index(compiler, deny->rule), TOLD_FLOOR))
		diag_add(compiler->diag, DIAG_ERROR, rule_place(compiler, rule_index(compiler, deny->rule)),
			 "this deny covers what a node needs, `%s` (%s:%u); narrow it, or `set floor = off`",
			 rule_text(compiler, floor_index)->text, place.file, place.line);
}

static void check_floor_rule(struct compiler *compiler, const struct scope *scope, uint32_t index)
{
	const struct compiled *out = compiler->out;
	const struct egret_rule *rule = rule_ports(compiler, index);

	for (uint32_t d = 0; d < scope->dest.count; d++) {
		const struct egret_port *deny = &out->ports[scope->dest.first + d];

		if (deny->action != EGRET_DENY)
			return;
		for (uint32_t i = 0; i < rule->count && !deny->audit; i++) {
			if (port_overlaps(compiler, deny, &out->ports[rule->first + i]))
				report_floor(compiler, deny, index);
		}
	}
}

static void check_floor(struct compiler *compiler)
{
	for (size_t s = 0; s < scope_count(compiler); s++) {
		const struct scope *scope = scope_at(compiler, s);

		if (!has_action(compiler, &scope->dest, EGRET_DENY))
			continue;
		for (uint32_t i = 0; i < scope->ref_count; i++) {
			if (rule_is_floor(compiler, scope->refs[i]))
				check_floor_rule(compiler, scope, scope->refs[i]);
		}
	}
}

/* --- patterns --- */

static void report_unlearnable(struct compiler *compiler)
{
	const struct compiled *out = compiler->out;

	if (out->policy->resolver_count)
		return;
	for (size_t i = 0; i < out->name_count; i++) {
		const struct scope *scope = &compiler->names[i].scope;

		if (scope->exact_name || !scope->ref_count)
			continue;
		diag_add(compiler->diag, DIAG_WARNING, rule_place(compiler, scope->refs[0]),
			 "`%s` is learned from a resolver's answers, and no resolver is trusted to teach; write "
			 "`resolver system` or `resolver ADDRESS`",
			 out->names[i]);
		return;
	}
}

/* --- NAT64 --- */

/* Who allows ::/0 means all of IPv6, and says so. */
static bool opens_nat64(const struct policy_rule *rule, const struct cidr *prefix)
{
	for (size_t d = 0; rule->action == EGRET_ALLOW && !rule->audit && d < rule->dest_count; d++) {
		const struct policy_dest *dest = &rule->dests[d];

		if (dest->kind == POLICY_DEST_CIDR && dest->cidr.prefix_len && cidr_covers(&dest->cidr, prefix))
			return true;
	}
	return false;
}

static void report_nat64(struct compiler *compiler)
{
	const struct policy *policy = compiler->out->policy;
	struct cidr prefix = nat64_prefix(&policy->settings.nat64);
	char text[ADDR_TEXT_SIZE];

	for (uint32_t i = 0; i < policy->rule_count; i++) {
		if (opens_nat64(&policy->rules[i], &prefix))
			diag_add(compiler->diag, DIAG_WARNING, rule_place(compiler, i),
				 "this rule opens all of IPv4 behind NAT64: below %s is every IPv4 address (RFC 6052); "
				 "remove it, for rules of names and of IPv4 addresses hold there, too",
				 cidr_format(&prefix, text));
	}
}

/* --- requirements --- */

static bool host_may(const struct compiler *compiler, const struct policy_dest *dest, const struct policy_port *port)
{
	const struct compiled *out = compiler->out;

	struct judgement verdict;

	if (dest->kind == POLICY_DEST_CIDR)
		verdict = compiled_judge_addr(out, &dest->cidr.addr, port->l4_proto, port->lo, EGRET_AUDIENCE_HOST);
	else
		verdict = compiled_judge_name(out, dest->name, port->l4_proto, port->lo, EGRET_AUDIENCE_HOST);
	return egret_passes(&verdict);
}

/* One of the list must answer, so one of it must be allowed. */
static void check_requirement(struct compiler *compiler, const struct policy_require *require)
{
	const struct diag_place place = {.file = require->file, .line = require->line};
	char text[POLICY_REQUIRE_TEXT_SIZE], dest[256], port[24];

	for (size_t i = 0; i < require->dest_count; i++) {
		if (host_may(compiler, &require->dests[i], &require->port))
			return;
	}
	diag_add(compiler->diag, DIAG_ERROR, place,
		 "the policy requires %s, and denies it to the host; write `allow %s %s` too",
		 policy_require_format(require, text), policy_dest_format(&require->dests[0], dest),
		 policy_port_format(&require->port, port));
}

int findings_report(struct compiler *compiler)
{
	for (size_t i = 0; i < compiler->out->policy->require_count; i++)
		check_requirement(compiler, &compiler->out->policy->requires[i]);
	if (compiler->out->policy->settings.floor)
		check_floor(compiler);
	report_unlearnable(compiler);
	report_nat64(compiler);
	return report_needless(compiler);
}
