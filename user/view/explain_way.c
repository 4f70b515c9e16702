// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "explain_way.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../base/clock.h"
#include "egret_reasons.h"
#include "json.h"
#include "reason.h"
#include "rule_text.h"
#include "subject_name.h"

#define STEP_TEXT_SIZE 1200
#define PORTS_SIZE     160

const char *explain_who(const struct kernel *kernel, uint64_t cgroup_id, uint64_t parent,
			char buf[static ROW_WORDS_SIZE])
{
	json_t *row = json_object();

	json_set_subject(row, kernel, cgroup_id, parent, NULL);
	row_who(row, buf);
	json_decref(row);
	return buf;
}

const char *explain_time(int64_t from_now_sec, char buf[static EXPLAIN_TIME_SIZE])
{
	time_t moment = time(NULL) + (time_t)from_now_sec;
	struct tm utc;

	strftime(buf, EXPLAIN_TIME_SIZE, "%H:%M:%SZ", gmtime_r(&moment, &utc));
	return buf;
}

__attribute__((format(printf, 3, 4))) static json_t *add_step(json_t *steps, const char *kind, const char *format, ...)
{
	json_t *step = json_object();
	char text[STEP_TEXT_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	json_set_text(step, "step", kind);
	json_set_text(step, "text", text);
	json_array_append_new(steps, step);
	return step;
}

/* --- the rules that speak of a name, or of an address --- */

#define RULES_AT_MOST 8
#define PORTS_AT_MOST 16

struct spoken {
	uint32_t rule;
	uint8_t action;
	bool is_for_it;
	struct policy_port ports[PORTS_AT_MOST];
	size_t port_count;
};

struct speaking {
	struct spoken rules[RULES_AT_MOST];
	size_t count;
};

/* The deny of a name that is also allowed stands twice in the list of its address. */
static void add_port(struct spoken *spoken, const struct kernel_entry *entry)
{
	for (size_t i = 0; i < spoken->port_count; i++) {
		if (spoken->ports[i].l4_proto == entry->l4_proto && spoken->ports[i].lo == entry->lo &&
		    spoken->ports[i].hi == entry->hi)
			return;
	}
	if (spoken->port_count < PORTS_AT_MOST)
		spoken->ports[spoken->port_count++] =
		    (struct policy_port){.l4_proto = entry->l4_proto, .lo = entry->lo, .hi = entry->hi};
}

/* "tcp:443,5432,udp:53" */
static const char *format_ports(const struct spoken *spoken, char buf[static PORTS_SIZE])
{
	const char *colon;
	size_t len = 0;
	char text[24];

	buf[0] = '\0';
	for (size_t i = 0; i < spoken->port_count; i++) {
		bool goes_on = i && spoken->ports[i - 1].l4_proto == spoken->ports[i].l4_proto;

		policy_port_format(&spoken->ports[i], text);
		colon = strchr(text, ':');
		snprintf(buf + len, PORTS_SIZE - len, "%s%s", len ? "," : "", goes_on && colon ? colon + 1 : text);
		len = strlen(buf);
	}
	return buf;
}

static int note_entry(void *context, const struct kernel_entry *entry)
{
	struct speaking *speaking = context;
	uint8_t action = entry->action == EGRET_SKIP ? EGRET_DENY : entry->action;
	size_t i = 0;

	while (i < speaking->count && (speaking->rules[i].rule != entry->rule || speaking->rules[i].action != action ||
				       speaking->rules[i].is_for_it != entry->is_for_it))
		i++;
	if (i == RULES_AT_MOST)
		return 0;
	if (i == speaking->count)
		speaking->rules[speaking->count++] =
		    (struct spoken){.rule = entry->rule, .action = action, .is_for_it = entry->is_for_it};
	add_port(&speaking->rules[i], entry);
	return 0;
}

/* An audit line does neither. */
static const char *action_words(const struct egret_rule_text *text, const struct spoken *spoken)
{
	if (spoken->action == EGRET_SPECIAL)
		return "is special, and is not brought in";
	if (rule_is_audit(text))
		return spoken->action == EGRET_ALLOW ? "would be allowed" : "would be denied";
	return spoken->action == EGRET_ALLOW ? "is allowed" : "is denied";
}

static void add_rule(json_t *steps, const struct explain_way *way, const char *kind, const char *what,
		     const struct spoken *spoken)
{
	struct egret_rule_text text = {};
	char ports[PORTS_SIZE];
	json_t *step;

	if (spoken->rule < EGRET_RULE_FIRST || kernel_get_text(way->kernel, spoken->rule, &text))
		return;
	format_ports(spoken, ports);
	step = add_step(steps, kind, "%s %s on %s by %s:%u%s: %s", what, action_words(&text, spoken), ports, text.file,
			text.line, spoken->is_for_it ? "" : ", for others", text.text);
	json_set_text(step, "policy_name", what);
	json_set_text(step, "ports", ports);
	json_set_flag(step, "allows", spoken->action == EGRET_ALLOW && !rule_is_audit(&text));
	json_set_flag(step, "audit", rule_is_audit(&text));
	json_set_flag(step, "for_others", !spoken->is_for_it);
	json_set_rule_text(step, &text);
}

static void add_rules_of_name(json_t *steps, const struct explain_way *way)
{
	struct speaking speaking = {};
	struct egret_name policy_name = {};
	uint32_t index;

	if (kernel_each_entry_of_name(way->kernel, way->name, way->asker->audience, note_entry, &speaking, &index))
		return;
	kernel_get_name(way->kernel, index, &policy_name);
	for (size_t i = 0; i < speaking.count; i++)
		add_rule(steps, way, "rule-of-name", policy_name.name[0] ? policy_name.name : way->name,
			 &speaking.rules[i]);
}

static void add_rules_of_address(json_t *steps, const struct explain_way *way, const char *address)
{
	struct speaking speaking = {};

	if (kernel_each_entry_of_addr(way->kernel, way->answer->addr, way->asker->audience, note_entry, &speaking))
		return;
	for (size_t i = 0; i < speaking.count; i++)
		add_rule(steps, way, "rule-of-address", address, &speaking.rules[i]);
}

/* --- whose the address is --- */

/* By which the subject has it, or had it: the one that ends last. */
static const struct kernel_lesson *find_lesson(const struct explain_way *way)
{
	const struct kernel_lesson *best = NULL;

	for (size_t i = 0; i < way->learned->count; i++) {
		const struct kernel_lesson *lesson = &way->learned->all[i];

		if (lesson->scope == way->asker->scope && lesson->policy_name &&
		    addr_equal(&lesson->addr, way->answer->addr) && (!best || lesson->left_sec > best->left_sec))
			best = lesson;
	}
	return way->asker->scope ? best : NULL;
}

static void add_given(json_t *steps, const struct explain_way *way, const char *address,
		      const struct kernel_lesson *lesson)
{
	char until[EXPLAIN_TIME_SIZE], reader[ROW_WORDS_SIZE];
	struct egret_asked asked = {};
	bool over = lesson->left_sec <= 0;
	json_t *step;

	kernel_get_asked(way->kernel, lesson->name, &asked);
	explain_who(way->kernel, lesson->owner, 0, reader);
	step = add_step(steps, "address", "%s is from an answer for %s that %s read, %s %s (%lld s %s)", address,
			asked.name, reader, over ? "over since" : "good until", explain_time(lesson->left_sec, until),
			llabs((long long)lesson->left_sec), over ? "ago" : "left");
	json_set_text(step, "source", "answer");
	json_set_time(step, "expires_time", clock_realtime_ns() + (uint64_t)(lesson->left_sec * CLOCK_NS_PER_SEC));
	json_object_set_new(step, "left_seconds", json_integer(lesson->left_sec));
}

static void add_resolved(json_t *steps, const char *address, const struct egret_name *name)
{
	json_t *step = add_step(steps, "address", "%s is what the agent resolved %s to", address, name->name);

	json_set_text(step, "source", "agent");
	json_set_time(step, "resolved_time", name->answered_ns);
}

static void add_address(json_t *steps, const struct explain_way *way, const char *address)
{
	const struct kernel_lesson *lesson = find_lesson(way);
	struct egret_name name = {};
	json_t *step;

	if (lesson) {
		add_given(steps, way, address, lesson);
		return;
	}
	if (!kernel_get_name(way->kernel, kernel_addr_name(way->kernel, way->answer->addr), &name)) {
		add_resolved(steps, address, &name);
		return;
	}
	if (way->asker->cgroup_id)
		step = add_step(steps, "address", "%s was not given to %s by an answer", address, way->who);
	else
		step = add_step(steps, "address", "%s", address);
	json_set_text(step, "source", "none");
}

json_t *explain_way(const struct explain_way *way)
{
	const struct judgement *judgement = &way->answer->judgement;
	const struct egret_rule_text *rule = &way->answer->text;
	char address[ADDR_TEXT_SIZE];
	json_t *steps = json_array(), *step;

	if (*way->name) {
		json_set_text(add_step(steps, "name", "name %s", way->name), "name", way->name);
		add_rules_of_name(steps, way);
	}
	if (way->answer->addr) {
		addr_format(way->answer->addr, address);
		add_address(steps, way, address);
		add_rules_of_address(steps, way, address);
	}
	if (rule->text[0])
		json_set_rule_text(add_step(steps, "rule", "%s:%u decides: %s", rule->file, rule->line, rule->text),
				   rule);
	step = add_step(steps, "verdict", "%s", judgement->allow ? "allowed" : reason_label(judgement->reason));
	json_set_flag(step, "allowed", judgement->allow);
	json_set_text(step, "reason", reason_label(judgement->reason));
	return steps;
}
