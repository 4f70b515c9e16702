// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../base/clock.h"
#include "health.h"
#include "json.h"
#include "reason.h"
#include "rule_text.h"
#include "egret_reasons.h"

struct would_deny {
	uint64_t packets, last_ns; /* CLOCK_MONOTONIC */
};

struct rules {
	const struct kernel *kernel;
	bool agent_alive;
	json_t *rows;
	size_t limit_of_each; /* of the used, and of the unused */
	struct rules_counts counts;
	/* By rule: what deny rules would have taken away in audit, and what only an `audit` line let pass, of the rows
	 * that `drops` has. */
	struct would_deny *would_deny;
	uint32_t limit;
};

/* A hit of which nobody knows when it was may have been a moment ago. */
static void set_unused(json_t *row, const struct egret_hit *hit, uint64_t last_ns, bool untimed)
{
	bool is_known = hit->since_ns && !untimed;

	json_set_time(row, "recorded_since_time", hit->since_ns);
	json_set_time(row, "unused_since_time", !is_known ? 0 : last_ns > hit->since_ns ? last_ns : hit->since_ns);
}

static void set_last(const struct rules *rules, json_t *row, uint32_t id, uint64_t packets)
{
	struct egret_hit hit = {};
	uint64_t last_ns;
	bool moved, untimed;

	kernel_get_hit(rules->kernel, id, &hit);
	/* The counter moved since the agent last noted it, which it does every 10 s. */
	moved = packets != hit.packets;
	untimed = moved && !rules->agent_alive;
	last_ns = moved && !untimed ? clock_realtime_ns() : hit.last_ns;
	json_set_time(row, "last_time", last_ns);
	json_set_time(row, "last_hit_time", last_ns);
	json_set_number(row, "untimed_packets_count", untimed ? packets - hit.packets : 0);
	set_unused(row, &hit, last_ns, untimed);
}

/* Counts it, and says whether there is a row for it. */
static bool is_listed(struct rules *rules, bool used)
{
	rules->counts.all++;
	rules->counts.unused += !used;
	return (used ? rules->counts.all - rules->counts.unused : rules->counts.unused) <= rules->limit_of_each;
}

static void add_row(struct rules *rules, uint32_t id, const struct egret_rule_text *text)
{
	bool is_line = id >= EGRET_RULE_FIRST;
	struct would_deny would_deny = id < rules->limit ? rules->would_deny[id] : (struct would_deny){};
	struct egret_counter counter = {};
	json_t *row;

	kernel_get_counter(rules->kernel, id, &counter);
	if (is_line && !is_listed(rules, counter.packets || would_deny.packets))
		return;
	row = json_object();
	json_set_number(row, "rule_id", id);
	json_set_rule_text(row, text);
	if (!is_line) /* it is no line of a file */
		json_object_set_new(row, "line", json_null());
	json_set_flag(row, "audit", rule_is_audit(text));
	json_set_text(row, "purpose", text->purpose);
	json_set_number(row, "packets_total", counter.packets);
	json_set_number(row, "bytes_total", counter.bytes);
	set_last(rules, row, id, counter.packets);
	json_set_number(row, "would_deny_packets_count", would_deny.packets);
	json_set_kernel_time(row, "would_deny_last_time", would_deny.last_ns);
	json_array_append_new(rules->rows, row);
}

static void add_builtin_rows(struct rules *rules)
{
	for (uint32_t id = EGRET_RULE_NONE + 1; id < EGRET_RULE_BUILTIN_COUNT; id++) {
		struct egret_rule_text text = {};
		struct egret_counter counter;

		if (kernel_get_counter(rules->kernel, id, &counter) || !counter.packets)
			continue;
		snprintf(text.text, sizeof(text.text), "(%s)", builtin_label(id));
		add_row(rules, id, &text);
	}
}

static int add_rule(void *context, uint32_t rule, const struct egret_rule_text *text)
{
	add_row(context, rule, text);
	return 0;
}

/* Of a special address a row has the rule that would allow another one: that took nothing away. */
static bool is_about_rule(const struct rules *rules, const struct egret_drop_key *key)
{
	struct egret_rule_text text;

	return key->reason == EGRET_REASON_DENY_RULE ||
	       (key->rule >= EGRET_RULE_FIRST && !kernel_get_text(rules->kernel, key->rule, &text) &&
		rule_is_audit(&text));
}

static int add_would_deny(void *context, const struct egret_drop_key *key, const struct egret_drop *drop)
{
	struct rules *rules = context;

	struct would_deny *would_deny = &rules->would_deny[key->rule < rules->limit ? key->rule : 0];

	if (!key->audited || key->rule >= rules->limit || !is_about_rule(rules, key))
		return 0;
	would_deny->packets += drop->packets;
	if (drop->last_ns > would_deny->last_ns)
		would_deny->last_ns = drop->last_ns;
	return 0;
}

int view_rules_some(const struct kernel *kernel, const char *instance, size_t limit, json_t **ret,
		    struct rules_counts *ret_counts)
{
	struct rules rules = {
	    .kernel = kernel, .agent_alive = health_agent_is_there(kernel, instance), .limit_of_each = limit};

	rules.limit = kernel_rule_limit(kernel);
	rules.would_deny = calloc(rules.limit, sizeof(*rules.would_deny));
	if (!rules.would_deny)
		return -ENOMEM;
	rules.rows = json_array();
	kernel_each_drop(kernel, add_would_deny, &rules);
	kernel_each_rule(kernel, add_rule, &rules);
	add_builtin_rows(&rules);
	free(rules.would_deny);
	*ret = rules.rows;
	*ret_counts = rules.counts;
	return 0;
}

int view_rules(const struct kernel *kernel, const char *instance, json_t **ret)
{
	struct rules_counts counts;

	return view_rules_some(kernel, instance, SIZE_MAX, ret, &counts);
}
