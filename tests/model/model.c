/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "egret_reasons.h"
#include "memory.h"
#include "model.h"
#include "special.h"
#include "egret_policy.h"

/* --- one port of one rule --- */

static uint8_t family_free(uint8_t l4_proto)
{
	return l4_proto == IPPROTO_ICMPV6 ? IPPROTO_ICMP : l4_proto;
}

static bool port_takes(const struct policy_port *port, const struct model_packet *packet)
{
	if (port->l4_proto == EGRET_L4_ANY)
		return true;
	if (port->l4_proto != family_free(packet->l4_proto))
		return false;
	return port->l4_proto == IPPROTO_ICMP || (packet->port >= port->lo && packet->port <= port->hi);
}

static bool class_takes(const struct policy_class *class, const struct model_packet *packet)
{
	if (class->kind == POLICY_FOR_HOST)
		return packet->host;
	if (class->kind == POLICY_FOR_PODS)
		return packet->pods;
	if (class->kind == POLICY_FOR_HOSTNETWORK)
		return packet->pods && packet->hostnetwork;
	if (class->kind == POLICY_FOR_PODS_NOT_HOSTNETWORK)
		return packet->pods && !packet->hostnetwork;
	for (size_t i = 0; class->kind == POLICY_FOR_CGROUP && i < packet->cgroup_count; i++) {
		if (!strcmp(class->path, packet->cgroups[i]))
			return true;
	}
	return class->kind == POLICY_FOR_ALL;
}

static bool rule_takes_port(const struct policy_rule *rule, const struct model_packet *packet)
{
	for (size_t i = 0; i < rule->port_count; i++) {
		if (port_takes(&rule->ports[i], packet))
			return true;
	}
	return false;
}

static bool rule_takes(const struct policy_rule *rule, const struct model_packet *packet)
{
	return rule_takes_port(rule, packet) && class_takes(&rule->class, packet);
}

/* --- which rules speak of a destination --- */

static bool pattern_takes(const char *below, const char *name)
{
	size_t len = strlen(name), tail = strlen(below);

	return len > tail + 1 && name[len - tail - 1] == '.' && !strcmp(name + len - tail, below);
}

static bool dest_is_name(const struct policy_dest *dest, const char *name)
{
	if (dest->kind == POLICY_DEST_NAME)
		return !strcmp(dest->name, name);
	return dest->kind == POLICY_DEST_PATTERN && pattern_takes(dest->name, name);
}

static bool rule_names(const struct policy_rule *rule, const char *name)
{
	for (size_t i = 0; i < rule->dest_count; i++) {
		if (dest_is_name(&rule->dests[i], name))
			return true;
	}
	return false;
}

static bool bits_equal(const struct cidr *cidr, const struct egret_addr *addr)
{
	for (unsigned int bit = 0; bit < cidr->prefix_len; bit++) {
		unsigned int shift = 7 - bit % 8;

		if ((cidr->addr.bytes[bit / 8] >> shift & 1) != (addr->bytes[bit / 8] >> shift & 1))
			return false;
	}
	return true;
}

static bool rule_holds(const struct policy_rule *rule, const struct egret_addr *addr)
{
	for (size_t i = 0; i < rule->dest_count; i++) {
		if (rule->dests[i].kind == POLICY_DEST_CIDR && bits_equal(&rule->dests[i].cidr, addr))
			return true;
	}
	return false;
}

/* --- is a rule's port taken away as a whole, so that it cannot be what a denial is about? --- */

static bool path_within(const char *inner, const char *outer)
{
	size_t len = strlen(outer);

	return !strcmp(outer, "/") || (!strncmp(inner, outer, len) && (!inner[len] || inner[len] == '/'));
}

static bool class_within(const struct policy_class *inner, const struct policy_class *outer)
{
	if (outer->kind == POLICY_FOR_ALL)
		return true;
	if (outer->kind == POLICY_FOR_PODS &&
	    (inner->kind == POLICY_FOR_HOSTNETWORK || inner->kind == POLICY_FOR_PODS_NOT_HOSTNETWORK))
		return true;
	return outer->kind == inner->kind &&
	       (outer->kind != POLICY_FOR_CGROUP || path_within(inner->path, outer->path));
}

static bool port_within(const struct policy_port *inner, const struct policy_port *outer)
{
	if (outer->l4_proto == EGRET_L4_ANY)
		return true;
	if (outer->l4_proto != inner->l4_proto)
		return false;
	return inner->l4_proto == IPPROTO_ICMP || (outer->lo <= inner->lo && inner->hi <= outer->hi);
}

/* A port of an allow, as it stands for a name or for an address: that one shows no server name. */
struct allowed_port {
	const struct policy_rule *rule;
	const struct policy_port *port;
	uint8_t app;
};

/* An `audit deny` takes nothing away, also where what it would deny is worked out. */
static bool takes_away(const struct policy_rule *deny, bool deny_is_by_address, const struct allowed_port *allowed)
{
	if (deny->action != EGRET_DENY || deny->audit || !class_within(&allowed->rule->class, &deny->class))
		return false;
	for (size_t i = 0; i < deny->port_count; i++) {
		uint8_t app = deny_is_by_address ? EGRET_APP_NONE : deny->ports[i].app;

		if (port_within(allowed->port, &deny->ports[i]) && (app == EGRET_APP_NONE || app == allowed->app))
			return true;
	}
	return false;
}

/* --- names of an address --- */

#define MAX_NAMES 256

static bool name_denies(const struct policy *policy, const char *name, const struct allowed_port *allowed)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		if (rule_names(&policy->rules[i], name) && takes_away(&policy->rules[i], false, allowed))
			return true;
	}
	return false;
}

static bool rule_allows_name(const struct policy *policy, const struct policy_rule *rule, const char *name)
{
	for (size_t p = 0; rule->action == EGRET_ALLOW && rule_names(rule, name) && p < rule->port_count; p++) {
		struct allowed_port allowed = {rule, &rule->ports[p], rule->ports[p].app};

		if (!name_denies(policy, name, &allowed))
			return true;
	}
	return false;
}

/* The first rule that allows the name something, and behind all of these the first `audit` line; SIZE_MAX = none. */
static size_t first_allow(const struct policy *policy, const char *name)
{
	size_t first_audit = SIZE_MAX;

	for (size_t i = 0; i < policy->rule_count; i++) {
		if (!rule_allows_name(policy, &policy->rules[i], name))
			continue;
		if (!policy->rules[i].audit)
			return i;
		if (first_audit == SIZE_MAX)
			first_audit = policy->rule_count + i;
	}
	return first_audit;
}

bool model_is_translated(const struct policy *policy, const struct egret_addr *addr, struct egret_addr *ret)
{
	if (memcmp(addr->bytes, &policy->settings.nat64, 12) != 0)
		return false;
	memset(ret, 0, sizeof(*ret));
	ret->bytes[10] = ret->bytes[11] = 0xff;
	memcpy(&ret->bytes[12], &addr->bytes[12], 4);
	return true;
}

/* Behind NAT64 the IPv4 address is what counts. */
static bool is_special(const struct policy *policy, const struct egret_addr *addr)
{
	struct egret_addr v4;

	return model_is_special(model_is_translated(policy, addr, &v4) ? &v4 : addr);
}

static bool is_private(const struct policy *policy, const struct egret_addr *addr)
{
	struct egret_addr v4;

	return model_is_private(model_is_translated(policy, addr, &v4) ? &v4 : addr);
}

/* An address of a special purpose holds only for rules that say so, and of most kinds for none. */
static bool rule_brings_in(const struct policy *policy, const struct policy_rule *rule, const struct egret_addr *addr)
{
	return !is_special(policy, addr) || (rule->private && is_private(policy, addr));
}

static bool name_brings_in(const struct policy *policy, const char *name, const struct egret_addr *addr)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		if (rule_brings_in(policy, &policy->rules[i], addr) &&
		    rule_allows_name(policy, &policy->rules[i], name))
			return true;
	}
	return !is_special(policy, addr);
}

/* Where the policy writes the name, or else the longest pattern over it, for the first time. */
static size_t appearance(const struct policy *policy, const char *name)
{
	size_t at = 0, best = SIZE_MAX, best_len = 0;

	for (size_t i = 0; i < policy->rule_count; i++) {
		for (size_t d = 0; d < policy->rules[i].dest_count; d++, at++) {
			const struct policy_dest *dest = &policy->rules[i].dests[d];
			size_t len;

			if (!dest_is_name(dest, name))
				continue;
			len = dest->kind == POLICY_DEST_NAME ? SIZE_MAX : strlen(dest->name);
			if (best == SIZE_MAX || len > best_len) {
				best = at;
				best_len = len;
			}
		}
	}
	return best;
}

/* Names of the address, those that earlier rules allow first. */
static size_t names_of(const struct model *model, const struct egret_addr *addr, const char *names[MAX_NAMES])
{
	const struct policy *policy = model->written ? model->written : model->policy;
	size_t count = 0;

	for (size_t i = 0; i < model->name_count; i++) {
		const struct model_name *name = &model->names[i];
		size_t a = 0, at;

		while (a < name->count && memcmp(&name->addrs[a], addr, sizeof(*addr)) != 0)
			a++;
		if (a == name->count || count == MAX_NAMES)
			continue;
		for (at = count++; at > 0; at--) {
			size_t before = first_allow(policy, names[at - 1]);
			size_t own = first_allow(policy, name->name);

			if (before < own ||
			    (before == own && appearance(policy, names[at - 1]) <= appearance(policy, name->name)))
				break;
			names[at] = names[at - 1];
		}
		names[at] = name->name;
	}
	return count;
}

/* --- the tiers --- */

enum said { SAID_NOTHING, SAID_SOMETHING, SAID_CLASS, SAID_SPECIAL };

struct judging {
	const struct model *model;
	const struct model_packet *packet;
	const char *names[MAX_NAMES];
	size_t name_count; /* of those that may bring the address in, which stand first */
	size_t all_count;  /* of all */
	bool nowhere;      /* a name is asked about alone: no rule for an address */
	bool no_addr;      /* and nothing that an address asks of it */
	enum said said;
	size_t special_rule; /* SAID_SPECIAL: which would allow it elsewhere */
	struct model_verdict verdict;
	bool done;
};

static void settle(struct judging *judging, bool allow, size_t rule)
{
	judging->verdict = (struct model_verdict){
	    .allow = allow,
	    .reason = allow ? EGRET_REASON_NONE : EGRET_REASON_DENY_RULE,
	    .rule = (uint32_t)(EGRET_RULE_FIRST + rule),
	};
	judging->done = true;
}

static void hear(struct judging *judging, enum said said)
{
	if (judging->said < said)
		judging->said = said;
}

/* An allow for somebody else, which no deny has taken away: so the class is what is wrong. @by_then: the denied names
 * have been asked, whichever name it is for. */
static void hear_class(struct judging *judging, const struct policy_rule *rule, const char *name, bool by_then)
{
	const struct policy *policy = judging->model->policy;
	const struct egret_addr *addr = &judging->packet->addr;

	for (size_t p = 0; p < rule->port_count; p++) {
		const struct policy_port *port = &rule->ports[p];
		struct allowed_port allowed = {rule, port, name ? port->app : EGRET_APP_NONE};
		bool gone = !port_takes(port, judging->packet) || class_takes(&rule->class, judging->packet);

		for (size_t i = 0; i < policy->rule_count && !gone; i++)
			gone = !judging->nowhere && rule_holds(&policy->rules[i], addr) &&
			       takes_away(&policy->rules[i], true, &allowed);
		if (name)
			gone = gone || name_denies(policy, name, &allowed);
		for (size_t n = 0; n < judging->name_count && by_then && !gone; n++)
			gone = name_denies(policy, judging->names[n], &allowed);
		if (!gone)
			hear(judging, SAID_CLASS);
	}
}

static void by_address(struct judging *judging, uint8_t action)
{
	const struct policy *policy = judging->model->policy;

	for (size_t i = 0; i < policy->rule_count && !judging->done; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		if (rule->action != action || !rule_holds(rule, &judging->packet->addr))
			continue;
		hear(judging, SAID_SOMETHING);
		if (rule_takes(rule, judging->packet))
			settle(judging, action == EGRET_ALLOW, i);
		else if (action == EGRET_ALLOW)
			hear_class(judging, rule, NULL, true);
	}
}

static bool name_is_denied(struct judging *judging, const char *name)
{
	const struct policy *policy = judging->model->policy;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		if (rule->action == EGRET_DENY && rule_names(rule, name)) {
			hear(judging, SAID_SOMETHING);
			if (rule_takes(rule, judging->packet))
				return true;
		}
	}
	return false;
}

static void by_name(struct judging *judging, const char *name)
{
	const struct policy *policy = judging->model->policy;

	if (name_is_denied(judging, name))
		return; /* this name brings nothing; another one may */
	for (size_t i = 0; i < policy->rule_count && !judging->done; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		if (rule->action != EGRET_ALLOW || !rule_names(rule, name))
			continue;
		if (!judging->no_addr && !rule_brings_in(policy, rule, &judging->packet->addr))
			continue;
		hear(judging, SAID_SOMETHING);
		if (rule_takes(rule, judging->packet))
			settle(judging, true, i);
		else
			hear_class(judging, rule, name, false);
	}
}

/* What the name would allow at another address; a name that allows nothing is not looked at. */
static void by_special_name(struct judging *judging, const char *name)
{
	const struct policy *policy = judging->model->policy;

	if (first_allow(policy, name) == SIZE_MAX || name_is_denied(judging, name))
		return;
	hear(judging, SAID_SOMETHING);
	for (size_t i = 0; i < policy->rule_count && judging->said < SAID_SPECIAL; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		if (rule->action != EGRET_ALLOW || !rule_names(rule, name))
			continue;
		if (rule_takes(rule, judging->packet)) {
			judging->special_rule = i;
			hear(judging, SAID_SPECIAL);
		} else {
			hear_class(judging, rule, name, true);
		}
	}
}

static void by_denied_names(struct judging *judging)
{
	const struct policy *policy = judging->model->policy;

	for (size_t i = 0; i < policy->rule_count && !judging->done; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		for (size_t n = 0; n < judging->name_count && !judging->done; n++) {
			if (rule->action == EGRET_DENY && rule_names(rule, judging->names[n]) &&
			    rule_takes(rule, judging->packet))
				settle(judging, false, i);
		}
	}
}

static bool is_dns(const struct model_packet *packet)
{
	return packet->port == 53 && (packet->l4_proto == IPPROTO_UDP || packet->l4_proto == IPPROTO_TCP);
}

/* The resolvers come after all rules, each address once; @at is its place. */
static void by_resolver(struct judging *judging, const struct egret_addr *addr, size_t at)
{
	if (judging->done || memcmp(addr, &judging->packet->addr, sizeof(*addr)) != 0)
		return;
	hear(judging, SAID_SOMETHING);
	if (is_dns(judging->packet))
		settle(judging, true, judging->model->policy->rule_count + at);
}

static bool seen_before(const struct egret_addr *addrs, size_t count, const struct egret_addr *addr)
{
	for (size_t i = 0; i < count; i++) {
		if (!memcmp(&addrs[i], addr, sizeof(*addr)))
			return true;
	}
	return false;
}

static void by_resolvers(struct judging *judging)
{
	const struct policy *policy = judging->model->policy;
	size_t room = policy->resolver_count + judging->model->system_resolver_count, count = 0;
	struct egret_addr *seen = calloc(room + 1, sizeof(*seen));

	for (size_t i = 0; seen && i < policy->resolver_count; i++) {
		bool system = policy->resolvers[i].system;
		size_t many = system ? judging->model->system_resolver_count : 1;

		for (size_t s = 0; s < many; s++) {
			const struct egret_addr *addr =
			    system ? &judging->model->system_resolvers[s] : &policy->resolvers[i].server.addr;

			if (seen_before(seen, count, addr))
				continue;
			seen[count] = *addr;
			by_resolver(judging, addr, count++);
		}
	}
	free(seen);
}

static struct model_verdict outcome(const struct judging *judging)
{
	static const uint8_t reasons[] = {
	    [SAID_NOTHING] = EGRET_REASON_NO_RULE,
	    [SAID_SOMETHING] = EGRET_REASON_PORT,
	    [SAID_CLASS] = EGRET_REASON_CLASS,
	    [SAID_SPECIAL] = EGRET_REASON_SPECIAL_ADDRESS,
	};

	if (judging->done)
		return judging->verdict;
	return (struct model_verdict){
	    .reason = reasons[judging->said],
	    .rule = judging->said == SAID_SPECIAL ? (uint32_t)(EGRET_RULE_FIRST + judging->special_rule) : 0,
	};
}

/* Those that may bring the address in first, else in their order. */
static void part_names(struct judging *judging, const char *const *all)
{
	const struct policy *policy = judging->model->policy;
	size_t at = 0;

	for (int first = 1; first >= 0; first--) {
		for (size_t i = 0; i < judging->all_count; i++) {
			if (name_brings_in(policy, all[i], &judging->packet->addr) == first)
				judging->names[at++] = all[i];
		}
		if (first)
			judging->name_count = at;
	}
}

/* What the policy lists. *ret_firm: what allows it is no mere address, so no denied name takes it away. */
static struct model_verdict judge_listed(const struct model *model, const struct model_packet *packet, bool *ret_firm)
{
	struct judging judging = {.model = model, .packet = packet};
	const char *all[MAX_NAMES];

	judging.all_count = names_of(model, &packet->addr, all);
	part_names(&judging, all);
	by_address(&judging, EGRET_DENY);
	for (size_t i = 0; i < judging.name_count && !judging.done; i++)
		by_name(&judging, judging.names[i]);
	*ret_firm = judging.done || model_trusts(model, &packet->addr);
	by_denied_names(&judging);
	by_address(&judging, EGRET_ALLOW);
	by_resolvers(&judging);
	for (size_t i = 0; i < judging.all_count && is_special(model->policy, &packet->addr) && !judging.done; i++)
		by_special_name(&judging, all[i]);
	return outcome(&judging);
}

/* What the rules say of a name that was learned for the packet's address. */
static struct model_verdict judge_lesson(const struct model *model, const char *name, const struct model_packet *packet)
{
	struct judging judging = {.model = model, .packet = packet, .names = {name}, .name_count = 1, .nowhere = true};

	if (!model_teaches(model, name, &packet->addr))
		return (struct model_verdict){.reason = EGRET_REASON_NO_RULE};
	by_name(&judging, name);
	by_denied_names(&judging);
	if (is_special(model->policy, &packet->addr) && !judging.done)
		by_special_name(&judging, name);
	return outcome(&judging);
}

/* What a name says whose answer is over: that asking again would help, or that nothing would. It denies nothing. */
static struct model_verdict judge_ended_lesson(const struct model *model, const char *name,
					       const struct model_packet *packet)
{
	struct model_verdict said = judge_lesson(model, name, packet);

	if (first_allow(model->policy, name) == SIZE_MAX)
		return (struct model_verdict){.reason = EGRET_REASON_NO_RULE};
	if (said.allow)
		return (struct model_verdict){.reason = EGRET_REASON_EXPIRED, .rule = said.rule};
	if (said.reason == EGRET_REASON_DENY_RULE)
		return (struct model_verdict){.reason = EGRET_REASON_PORT};
	return said;
}

/* Each name stands for itself. The first that allows; else a denial, else what says most. */
static struct model_verdict judge_learned(const struct model *model, const struct model_packet *packet)
{
	const struct memory_addr *found = model->memory ? memory_find(model->memory, &packet->addr) : NULL;
	struct model_verdict best = {.reason = EGRET_REASON_NO_RULE};

	for (size_t i = 0; found && i < EGRET_LEARNED_NAMES; i++) {
		const struct memory_lesson *lesson = &found->lessons[i];
		struct model_verdict said;

		if (!lesson->name)
			continue;
		said = lesson->ends_ms <= model->now_ms ? judge_ended_lesson(model, lesson->name, packet)
							: judge_lesson(model, lesson->name, packet);
		if (said.allow)
			return said;
		if (best.reason != EGRET_REASON_DENY_RULE &&
		    (said.reason > best.reason || said.reason == EGRET_REASON_DENY_RULE))
			best = said;
	}
	return best;
}

/* Of two that do not allow, which says more? A deny is final. */
static bool says_more(struct model_verdict one, struct model_verdict than)
{
	if (than.reason == EGRET_REASON_DENY_RULE)
		return false;
	return one.reason == EGRET_REASON_DENY_RULE || one.reason > than.reason;
}

/* What two forms of one destination say: first every deny, then what allows either. */
static struct model_verdict listed_of_both(struct model_verdict own, struct model_verdict of_v4, bool *firm,
					   bool firm_of_v4)
{
	*firm = (own.allow && *firm) || (of_v4.allow && firm_of_v4);
	if (own.reason == EGRET_REASON_DENY_RULE)
		return own;
	if (of_v4.reason == EGRET_REASON_DENY_RULE)
		return of_v4;
	if (own.allow || of_v4.allow)
		return own.allow ? own : of_v4;
	return says_more(of_v4, own) ? of_v4 : own;
}

/* A denied name that was learned takes an address away from rules for addresses; what explains a
 * denial gives way to what says more. */
static struct model_verdict judge_packet(const struct model *model, const struct model_packet *packet)
{
	struct model_packet translated = *packet;
	struct model_verdict listed, learned;
	bool firm, firm_of_v4, has_v4 = model_is_translated(model->policy, &packet->addr, &translated.addr);

	if (packet->reason)
		return (struct model_verdict){.reason = packet->reason};
	listed = judge_listed(model, packet, &firm);
	if (has_v4) {
		struct model_verdict of_v4 = judge_listed(model, &translated, &firm_of_v4);

		listed = listed_of_both(listed, of_v4, &firm, firm_of_v4);
	}
	if (listed.reason == EGRET_REASON_DENY_RULE || (listed.allow && firm))
		return listed;
	learned = judge_learned(model, packet);
	if (has_v4 && !learned.allow) {
		struct model_verdict of_v4 = judge_learned(model, &translated);

		if (of_v4.allow || says_more(of_v4, learned))
			learned = of_v4;
	}
	if (learned.reason == EGRET_REASON_DENY_RULE)
		return learned;
	return !listed.allow && (learned.allow || learned.reason > listed.reason) ? learned : listed;
}

bool model_trusts(const struct model *model, const struct egret_addr *addr)
{
	const struct policy *policy = model->policy;

	for (size_t i = 0; i < policy->resolver_count; i++) {
		if (policy->resolvers[i].system
			? seen_before(model->system_resolvers, model->system_resolver_count, addr)
			: !memcmp(&policy->resolvers[i].server.addr, addr, sizeof(*addr)))
			return true;
	}
	return false;
}

bool model_teaches(const struct model *model, const char *name, const struct egret_addr *addr)
{
	bool named = false;

	for (size_t i = 0; i < model->policy->rule_count; i++)
		named |= rule_names(&model->policy->rules[i], name);
	return named && name_brings_in(model->policy, name, addr);
}

bool model_is_service(const struct model *model, const struct egret_addr *addr)
{
	const struct policy_settings *settings = &model->policy->settings;

	for (size_t i = 0; i < settings->service_range_count; i++) {
		if (bits_equal(&settings->service_ranges[i], addr))
			return true;
	}
	return false;
}

static struct model_verdict judge_name(const struct model *model, const char *name, const struct model_packet *packet)
{
	struct judging judging = {
	    .model = model, .packet = packet, .names = {name}, .name_count = 1, .nowhere = true, .no_addr = true};

	by_name(&judging, name);
	by_denied_names(&judging);
	return outcome(&judging);
}

/* --- `audit` lines: what would be said if they were not there, and if one kind of them were rules as others are --- */

/* The policy with no more of its `audit` lines than those of this action; they stand in their places, empty. NULL: no
 * memory. */
static struct policy_rule *rules_with(const struct policy *policy, int action)
{
	struct policy_rule *rules = calloc(policy->rule_count + 1, sizeof(*rules));

	for (size_t i = 0; rules && i < policy->rule_count; i++) {
		rules[i] = policy->rules[i];
		if (rules[i].audit && rules[i].action != action)
			rules[i].dest_count = rules[i].port_count = 0;
	}
	return rules;
}

/* @name: asked about alone; NULL = the packet's address. */
static struct model_verdict judge_with(const struct model *model, int action, const char *name,
				       const struct model_packet *packet)
{
	struct policy policy = *model->policy;
	struct model with = *model;
	struct model_verdict verdict;

	policy.rules = rules_with(model->policy, action);
	if (!policy.rules)
		abort();
	with.policy = &policy;
	with.written = model->policy;
	verdict = name ? judge_name(&with, name, packet) : judge_packet(&with, packet);
	free(policy.rules);
	return verdict;
}

/* What came in first is answered, whatever a deny says. */
static struct model_verdict add_audit(const struct model *model, const char *name, const struct model_packet *packet,
				      struct model_verdict plain)
{
	struct model_verdict tried;

	if (plain.told || plain.rule == EGRET_RULE_INBOUND)
		return plain;
	if (plain.allow) {
		tried = judge_with(model, EGRET_DENY, name, packet);
		if (tried.reason == EGRET_REASON_DENY_RULE)
			return (struct model_verdict){.reason = tried.reason, .rule = tried.rule, .told = true};
	} else if (plain.reason != EGRET_REASON_DENY_RULE) {
		tried = judge_with(model, EGRET_ALLOW, name, packet);
		if (tried.allow)
			return (struct model_verdict){.reason = plain.reason, .rule = tried.rule, .told = true};
	}
	return plain;
}

struct model_verdict model_judge_plain(const struct model *model, const struct model_packet *packet)
{
	return judge_with(model, -1, NULL, packet);
}

struct model_verdict model_add_audit(const struct model *model, const struct model_packet *packet,
				     struct model_verdict plain)
{
	return add_audit(model, NULL, packet, plain);
}

struct model_verdict model_judge(const struct model *model, const struct model_packet *packet)
{
	return model_add_audit(model, packet, model_judge_plain(model, packet));
}

struct model_verdict model_judge_name(const struct model *model, const char *name, const struct model_packet *packet)
{
	return add_audit(model, name, packet, judge_with(model, -1, name, packet));
}

bool model_rule_fits(const struct model *model, size_t place, const struct model_packet *packet)
{
	const struct policy_rule *rule = &model->policy->rules[place];

	return rule->action == EGRET_ALLOW && rule_takes(rule, packet);
}
