// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "../view/reason.h"
#include "../view/rule_text.h"
#include "egret_reasons.h"

struct rule_known {
	uint32_t id;
	bool denies, audits;
	char place[EGRET_PATH_SIZE + 16]; /* "policy.rules:7" */
	char text[EGRET_RULE_TEXT_SIZE];
	/* A file that is used twice has its lines twice: one series, since no two may have the same labels. */
	struct rule_known *first;
	uint64_t sum;
	UT_hash_handle hh;
};

static int keep(void *context, uint32_t rule, const struct egret_rule_text *text)
{
	struct rules *rules = context;
	struct rule_known *known;

	if (rules->count == rules->capacity)
		return -ENOSPC; /* another policy than the one whose limit was asked for; the next look has it */
	known = &rules->all[rules->count++];
	known->id = rule;
	known->denies = !strncmp(text->text, "deny ", strlen("deny "));
	known->audits = rule_is_audit(text);
	snprintf(known->place, sizeof(known->place), "%s:%u", text->file, text->line);
	memcpy(known->text, text->text, sizeof(known->text));
	HASH_FIND_STR(rules->by_place, known->place, known->first);
	if (known->first)
		return 0;
	known->first = known;
	HASH_ADD_STR(rules->by_place, place, known);
	return 0;
}

static int read_texts(struct rules *rules, const struct kernel *kernel, uint32_t texts_id)
{
	int rc = 0;

	rules_free(rules);
	rules->limit = kernel_rule_limit(kernel);
	rules->capacity = rules->limit - EGRET_RULE_FIRST;
	rules->all = calloc(rules->capacity + 1, sizeof(*rules->all));
	rules->counters = calloc(rules->limit, sizeof(*rules->counters));
	if (!rules->all || !rules->counters)
		rc = -ENOMEM;
	if (!rc && texts_id)
		rc = kernel_each_rule(kernel, keep, rules);
	if (rc)
		rules_free(rules);
	else
		rules->texts_id = texts_id;
	return rc;
}

int rules_look(struct rules *rules, const struct kernel *kernel)
{
	uint32_t texts_id = kernel_texts_id(kernel);
	int rc = 0;

	if (texts_id != rules->texts_id || !rules->counters)
		rc = read_texts(rules, kernel, texts_id);
	if (!rc)
		rc = kernel_read_counters(kernel, rules->counters, rules->limit);
	if (rc)
		return rc;
	rules->allowed = 0;
	for (uint32_t id = 1; id < EGRET_RULE_BUILTIN_COUNT; id++)
		if (id != EGRET_RULE_AUDITED)
			rules->allowed += rules->counters[id].packets;
	for (size_t i = 0; i < rules->count; i++)
		if (!rules->all[i].denies)
			rules->allowed += rules->counters[rules->all[i].id].packets;
	return 0;
}

static uint64_t value_of(const struct egret_counter *counter, bool bytes)
{
	return bytes ? counter->bytes : counter->packets;
}

static void add(struct series *series, const char *rule, bool denies, uint64_t value)
{
	series_add_labelled(series, value, {"rule", rule}, {"action", denies ? "deny" : "allow"});
}

static void write_builtin(const struct rules *rules, struct series *series, bool bytes)
{
	char name[32];

	for (uint32_t id = 1; id < EGRET_RULE_BUILTIN_COUNT; id++) {
		if (id == EGRET_RULE_AUDITED) /* egret_would_deny_packets has it */
			continue;
		snprintf(name, sizeof(name), "(%s)", builtin_label(id));
		add(series, name, false, value_of(&rules->counters[id], bytes));
	}
}

static void sum_lines(const struct rules *rules, bool bytes)
{
	for (size_t i = 0; i < rules->count; i++)
		rules->all[i].sum = 0;
	for (size_t i = 0; i < rules->count; i++)
		rules->all[i].first->sum += value_of(&rules->counters[rules->all[i].id], bytes);
}

static void write_lines(const struct rules *rules, struct series *series, bool bytes)
{
	uint64_t others[2] = {};
	size_t written = 0;

	sum_lines(rules, bytes);
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule_known *rule = &rules->all[i];

		/* What an audit line met is in egret_would_deny_packets. */
		if (rule->first != rule || rule->audits)
			continue;
		if (written++ < RULES_MAX)
			add(series, rule->place, rule->denies, rule->sum);
		else
			others[rule->denies] += rule->sum;
	}
	for (int denies = 0; denies < 2 && written > RULES_MAX; denies++)
		add(series, "other", denies, others[denies]);
}

static void write_texts(const struct rules *rules, struct series *series)
{
	size_t written = 0;

	series_begin(series, "egret_rule", SERIES_INFO, "What stands in the line of a rule.");
	for (size_t i = 0; i < rules->count && written < RULES_MAX; i++) {
		if (rules->all[i].first != &rules->all[i])
			continue;
		series_add_labelled(series, 1, {"rule", rules->all[i].place}, {"text", rules->all[i].text});
		written++;
	}
}

void rules_write(const struct rules *rules, struct series *series, bool named)
{
	series_single(series, "egret_allowed_packets", SERIES_COUNTER, rules->allowed,
		      "Packets that a rule allowed, built-in ones included.");
	series_begin(series, "egret_rule_packets", SERIES_COUNTER, "Packets that a rule let through, or took away.");
	write_builtin(rules, series, false);
	write_lines(rules, series, false);
	series_begin(series, "egret_rule_bytes", SERIES_COUNTER, "Octets of the packets of egret_rule_packets.");
	write_builtin(rules, series, true);
	write_lines(rules, series, true);
	if (named)
		write_texts(rules, series);
}

void rules_free(struct rules *rules)
{
	HASH_CLEAR(hh, rules->by_place);
	free(rules->all);
	free(rules->counters);
	*rules = (struct rules){};
}
