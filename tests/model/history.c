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

struct model_verdict history_send(struct history *history, const struct model *model, const struct model_packet *packet,
				  const struct history_clock *clock, uint32_t *ret_or_rule)
{
	struct history_flow *flow = find(history, packet);
	struct model_verdict verdict = model_judge(model, packet);
	bool alive = is_alive(flow, clock), both_ways = alive && flow->both_ways;
	bool same_policy = alive && !flow->revoked && flow->epoch == clock->epoch;

	*ret_or_rule = 0;
	if (alive && flow->inbound) {
		flow->both_ways = true;
		flow->last_ms = clock->now_ms;
		return allowed_by(EGRET_RULE_INBOUND);
	}
	if (verdict.allow) {
		*ret_or_rule = same_policy ? flow->rule : 0;
		flow = find_or_add(history, packet);
		flow->epoch = clock->epoch;
		flow->rule = verdict.rule;
		flow->both_ways = both_ways;
		flow->last_ms = clock->now_ms;
		return verdict;
	}
	if (!alive)
		return verdict;
	flow->last_ms = clock->now_ms;
	/* Its address may have gone from the name since; its rule is there still. */
	if (verdict.reason != EGRET_REASON_DENY_RULE && same_policy)
		return allowed_by(flow->rule);
	flow->revoked = true;
	return verdict;
}

void history_counted(struct history *history, const struct model_packet *packet, uint32_t rule)
{
	struct history_flow *flow = find(history, packet);

	if (flow)
		flow->rule = rule;
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

	if (verdict.allow) {
		*connection = (struct history_connection){.epoch = clock->epoch, .rule = verdict.rule};
		return verdict;
	}
	if (verdict.reason != EGRET_REASON_DENY_RULE && !connection->denied && connection->epoch == clock->epoch)
		return allowed_by(connection->rule);
	connection->denied = true;
	return verdict;
}
