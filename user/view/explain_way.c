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

struct spoken {
	uint32_t rule;
	uint8_t l4_proto; /* of the last port */
	bool allows, is_for_it;
	char ports[PORTS_SIZE];
};

struct speaking {
	struct spoken rules[RULES_AT_MOST];
	size_t count;
};

/* "tcp:443,5432,udp:53" */
static void add_port(struct spoken *spoken, const struct kernel_entry *entry)
{
	struct policy_port port = {.l4_proto = entry->l4_proto, .lo = entry->lo, .hi = entry->hi};
	size_t len = strlen(spoken->ports);
	bool goes_on = len && spoken->l4_proto == port.l4_proto;
	const char *colon;
	char text[24];

	policy_port_format(&port, text);
	colon = strchr(text, ':');
	snprintf(spoken->ports + len, PORTS_SIZE - len, "%s%s", len ? "," : "", goes_on && colon ? colon + 1 : text);
	spoken->l4_proto = port.l4_proto;
}

static int note_entry(void *context, const struct kernel_entry *entry)
{
	struct speaking *speaking = context;
	bool allows = entry->action == EGRET_ALLOW || entry->action == EGRET_SPECIAL;
	size_t i = 0;

	while (i < speaking->count && (speaking->rules[i].rule != entry->rule || speaking->rules[i].allows != allows ||
				       speaking->rules[i].is_for_it != entry->is_for_it))
		i++;
	if (i == RULES_AT_MOST)
		return 0;
	if (i == speaking->count)
		speaking->rules[speaking->count++] =
		    (struct spoken){.rule = entry->rule, .allows = allows, .is_for_it = entry->is_for_it};
	add_port(&speaking->rules[i], entry);
	return 0;
}

static void add_rule(json_t *steps, const struct explain_way *way, const char *kind, const char *what,
		     const struct spoken *spoken)
{
	struct egret_rule_text text = {};
	json_t *step;

	if (spoken->rule < EGRET_RULE_FIRST || kernel_get_text(way->kernel, spoken->rule, &text))
		return;
	step = add_step(steps, kind, "%s is %s on %s by %s:%u%s: %s", what, spoken->allows ? "allowed" : "denied",
			spoken->ports, text.file, text.line, spoken->is_for_it ? "" : ", for others", text.text);
	json_set_text(step, "policy_name", what);
	json_set_text(step, "ports", spoken->ports);
	json_set_flag(step, "allows", spoken->allows);
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

	addr_format(way->answer->addr, address);
	if (*way->name) {
		json_set_text(add_step(steps, "name", "name %s", way->name), "name", way->name);
		add_rules_of_name(steps, way);
	}
	add_address(steps, way, address);
	add_rules_of_address(steps, way, address);
	if (rule->text[0])
		json_set_rule_text(add_step(steps, "rule", "%s:%u decides: %s", rule->file, rule->line, rule->text),
				   rule);
	step = add_step(steps, "verdict", "%s", judgement->allow ? "allowed" : reason_label(judgement->reason));
	json_set_flag(step, "allowed", judgement->allow);
	json_set_text(step, "reason", reason_label(judgement->reason));
	return steps;
}
