// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../subject/cgroup.h"
#include "egret_reasons.h"
#include "json.h"
#include "subject_name.h"

static int audience_of(const struct kernel *kernel, const struct asked_subject *subject, uint32_t *ret)
{
	const char *path = subject->kind == ASKED_CGROUP ? subject->path : "";

	return kernel_audience_of(kernel, path, asked_kind(subject), ret);
}

static struct kernel_packet packet_to(const struct egret_addr *addr, const struct explain_question *question,
				      uint32_t audience)
{
	return (struct kernel_packet){
	    .addr = *addr,
	    .l4_proto = question->port.l4_proto,
	    .port = question->port.lo,
	    .audience = audience,
	    .now_tick = kernel_tick_now(),
	};
}

/* --- each answer --- */

/* Of an address that is denied, and that nobody can learn, since it is special: the name that it was resolved for says
 * more, in whatever network namespace that was. */
struct special_search {
	const struct kernel *kernel;
	const struct explain_question *question;
	struct explain_answer *answer;
	uint32_t audience;
};

static void judge_seen(void *context, const struct egret_seen *seen)
{
	const struct special_search *search = context;
	struct explain_answer *answer = search->answer;
	struct kernel_packet packet = packet_to(answer->addr, search->question, search->audience);
	struct judgement judgement;
	struct egret_asked asked;

	packet.scope = seen->key.scope;
	if (!addr_equal(&seen->key.addr, answer->addr) || answer->judgement.reason == EGRET_REASON_SPECIAL_ADDRESS ||
	    kernel_get_asked(search->kernel, seen->name, &asked) ||
	    kernel_decide(search->kernel, &packet, &judgement) || judgement.reason != EGRET_REASON_SPECIAL_ADDRESS)
		return;
	answer->judgement = judgement;
	snprintf(answer->name, sizeof(answer->name), "%s", asked.name);
}

static void find_name(struct special_search *search)
{
	struct explain_answer *answer = search->answer;
	const struct kernel *kernel = search->kernel;
	struct egret_name name = {};

	if (answer->judgement.allow || answer->judgement.reason == EGRET_REASON_DENY_RULE)
		return;
	if (search->question->name)
		snprintf(answer->name, sizeof(answer->name), "%s", search->question->name);
	else
		kernel_each_seen(kernel, judge_seen, search);
	if (!answer->name[0] && !kernel_get_name(kernel, kernel_addr_name(kernel, answer->addr), &name))
		snprintf(answer->name, sizeof(answer->name), "%.*s", (int)sizeof(name.name) - 1, name.name);
}

/* A name is judged by each of its addresses, as for whoever resolves it now. */
static int judge(const struct kernel *kernel, const struct explain_question *question, uint32_t audience,
		 struct explain_answer *answer)
{
	struct special_search search = {kernel, question, answer, audience};
	struct kernel_packet packet = packet_to(answer->addr, question, audience);
	struct egret_lesson lesson;
	int rc = question->name ? kernel_lesson_of(kernel, question->name, answer->addr, &lesson) : 0;

	if (rc)
		return rc;
	packet.lesson = question->name ? &lesson : NULL;
	rc = kernel_decide(kernel, &packet, &answer->judgement);
	if (rc)
		return rc;
	find_name(&search);
	if (answer->judgement.rule >= EGRET_RULE_FIRST)
		kernel_get_text(kernel, answer->judgement.rule, &answer->text);
	return 0;
}

/* --- who may reach a denied address all the same, and why nobody else --- */

struct learners {
	const struct kernel *kernel;
	const struct explain_question *question;
	uint32_t slot; /* of the policy that rules */
	json_t *rows;
};

static void add_learner(const struct learners *learners, const struct egret_learned *learned,
			const struct egret_lesson *lesson)
{
	const struct explain_question *question = learners->question;
	struct kernel_packet packet =
	    packet_to(question->addrs, question, kernel_get_audience(learners->kernel, learned->subject));
	int64_t left_sec = kernel_seconds_until(lesson->expires_tick);
	struct judgement judgement = {};
	struct egret_asked asked;
	json_t *row;

	packet.lesson = lesson;
	if (!lesson->name || left_sec < 0 || !lesson->rule_names[learners->slot] ||
	    kernel_get_asked(learners->kernel, lesson->name, &asked) ||
	    kernel_decide(learners->kernel, &packet, &judgement))
		return;
	row = json_object();
	json_set_text(row, "name", asked.name);
	json_set_subject(row, learners->kernel, learned->subject, 0, NULL);
	json_set_flag(row, "allowed", judgement.allow);
	json_set_number(row, "left_seconds", (uint64_t)left_sec);
	json_array_append_new(learners->rows, row);
}

static int visit_learned(void *context, const struct egret_learned_key *key, const struct egret_learned *learned)
{
	const struct learners *learners = context;

	for (size_t i = 0; i < EGRET_LEARNED_NAMES && addr_equal(&key->addr, learners->question->addrs); i++)
		add_learner(learners, learned, &learned->lessons[i]);
	return 0;
}

static void add_outside(void *context, const struct egret_seen *seen)
{
	const struct learners *learners = context;
	struct egret_asked asked;

	if (addr_equal(&seen->key.addr, learners->question->addrs) &&
	    !kernel_get_asked(learners->kernel, seen->name, &asked) &&
	    !kernel_name_has_rule(learners->kernel, asked.name))
		json_array_append_new(learners->rows, json_string(asked.name));
}

static void add_names(json_t *view, const struct kernel *kernel, const struct explain_question *question)
{
	struct learners learners = {kernel, question, kernel_config(kernel)->generation & (EGRET_POLICY_SLOTS - 1),
				    json_array()};
	bool asked = !question->name && !json_flag(view, "allowed");

	if (asked)
		kernel_each_learned(kernel, visit_learned, &learners);
	json_object_set_new(view, "learned", learners.rows);
	learners.rows = json_array();
	if (asked)
		kernel_each_seen(kernel, add_outside, &learners);
	json_object_set_new(view, "names_without_rule", learners.rows);
}

int view_explain_kernel(const struct kernel *kernel, const struct explain_question *question, json_t **ret)
{
	struct explain_answer *answers = calloc(question->addr_count, sizeof(*answers));
	uint32_t audience;
	int rc = answers ? audience_of(kernel, &question->subject, &audience) : -ENOMEM;

	for (size_t i = 0; i < question->addr_count && !rc; i++) {
		answers[i].addr = &question->addrs[i];
		rc = judge(kernel, question, audience, &answers[i]);
	}
	if (!rc) {
		*ret = explain_to_json(question, answers, question->addr_count);
		json_set_flag(*ret, "audited", kernel_settings(kernel)->audit);
		add_names(*ret, kernel, question);
	}
	free(answers);
	return rc;
}
