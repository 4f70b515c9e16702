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

static bool is_alive(const struct history_flow *flow, const struct history_clock *clock)
{
	return flow && clock->now_ms - flow->last_ms < lifetime_ms(flow, clock);
}

bool history_is_unsure(const struct history *history, const struct model_packet *packet,
		       const struct history_clock *clock)
{
	const struct history_flow *flow = find(history, packet);
	int64_t left;

	if (!flow)
		return false;
	left = flow->last_ms + lifetime_ms(flow, clock) - clock->now_ms;
	return left < clock->unsure_ms && left > -clock->unsure_ms;
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

struct model_verdict history_send(struct history *history, const struct model *model, const struct model_packet *packet,
				  const struct history_clock *clock, uint32_t *ret_or_rule)
{
	struct history_flow *flow = find(history, packet);
	struct model_verdict verdict = model_judge(model, packet);
	bool alive = is_alive(flow, clock), both_ways = alive && flow->both_ways;
	uint32_t stands = alive && !flow->revoked ? still_allows(&flow->by, flow->epoch, model, packet, clock) : 0;

	*ret_or_rule = 0;
	if (alive && flow->inbound) {
		flow->both_ways = true;
		flow->last_ms = clock->now_ms;
		return allowed_by(EGRET_RULE_INBOUND);
	}
	if (verdict.allow) {
		*ret_or_rule = stands;
		flow = find_or_add(history, packet);
		flow->epoch = clock->epoch;
		note_rule(&flow->by, clock, verdict.rule);
		flow->both_ways = both_ways;
		flow->last_ms = clock->now_ms;
		return verdict;
	}
	if (!alive)
		return verdict;
	flow->last_ms = clock->now_ms;
	/* Its address may have gone from the name since; its rule is there still. */
	if (verdict.reason != EGRET_REASON_DENY_RULE && stands) {
		flow->epoch = clock->epoch;
		return allowed_by(stands);
	}
	flow->revoked = true;
	return verdict;
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

	if (is_alive(flow, clock)) {
		flow->both_ways |= !flow->inbound && !flow->revoked;
		flow->last_ms = clock->now_ms;
		return;
	}
	flow = find_or_add(history, packet);
	flow->inbound = true;
	flow->last_ms = clock->now_ms;
}

struct model_verdict history_stream(struct history_connection *connection, const struct model *model,
				    const struct model_packet *packet, const struct history_clock *clock)
{
	struct model_verdict verdict = model_judge(model, packet);
	uint32_t stands =
	    connection->denied ? 0 : still_allows(&connection->by, connection->epoch, model, packet, clock);

	if (verdict.allow) {
		*connection = (struct history_connection){.epoch = clock->epoch};
		note_rule(&connection->by, clock, verdict.rule);
		return verdict;
	}
	if (verdict.reason != EGRET_REASON_DENY_RULE && stands) {
		connection->epoch = clock->epoch;
		return allowed_by(stands);
	}
	connection->denied = true;
	return verdict;
}
