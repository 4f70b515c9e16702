// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "explain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/nat64.h"
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
	    .now_sec = kernel_sec_now(),
	};
}

/* Of the address, or of the IPv4 address in it. */
static bool is_about(const struct kernel *kernel, const struct kernel_lesson *lesson, const struct egret_addr *addr)
{
	struct egret_addr meant = nat64_meant(kernel_nat64(kernel), addr);

	return addr_equal(&lesson->addr, addr) || addr_equal(&lesson->addr, &meant);
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

static int judge_by_lesson(void *context, const struct kernel_lesson *lesson)
{
	const struct special_search *search = context;
	struct explain_answer *answer = search->answer;
	struct kernel_packet packet = packet_to(answer->addr, search->question, search->audience);
	struct judgement judgement;
	struct egret_asked asked;

	packet.scope = lesson->scope;
	if ((lesson->brings_in && lesson->left_sec > 0) || !is_about(search->kernel, lesson, answer->addr) ||
	    kernel_get_asked(search->kernel, lesson->name, &asked) ||
	    kernel_decide(search->kernel, &packet, &judgement) || judgement.allow ||
	    judgement.reason == EGRET_REASON_DENY_RULE || judgement.reason <= answer->judgement.reason)
		return 0;
	answer->judgement = judgement;
	snprintf(answer->name, sizeof(answer->name), "%s", asked.name);
	return 0;
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
		kernel_each_lesson(kernel, judge_by_lesson, search);
	if (!answer->name[0] && !kernel_get_name(kernel, kernel_addr_name(kernel, answer->addr), &name))
		snprintf(answer->name, sizeof(answer->name), "%.*s", (int)sizeof(name.name) - 1, name.name);
}

/* A name is judged by each of its addresses, as for whoever resolves it now. */
static int judge(const struct kernel *kernel, const struct explain_question *question, uint32_t audience,
		 struct explain_answer *answer)
{
	struct special_search search = {kernel, question, answer, audience};
	struct kernel_packet packet = packet_to(answer->addr, question, audience);
	int rc;

	packet.name = question->name;
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
	json_t *rows;
	json_t *without_rule; /* names that no rule has */
};

static void add_learner(const struct learners *learners, const struct kernel_lesson *lesson, const char *name)
{
	const struct explain_question *question = learners->question;
	struct kernel_packet packet =
	    packet_to(question->addrs, question, kernel_get_audience(learners->kernel, lesson->owner));
	struct judgement judgement = {};
	json_t *row;

	packet.name = name;
	if (lesson->left_sec < 0 || !lesson->brings_in || kernel_decide(learners->kernel, &packet, &judgement))
		return;
	row = json_object();
	json_set_text(row, "name", name);
	json_set_subject(row, learners->kernel, lesson->owner, 0, NULL);
	json_set_flag(row, "allowed", judgement.allow);
	json_set_number(row, "left_seconds", (uint64_t)lesson->left_sec);
	json_array_append_new(learners->rows, row);
}

static int visit_lesson(void *context, const struct kernel_lesson *lesson)
{
	const struct learners *learners = context;
	struct egret_asked asked;

	if (!is_about(learners->kernel, lesson, learners->question->addrs) ||
	    kernel_get_asked(learners->kernel, lesson->name, &asked))
		return 0;
	if (lesson->policy_name)
		add_learner(learners, lesson, asked.name);
	else
		json_array_append_new(learners->without_rule, json_string(asked.name));
	return 0;
}

static void add_names(json_t *view, const struct kernel *kernel, const struct explain_question *question)
{
	struct learners learners = {kernel, question, json_array(), json_array()};

	if (!question->name && !json_flag(view, "allowed"))
		kernel_each_lesson(kernel, visit_lesson, &learners);
	json_object_set_new(view, "learned", learners.rows);
	json_object_set_new(view, "names_without_rule", learners.without_rule);
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
		*ret = explain_to_json(question, kernel_nat64(kernel), answers, question->addr_count);
		json_set_flag(*ret, "audited", kernel_settings(kernel)->audit);
		add_names(*ret, kernel, question);
	}
	free(answers);
	return rc;
}
