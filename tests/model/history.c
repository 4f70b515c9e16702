/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "egret_reasons.h"
#include "history.h"

static struct history_flow *find(const struct history *history, const struct model_packet *packet)
{
	for (size_t i = 0; i < history->count; i++) {
		const struct history_flow *flow = &history->flows[i];

		if (!memcmp(&flow->addr, &packet->addr, sizeof(flow->addr)) && flow->port == packet->port)
			return (struct history_flow *)flow;
	}
	return NULL;
}

static struct history_flow *find_or_add(struct history *history, const struct model_packet *packet)
{
	struct history_flow *flow = find(history, packet);

	if (!flow) {
		if (history->count == HISTORY_MAX_FLOWS)
			abort(); /* the tests send to fewer */
		flow = &history->flows[history->count++];
	}
	memset(flow, 0, sizeof(*flow));
	flow->addr = packet->addr;
	flow->port = packet->port;
	return flow;
}

static int64_t lifetime_ms(const struct history_flow *flow, const struct history_clock *clock)
{
	return flow->both_ways ? clock->both_ways_ms : clock->one_way_ms;
}

/* A connected socket has its peer as long as it is connected. */
static bool is_alive(const struct history *history, const struct history_flow *flow, const struct history_clock *clock)
{
	return flow &&
	       ((history->connected && !flow->inbound) || clock->now_ms - flow->last_ms < lifetime_ms(flow, clock));
}

/* --- what other sockets heard --- */

static struct history_arrival *find_arrival(const struct history *history, const struct model_packet *packet)
{
	struct history_arrivals *arrivals = history->arrivals;

	for (size_t i = 0; i < arrivals->count; i++) {
		struct history_arrival *arrival = &arrivals->all[i];

		if (arrival->owner == history->owner && arrival->port == history->port &&
		    arrival->peer_port == packet->port && !memcmp(&arrival->addr, &packet->addr, sizeof(packet->addr)))
			return arrival;
	}
	return NULL;
}

/* The kernel notes the first datagram of a peer for the port, and the later ones now and then. */
static bool came_in_surely(const struct history_arrival *arrival, const struct history_clock *clock)
{
	return arrival && clock->now_ms - arrival->first_ms < clock->one_way_ms - clock->unsure_ms;
}

static bool may_have_come_in(const struct history_arrival *arrival, const struct history_clock *clock)
{
	return arrival && clock->now_ms - arrival->last_ms <
			      (arrival->both_ways ? clock->both_ways_ms : clock->one_way_ms) + clock->unsure_ms;
}

static struct history_arrival *free_arrival(struct history_arrivals *arrivals, const struct history_clock *clock)
{
	for (size_t i = 0; i < arrivals->count; i++) {
		if (!may_have_come_in(&arrivals->all[i], clock))
			return &arrivals->all[i];
	}
	if (arrivals->count == HISTORY_MAX_ARRIVALS)
		abort(); /* the tests have fewer at a time */
	return &arrivals->all[arrivals->count++];
}

static void note_arrival(struct history *history, const struct model_packet *packet, const struct history_clock *clock)
{
	struct history_arrival *arrival = find_arrival(history, packet);

	if (!arrival)
		arrival = free_arrival(history->arrivals, clock);
	*arrival = (struct history_arrival){.owner = history->owner,
					    .port = history->port,
					    .addr = packet->addr,
					    .peer_port = packet->port,
					    .first_ms = clock->now_ms,
					    .last_ms = clock->now_ms};
}

static void use_arrival(struct history *history, const struct model_packet *packet, const struct history_clock *clock,
			bool both_ways)
{
	struct history_arrival *arrival = find_arrival(history, packet);

	if (!arrival)
		return;
	arrival->last_ms = clock->now_ms;
	arrival->both_ways |= both_ways;
}

/* A socket that heard others itself may be told of this peer, too, before any rule is asked. */
static bool arrival_is_unsure(const struct history *history, const struct model *model,
			      const struct model_packet *packet, const struct history_clock *clock)
{
	const struct history_arrival *arrival = find_arrival(history, packet);

	if (!may_have_come_in(arrival, clock))
		return false;
	return !model || !came_in_surely(arrival, clock) || model_judge_plain(model, packet).allow;
}

bool history_is_unsure(const struct history *history, const struct model *model, const struct model_packet *packet,
		       const struct history_clock *clock)
{
	const struct history_flow *flow = find(history, packet);
	int64_t left;

	if (flow && history->connected && !flow->inbound)
		return false;
	left = flow ? flow->last_ms + lifetime_ms(flow, clock) - clock->now_ms : INT64_MIN;
	if (left < clock->unsure_ms && left > -clock->unsure_ms)
		return true;
	return left < 0 && arrival_is_unsure(history, model, packet, clock);
}

static struct model_verdict allowed_by(uint32_t rule)
{
	return (struct model_verdict){.allow = true, .rule = rule};
}

static const struct history_rule *find_rule(const struct history_rules *rules, const struct history_rule *rule)
{
	for (size_t i = 0; i < rules->count; i++) {
		if (rules->all[i].nth == rule->nth && !strcmp(rules->all[i].text, rule->text))
			return &rules->all[i];
	}
	return NULL;
}

size_t history_place(const struct history_rules *rules, const struct history_rule *rule)
{
	const struct history_rule *found = rule->text[0] ? find_rule(rules, rule) : NULL;

	return found ? (size_t)(found - rules->all) : rules->count;
}

void history_switch(struct history_rules *rules, const struct policy *policy, unsigned int epoch)
{
	struct history_rules next = {calloc(policy->rule_count + 1, sizeof(*next.all)), 0};

	for (size_t i = 0; next.all && i < policy->rule_count; i++) {
		struct history_rule *rule = &next.all[i];
		const struct history_rule *before;

		strncpy(rule->text, policy->rules[i].text, sizeof(rule->text) - 1);
		while (find_rule(&next, rule))
			rule->nth++;
		before = find_rule(rules, rule);
		rule->born = before ? before->born : epoch;
		next.count++;
	}
	free(rules->all);
	*rules = next;
}

/* What is beyond the policy's own rules, resolvers, is never lost. */
static void note_rule(struct history_rule *ret, const struct history_clock *clock, uint32_t rule)
{
	memset(ret, 0, sizeof(*ret));
	if (rule >= EGRET_RULE_FIRST && rule - EGRET_RULE_FIRST < clock->rules->count)
		*ret = clock->rules->all[rule - EGRET_RULE_FIRST];
}

/* The rule that allowed something under @epoch's policy, if it still stands for the packet; 0 = it does not. */
static uint32_t still_allows(const struct history_rule *by, unsigned int epoch, const struct model *model,
			     const struct model_packet *packet, const struct history_clock *clock)
{
	const struct history_rule *now = by->text[0] ? find_rule(clock->rules, by) : NULL;
	size_t place;

	if (!now || now->born > epoch)
		return 0;
	place = (size_t)(now - clock->rules->all);
	return model_rule_fits(model, place, packet) ? (uint32_t)(EGRET_RULE_FIRST + place) : 0;
}

/* A rule of before lets pass what no rule allows now; as an `audit` line, if it is one. */
static struct model_verdict passes_by(uint32_t rule, const struct model *model, const struct model_packet *packet,
				      struct model_verdict plain)
{
	if (model->policy->rules[rule - EGRET_RULE_FIRST].audit)
		return (struct model_verdict){.reason = plain.reason, .rule = rule, .told = true};
	return model_add_audit(model, packet, allowed_by(rule));
}

static bool is_audit(const struct model *model, uint32_t rule)
{
	return rule && model->policy->rules[rule - EGRET_RULE_FIRST].audit;
}

/* From here on the flow is one that @rule allowed. */
static void begin_anew(struct history *history, const struct model_packet *packet, const struct history_clock *clock,
		       uint32_t rule, bool both_ways)
{
	struct history_flow *flow = find_or_add(history, packet);

	flow->epoch = clock->epoch;
	note_rule(&flow->by, clock, rule);
	flow->both_ways = both_ways;
	flow->last_ms = clock->now_ms;
}

struct model_verdict history_send(struct history *history, const struct model *model, const struct model_packet *packet,
				  const struct history_clock *clock, uint32_t *ret_or_rule)
{
	struct history_flow *flow = find(history, packet);
	struct model_verdict verdict = model_judge_plain(model, packet), told;
	bool alive = is_alive(history, flow, clock), both_ways = alive && flow->both_ways;
	uint32_t stands = alive && !flow->revoked ? still_allows(&flow->by, flow->epoch, model, packet, clock) : 0;

	*ret_or_rule = 0;
	if (alive && flow->inbound) {
		flow->both_ways = true;
		flow->last_ms = clock->now_ms;
		use_arrival(history, packet, clock, true);
		return allowed_by(EGRET_RULE_INBOUND);
	}
	if (verdict.allow) {
		*ret_or_rule = is_audit(model, stands) ? 0 : stands;
		told = model_add_audit(model, packet, verdict);
		begin_anew(history, packet, clock, told.told && *ret_or_rule ? *ret_or_rule : verdict.rule, both_ways);
		return told;
	}
	if (!alive && came_in_surely(find_arrival(history, packet), clock)) {
		flow = find_or_add(history, packet);
		flow->inbound = flow->both_ways = true;
		flow->last_ms = clock->now_ms;
		use_arrival(history, packet, clock, true);
		return allowed_by(EGRET_RULE_INBOUND);
	}
	/* Its address may have gone from the name since; its rule is there still. */
	if (verdict.reason != EGRET_REASON_DENY_RULE && stands) {
		flow->epoch = clock->epoch;
		flow->last_ms = clock->now_ms;
		return passes_by(stands, model, packet, verdict);
	}
	told = model_add_audit(model, packet, verdict);
	if (told.told) {
		begin_anew(history, packet, clock, told.rule, both_ways);
	} else if (alive) {
		flow->last_ms = clock->now_ms;
		flow->revoked = true;
	}
	return told;
}

void history_counted(struct history *history, const struct model_packet *packet, const struct history_clock *clock,
		     uint32_t rule)
{
	struct history_flow *flow = find(history, packet);

	if (flow)
		note_rule(&flow->by, clock, rule);
}

void history_receive(struct history *history, const struct model_packet *packet, const struct history_clock *clock)
{
	struct history_flow *flow = find(history, packet);

	if (is_alive(history, flow, clock)) {
		flow->both_ways |= !flow->inbound && !flow->revoked;
		flow->last_ms = clock->now_ms;
		if (flow->inbound)
			use_arrival(history, packet, clock, flow->both_ways);
		return;
	}
	flow = find_or_add(history, packet);
	flow->inbound = true;
	flow->last_ms = clock->now_ms;
	note_arrival(history, packet, clock);
}

struct model_verdict history_stream(struct history_connection *connection, const struct model *model,
				    const struct model_packet *packet, const struct history_clock *clock)
{
	struct model_verdict verdict = model_judge_plain(model, packet), told;
	uint32_t stands =
	    connection->denied ? 0 : still_allows(&connection->by, connection->epoch, model, packet, clock);

	if (!verdict.allow && verdict.reason != EGRET_REASON_DENY_RULE && stands) {
		connection->epoch = clock->epoch;
		return passes_by(stands, model, packet, verdict);
	}
	told = model_add_audit(model, packet, verdict);
	*connection = (struct history_connection){.epoch = clock->epoch, .denied = !model_passes(told)};
	note_rule(&connection->by, clock, verdict.allow ? verdict.rule : told.rule);
	return told;
}
