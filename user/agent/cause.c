// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "cause.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "../base/nat64.h"
#include "../compile/near.h"
#include "../view/json.h"
#include "../view/rows.h"
#include "../view/subject_name.h"
#include "egret_reasons.h"
#include "egret_subject.h"

#define DNS_PORT 53
/* A server that is no resolver answered just before: then that is it, though others were given the address. */
#define STRANGER_FRESH_NS (5 * CLOCK_NS_PER_SEC)
#define STRANGER_LATE_NS  (600 * CLOCK_NS_PER_SEC)

/* --- what was learned --- */

/* Most entries are about no row: a bit for each hash of an address or name that is. */
#define FILTER_BITS 65536

struct gathering {
	struct cause_row *rows;
	size_t count;
	uint8_t filter[FILTER_BITS / 8];
};

static uint16_t hash_of_addr(const struct egret_addr *addr)
{
	uint64_t halves[2];

	memcpy(halves, addr, sizeof(halves));
	return (uint16_t)((halves[0] ^ halves[1]) * UINT64_C(0x9e3779b97f4a7c15) >> 48);
}

static uint16_t hash_of_name(uint64_t name)
{
	return (uint16_t)(name >> 32);
}

static void filter_add(struct gathering *gathering, uint16_t hash)
{
	gathering->filter[hash / 8] |= (uint8_t)(1 << hash % 8);
}

static bool filter_has(const struct gathering *gathering, uint16_t hash)
{
	return gathering->filter[hash / 8] >> hash % 8 & 1;
}

static bool is_wanted(void *context, const struct egret_learned_key *key, const struct egret_learned *learned)
{
	const struct gathering *gathering = context;
	bool wanted = filter_has(gathering, hash_of_addr(&key->addr));

	for (size_t i = 0; i < EGRET_LEARNED_NAMES && !wanted; i++)
		wanted = learned->names[i] && filter_has(gathering, hash_of_name(learned->names[i]));
	return wanted;
}

/* When the row began; a short answer may be over before anybody looks. */
static bool was_good(const struct cause_row *row, const struct kernel_lesson *lesson)
{
	return lesson->left_sec + clock_seconds_between(row->row.drop.first_ns, clock_kernel_ns()) > 0;
}

/* The one that lives longest is the one that a person still finds in `learned`. */
static void take_given(struct cause_row *row, const struct kernel_lesson *lesson)
{
	if (!lesson->policy_name || !lesson->brings_in || !was_good(row, lesson) || lesson->owner == row->row.owner)
		return;
	if (!row->given.name || lesson->left_sec > row->given.left_sec)
		row->given = *lesson;
}

/* Its owner's own comes first: others may have been answered at another time. */
static void take_ended(struct cause_row *row, const struct kernel_lesson *lesson)
{
	bool own = lesson->owner == row->row.owner;

	if (lesson->left_sec <= 0 && lesson->policy_name && (!row->ended.name || own))
		row->ended = *lesson;
}

static void take_lesson(struct cause_row *row, const struct kernel_lesson *lesson)
{
	const struct egret_addr *addr = &row->row.key.addr;
	bool is_named = lesson->name == row->row.key.name_key;

	if (addr_equal(&lesson->addr, addr) || addr_equal(&lesson->addr, &row->meant)) {
		take_given(row, lesson);
		if (is_named)
			take_ended(row, lesson);
		return;
	}
	if (is_named && addr_is_v4(&lesson->addr) != addr_is_v4(addr)) {
		row->other = lesson->addr;
		row->has_other = true;
	}
}

static int visit_lesson(void *context, const struct kernel_lesson *lesson)
{
	struct gathering *gathering = context;

	for (size_t i = 0; i < gathering->count; i++)
		take_lesson(&gathering->rows[i], lesson);
	return 0;
}

int cause_gather(const struct cause_finder *finder, struct cause_row *rows, size_t count)
{
	struct gathering gathering = {.rows = rows, .count = count};

	for (size_t i = 0; i < count; i++) {
		rows[i].meant = nat64_meant(kernel_nat64(finder->kernel), &rows[i].row.key.addr);
		filter_add(&gathering, hash_of_addr(&rows[i].row.key.addr));
		filter_add(&gathering, hash_of_addr(&rows[i].meant));
		if (rows[i].row.key.name_key)
			filter_add(&gathering, hash_of_name(rows[i].row.key.name_key));
	}
	return kernel_each_lesson_of(finder->kernel, is_wanted, visit_lesson, &gathering);
}

/* --- one row --- */

static const char *policy_name(const struct cause_finder *finder, uint32_t index)
{
	const struct compiled *compiled = finder->ruling->compiled;

	return index && index <= compiled->name_count ? compiled->names[index - 1] : "";
}

/* Of a cgroup that is gone, as one of its kind that no rule names. What of a pod is in the node's network namespace,
 * its socket tells, and not its cgroup. */
static uint32_t audience_of(const struct cause_finder *finder, const struct egret_drop_row *row)
{
	uint32_t audience = kernel_get_audience(finder->kernel, row->key.cgroup_id);

	if (!row->drop.audience)
		return audience;
	return EGRET_AUDIENCE_OF(audience ? (audience - 1) / EGRET_KINDS : 0, egret_audience_kind(row->drop.audience));
}

static struct near_packet packet_of(const struct cause_finder *finder, const struct cause_row *row, const char *name)
{
	return (struct near_packet){
	    .addr = &row->meant,
	    .name = name,
	    .policy_name = policy_name(finder, row->row.drop.name),
	    .l4_proto = row->row.key.l4_proto,
	    .port = row->row.key.port,
	    .audience = audience_of(finder, &row->row),
	};
}

static void set_rule(struct egret_completion *completion, const struct near_rule *near)
{
	snprintf(completion->rule, sizeof(completion->rule), "%s", near->rule->text);
	snprintf(completion->file, sizeof(completion->file), "%s", near->rule->file);
	snprintf(completion->allows, sizeof(completion->allows), "%s", near->allows);
	completion->line = near->rule->line;
}

/* Whom the policy trusts, where somebody else was asked. */
static void set_resolver(struct egret_completion *completion, const struct policy *policy)
{
	const struct policy_resolver *resolver = policy->resolvers;
	char text[ZONED_TEXT_SIZE];

	if (!policy->resolver_count)
		return;
	snprintf(completion->rule, sizeof(completion->rule), "resolver %s",
		 resolver->system ? "system" : zoned_addr_format(&resolver->server, text));
	snprintf(completion->file, sizeof(completion->file), "%s", resolver->file);
	completion->line = resolver->line;
}

/* As `drops` names it. */
static void set_given_to(const struct cause_finder *finder, const struct kernel_lesson *lesson,
			 struct egret_completion *ret)
{
	uint64_t pod = lesson->scope & EGRET_SCOPE_POD ? lesson->scope & ~EGRET_SCOPE_POD : 0;
	char who[ROW_WORDS_SIZE];
	json_t *row;

	if (!pod && !lesson->owner)
		return;
	row = json_object();
	json_set_subject(row, finder->kernel, pod ? pod : lesson->owner, 0, NULL);
	snprintf(ret->given_to, sizeof(ret->given_to), "%.*s", EGRET_WHO_SIZE - 1, row_who(row, who));
	json_decref(row);
}

/* Others were given the address for a name of the policy. What a rule with that name does not allow on this port, or
 * not to this subject, it would not be allowed if it asked, either. */
static bool by_given(const struct cause_finder *finder, const struct cause_row *row, struct egret_completion *ret)
{
	const struct compiled *compiled = finder->ruling->compiled;
	const char *name = policy_name(finder, row->given.policy_name);
	struct near_packet packet = packet_of(finder, row, "");
	struct near_rule near;

	packet.policy_name = name;
	packet.addr = NULL;
	if (!row->given.name)
		return false;
	if (near_by_time(compiled, &packet, &near))
		ret->cause = EGRET_CAUSE_NOT_ASKED;
	else if (near_by_class(compiled, &packet, &near))
		ret->cause = EGRET_CAUSE_CLASS_OF_NAME;
	else if (near_by_port(compiled, &packet, &near))
		ret->cause = EGRET_CAUSE_PORT_OF_NAME;
	else
		return false;
	set_rule(ret, &near);
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	set_given_to(finder, &row->given, ret);
	return true;
}

/* Did a server that is no resolver answer the row's owner, @within_ns before the row began? What it answered nobody
 * knows: it is a guess, and none where no rule with a name allows the port. One that the policy trusts by now was none
 * when it answered. */
static bool by_stranger(const struct cause_finder *finder, const struct cause_row *row, uint64_t within_ns,
			struct egret_completion *ret)
{
	struct near_packet packet = packet_of(finder, row, "");
	struct egret_stranger stranger;

	if (!near_may_be_named(finder->ruling->compiled, &packet))
		return false;
	if (kernel_get_stranger(finder->kernel, row->row.owner, &stranger) ||
	    stranger.last_ns + within_ns < row->row.drop.first_ns ||
	    kernel_may_ask(finder->kernel, &stranger.server, NULL))
		return false;
	ret->cause = EGRET_CAUSE_UNTRUSTED_RESOLVER;
	ret->server = stranger.server;
	set_resolver(ret, finder->ruling->policy);
	return true;
}

/* The name leads to addresses of both families, and a rule has the other one. */
static bool by_other_family(const struct cause_finder *finder, const struct cause_row *row,
			    struct egret_completion *ret)
{
	struct near_packet packet = packet_of(finder, row, "");
	char address[ADDR_TEXT_SIZE];
	struct near_rule near;

	packet.addr = &row->other;
	packet.policy_name = "";
	if (!row->has_other || !near_by_time(finder->ruling->compiled, &packet, &near))
		return false;
	set_rule(ret, &near);
	snprintf(ret->allows, sizeof(ret->allows), "%s", addr_format(&row->other, address));
	return true;
}

/* Of what is @name, which no rule has, an alias? @ret has the cause by then, and *@ret_packet the name that rules may
 * have. ALIAS_ASKED: neither, for the answer is not there yet. */
static enum alias_state find_alias(const struct cause_finder *finder, const struct cause_row *row, const char *name,
				   struct near_packet *ret_packet, struct egret_completion *ret)
{
	enum alias_state alias =
	    aliases_ask(finder->aliases, finder->ruling, finder->book, row->row.owner, name, ret->name);

	if (alias == ALIAS_ASKED)
		return alias;
	*ret_packet = packet_of(finder, row, alias == ALIAS_FOUND ? ret->name : name);
	ret->cause = alias == ALIAS_FOUND ? EGRET_CAUSE_ALIAS : EGRET_CAUSE_NAME_NOT_IN_POLICY;
	return alias;
}

static bool by_name(const struct cause_finder *finder, const struct cause_row *row, const char *name,
		    struct egret_completion *ret)
{
	const struct compiled *compiled = finder->ruling->compiled;
	struct near_packet packet;
	enum alias_state alias = find_alias(finder, row, name, &packet, ret);
	struct near_rule near;

	if (alias == ALIAS_ASKED)
		return false;
	if (alias == ALIAS_FOUND) {
		packet.addr = NULL;
		if (near_by_port(compiled, &packet, &near))
			set_rule(ret, &near);
	} else if (!by_other_family(finder, row, ret) && near_by_name(compiled, &packet, &near)) {
		set_rule(ret, &near);
	}
	return true;
}

static void by_address(const struct cause_finder *finder, const struct cause_row *row, struct egret_completion *ret)
{
	struct near_packet packet = packet_of(finder, row, "");
	struct near_rule near;

	ret->cause = EGRET_CAUSE_ADDRESS_NOT_IN_POLICY;
	if (row->row.key.port == DNS_PORT)
		set_resolver(ret, finder->ruling->policy);
	else if (near_by_address(finder->ruling->compiled, &packet, &near))
		set_rule(ret, &near);
}

/* No rule allows the destination. */
static bool by_nothing(const struct cause_finder *finder, const struct cause_row *row, const char *name,
		       struct egret_completion *ret)
{
	if (*name && !near_has_name(finder->ruling->compiled, name))
		return by_name(finder, row, name, ret);
	if (by_stranger(finder, row, STRANGER_FRESH_NS, ret) || by_given(finder, row, ret) ||
	    by_stranger(finder, row, STRANGER_LATE_NS, ret))
		return true;
	by_address(finder, row, ret);
	return true;
}

/* The name for which the address was answered since, if no rule has it: whoever uses that one is denied however often
 * it asks, whatever becomes of the name whose answer is over. 0 = none. */
static uint64_t later_name(const struct cause_finder *finder, const struct cause_row *row, struct egret_asked *ret)
{
	uint64_t last = row->ended.name ? row->ended.last_name : 0;

	if (!last || last == row->row.key.name_key || kernel_get_asked(finder->kernel, last, ret) ||
	    near_has_name(finder->ruling->compiled, ret->name))
		return 0;
	return last;
}

static bool by_later_name(const struct cause_finder *finder, const struct cause_row *row, uint64_t later,
			  const char *name, struct egret_completion *ret)
{
	const struct compiled *compiled = finder->ruling->compiled;
	struct near_packet packet;
	enum alias_state alias = find_alias(finder, row, name, &packet, ret);
	struct near_rule near;

	if (alias == ALIAS_ASKED)
		return false;
	ret->asked = later;
	packet.addr = NULL;
	packet.policy_name = "";
	if (alias == ALIAS_FOUND ? near_by_time(compiled, &packet, &near) : near_by_name(compiled, &packet, &near))
		set_rule(ret, &near);
	return true;
}

static bool by_time(const struct cause_finder *finder, const struct cause_row *row, const char *name,
		    struct egret_completion *ret)
{
	const struct egret_drop *drop = &row->row.drop;
	struct near_packet packet = packet_of(finder, row, name);
	int64_t over_sec = -row->ended.left_sec - clock_seconds_between(drop->first_ns, clock_kernel_ns());
	struct egret_asked asked;
	uint64_t later = later_name(finder, row, &asked);
	struct near_rule near;

	if (later)
		return by_later_name(finder, row, later, asked.name, ret);
	if (row->ended.name) {
		packet.policy_name = policy_name(finder, row->ended.policy_name);
		ret->over_sec = over_sec > 0 ? (uint32_t)over_sec : 0;
		ret->ttl_sec = row->ended.ttl_sec;
	}
	snprintf(ret->name, sizeof(ret->name), "%s", packet.policy_name);
	packet.addr = NULL;
	if (near_by_time(finder->ruling->compiled, &packet, &near))
		set_rule(ret, &near);
	return true;
}

bool cause_find(const struct cause_finder *finder, const struct cause_row *row, struct egret_completion *ret)
{
	const struct egret_drop_row *denied = &row->row;
	struct egret_asked asked = {};
	struct near_packet packet;
	struct near_rule near;

	*ret = (struct egret_completion){
	    .key = denied->key,
	    .first_ns = denied->drop.first_ns,
	    .completed_ns = clock_realtime_ns(),
	    .generation = finder->generation,
	};
	if (denied->key.name_key && kernel_get_asked(finder->kernel, denied->key.name_key, &asked))
		asked.name[0] = '\0';
	packet = packet_of(finder, row, asked.name);
	switch (denied->key.reason) {
	case EGRET_REASON_NO_RULE:
		return by_nothing(finder, row, asked.name, ret);
	case EGRET_REASON_PORT:
		if (near_by_port(finder->ruling->compiled, &packet, &near) ||
		    near_by_port_of_others(finder->ruling->compiled, &packet, &near))
			set_rule(ret, &near);
		return true;
	case EGRET_REASON_CLASS:
		if (near_by_class(finder->ruling->compiled, &packet, &near))
			set_rule(ret, &near);
		return true;
	case EGRET_REASON_EXPIRED:
		return by_time(finder, row, asked.name, ret);
	default:
		return true;
	}
}
