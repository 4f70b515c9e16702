/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "near.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "../base/edit_distance.h"
#include "../policy/siblings.h"

#define PORTS_TOLD 12

/* --- what a rule has to do with a packet --- */

static bool has_name(const struct policy_dest *dest, const char *name)
{
	return *name && policy_dest_matches_name(dest, name);
}

/* The policy's own name of an address may be a pattern: then the rule's destination is that very text. */
static bool is_policy_name(const struct policy_dest *dest, const char *text)
{
	if (dest->kind == POLICY_DEST_PATTERN && !strncmp(text, "*.", 2))
		return !strcmp(dest->name, text + 2);
	return has_name(dest, text);
}

static bool names(const struct policy_rule *rule, const struct near_packet *packet)
{
	for (size_t i = 0; i < rule->dest_count; i++) {
		const struct policy_dest *dest = &rule->dests[i];

		if (dest->kind == POLICY_DEST_CIDR
			? packet->addr && cidr_contains(&dest->cidr, packet->addr)
			: has_name(dest, packet->name) || is_policy_name(dest, packet->policy_name))
			return true;
	}
	return false;
}

static bool has_port(const struct policy_rule *rule, const struct near_packet *packet)
{
	uint8_t l4_proto = packet->l4_proto == IPPROTO_ICMPV6 ? IPPROTO_ICMP : packet->l4_proto;

	for (size_t i = 0; i < rule->port_count; i++) {
		const struct policy_port *port = &rule->ports[i];

		if (port->l4_proto == EGRET_L4_ANY)
			return true;
		if (port->l4_proto == l4_proto &&
		    (l4_proto == IPPROTO_ICMP || (port->lo <= packet->port && packet->port <= port->hi)))
			return true;
	}
	return false;
}

/* A line of `audit` allows nothing. */
static bool allows(const struct policy_rule *rule)
{
	return rule->action == EGRET_ALLOW && !rule->audit;
}

/* All entries of a rule are for the same subjects. */
static bool is_for(const struct compiled *compiled, size_t index, const struct egret_audience *who)
{
	const struct egret_rule *rule = &compiled->rules[compiled->ids[index] - EGRET_RULE_FIRST];

	return rule->count && egret_set_has(compiled->ports[rule->first].set, who);
}

/* --- what it allows --- */

struct told_ports {
	struct policy_port ports[PORTS_TOLD];
	size_t count;
	bool more;
};

static bool is_same_port(const struct policy_port *a, const struct policy_port *b)
{
	return a->l4_proto == b->l4_proto && a->app == b->app && a->lo == b->lo && a->hi == b->hi;
}

static void add_ports(struct told_ports *told, const struct policy_rule *rule)
{
	for (size_t i = 0; i < rule->port_count; i++) {
		size_t known = 0;

		while (known < told->count && !is_same_port(&told->ports[known], &rule->ports[i]))
			known++;
		if (known < told->count)
			continue;
		told->more |= told->count == PORTS_TOLD;
		if (told->count < PORTS_TOLD)
			told->ports[told->count++] = rule->ports[i];
	}
}

/* "https:443 tcp:22,9000": a word that the one before it had is not said again. */
static void write_ports(const struct told_ports *told, char buf[static EGRET_WHO_SIZE])
{
	int len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < told->count && len < EGRET_WHO_SIZE; i++) {
		const struct policy_port *port = &told->ports[i], *before = i ? port - 1 : NULL;
		bool again = before && before->l4_proto == port->l4_proto && before->app == port->app;
		char text[24];
		const char *colon = strchr(policy_port_format(port, text), ':');

		len += snprintf(buf + len, EGRET_WHO_SIZE - (size_t)len, "%s%s",
				again ? ","
				: i   ? " "
				      : "",
				again && colon ? colon + 1 : text);
	}
	if (told->more && len < EGRET_WHO_SIZE)
		snprintf(buf + len, EGRET_WHO_SIZE - (size_t)len, ",...");
}

static void take(const struct policy_rule *rule, struct near_rule *ret)
{
	struct told_ports told = {};

	ret->rule = rule;
	add_ports(&told, rule);
	write_ports(&told, ret->allows);
}

/* --- rules that have the destination --- */

bool near_by_port(const struct compiled *compiled, const struct near_packet *packet, struct near_rule *ret)
{
	const struct policy *policy = compiled->policy;
	struct told_ports told = {};
	struct egret_audience who;

	compiled_audience(compiled, packet->audience, &who);
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		if (!allows(rule) || !names(rule, packet) || !is_for(compiled, i, &who))
			continue;
		if (!told.count)
			ret->rule = rule;
		add_ports(&told, rule);
	}
	if (!told.count)
		return false;
	write_ports(&told, ret->allows);
	return true;
}

bool near_by_port_of_others(const struct compiled *compiled, const struct near_packet *packet, struct near_rule *ret)
{
	const struct policy *policy = compiled->policy;
	char class[POLICY_CLASS_TEXT_SIZE];
	size_t len;

	for (size_t i = 0; i < policy->rule_count; i++) {
		if (!allows(&policy->rules[i]) || !names(&policy->rules[i], packet))
			continue;
		take(&policy->rules[i], ret);
		len = strlen(ret->allows);
		snprintf(ret->allows + len, sizeof(ret->allows) - len, " for %s",
			 policy_class_format(&ret->rule->class, class));
		return true;
	}
	return false;
}

/* The first rule that has destination and port, and is for the subject or, if not @mine, for others. */
static const struct policy_rule *find(const struct compiled *compiled, const struct near_packet *packet, bool mine)
{
	const struct policy *policy = compiled->policy;
	struct egret_audience who;

	compiled_audience(compiled, packet->audience, &who);
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		if (allows(rule) && names(rule, packet) && has_port(rule, packet) && is_for(compiled, i, &who) == mine)
			return rule;
	}
	return NULL;
}

bool near_by_class(const struct compiled *compiled, const struct near_packet *packet, struct near_rule *ret)
{
	const struct policy_rule *rule = find(compiled, packet, false);
	char class[POLICY_CLASS_TEXT_SIZE];

	if (!rule)
		return false;
	ret->rule = rule;
	snprintf(ret->allows, sizeof(ret->allows), "for %.*s", EGRET_WHO_SIZE - 5,
		 policy_class_format(&rule->class, class));
	return true;
}

bool near_by_time(const struct compiled *compiled, const struct near_packet *packet, struct near_rule *ret)
{
	const struct policy_rule *rule = find(compiled, packet, true);

	if (rule)
		take(rule, ret);
	return rule;
}

bool near_has_name(const struct compiled *compiled, const char *name)
{
	const struct near_packet packet = {.name = name, .policy_name = ""};
	const struct policy *policy = compiled->policy;
	bool found = false;

	for (size_t i = 0; i < policy->rule_count && !found; i++)
		found = allows(&policy->rules[i]) && names(&policy->rules[i], &packet);
	return found;
}

static bool is_by_name(const struct policy_rule *rule)
{
	bool found = false;

	for (size_t i = 0; i < rule->dest_count && !found; i++)
		found = rule->dests[i].kind != POLICY_DEST_CIDR;
	return found;
}

bool near_may_be_named(const struct compiled *compiled, const struct near_packet *packet)
{
	const struct policy *policy = compiled->policy;
	struct egret_audience who;
	bool found = false;

	compiled_audience(compiled, packet->audience, &who);
	for (size_t i = 0; i < policy->rule_count && !found; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		found = allows(rule) && is_by_name(rule) && has_port(rule, packet) && is_for(compiled, i, &who);
	}
	return found;
}

/* --- names --- */

static const char *parent_of(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot ? dot + 1 : "";
}

static bool is_slip(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t shorter = a_len < b_len ? a_len : b_len, longer = a_len + b_len - shorter;
	unsigned int distance;

	if (longer > EDIT_DISTANCE_MAX || longer > shorter + 2)
		return false;
	distance = edit_distance(a, a_len, b, b_len);
	return (distance == 1 && shorter >= 4) || (distance == 2 && shorter >= 8);
}

/* One label alone differs, and that by a slip of the pen. */
static bool is_misspelt(const char *a, const char *b)
{
	bool differs = false;

	while (*a && *b) {
		size_t a_len = strcspn(a, "."), b_len = strcspn(b, ".");
		bool same = a_len == b_len && !memcmp(a, b, a_len);

		if (!same && (differs || !is_slip(a, a_len, b, b_len)))
			return false;
		differs |= !same;
		a += a_len + (a[a_len] == '.');
		b += b_len + (b[b_len] == '.');
	}
	return differs && !*a && !*b;
}

static size_t labels_in(const char *name)
{
	size_t labels = 1;

	while ((name = strchr(name, '.'))) {
		name++;
		labels++;
	}
	return labels;
}

/* The last labels of a name, as many as that. */
static const char *last_labels(const char *name, size_t labels)
{
	for (size_t have = labels_in(name); have > labels; have--)
		name = parent_of(name);
	return name;
}

/* 0 = the destination is not near to the name. */
static unsigned int nearness(const struct policy_dest *dest, const char *name)
{
	const char *parent = parent_of(name);

	if (dest->kind == POLICY_DEST_CIDR)
		return 0;
	if (dest->kind == POLICY_DEST_PATTERN) {
		if (!strcmp(dest->name, name))
			return 4; /* *.x never takes x itself */
		return labels_in(name) > labels_in(dest->name) &&
			       is_misspelt(last_labels(name, labels_in(dest->name)), dest->name)
			   ? 2
			   : 0;
	}
	if (!strcmp(dest->name, parent) || !strcmp(parent_of(dest->name), name))
		return domain_is_anybodys(strlen(dest->name) < strlen(name) ? dest->name : name) ? 0 : 3;
	if (is_misspelt(name, dest->name))
		return 2;
	return *parent && !domain_is_anybodys(parent) && !strcmp(parent_of(dest->name), parent);
}

bool near_by_name(const struct compiled *compiled, const struct near_packet *packet, struct near_rule *ret)
{
	const struct policy *policy = compiled->policy;
	const struct policy_rule *best = NULL;
	unsigned int nearest = 0;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		for (size_t d = 0; d < rule->dest_count && allows(rule); d++) {
			unsigned int near = nearness(&rule->dests[d], packet->name);

			if (near > nearest) {
				best = rule;
				nearest = near;
			}
		}
	}
	if (best)
		take(best, ret);
	return best;
}

/* --- addresses --- */

static bool is_beside(const struct policy_dest *dest, const struct egret_addr *addr)
{
	size_t octets = addr_is_v4(addr) ? 15 : 8;

	return dest->kind == POLICY_DEST_CIDR && dest->cidr.prefix_len >= 8 * octets &&
	       !memcmp(dest->cidr.addr.bytes, addr->bytes, octets);
}

bool near_by_address(const struct compiled *compiled, const struct near_packet *packet, struct near_rule *ret)
{
	const struct policy *policy = compiled->policy;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		for (size_t d = 0; d < rule->dest_count && allows(rule); d++) {
			if (!is_beside(&rule->dests[d], packet->addr))
				continue;
			take(rule, ret);
			return true;
		}
	}
	return false;
}
