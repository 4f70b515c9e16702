// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "explain.h"

#include <stdio.h>
#include <stdlib.h>

#include "../subject/tree.h"
#include "egret_reasons.h"
#include "json.h"
#include "reason.h"
#include "rule_text.h"

json_t *explain_answer_to_json(const struct explain_answer *answer, const struct egret_nat64 *nat64)
{
	const struct judgement *judgement = &answer->judgement;
	const struct egret_rule_text *text = answer->text.text[0] ? &answer->text : NULL;
	char address[ADDR_TEXT_SIZE];
	json_t *row = json_object();

	json_set_text(row, "address", answer->addr ? addr_format(answer->addr, address) : NULL);
	json_set_nat64(row, nat64, answer->addr);
	json_set_flag(row, "allowed", judgement->allow);
	json_set_flag(row, "audit_line", judgement->told_only);
	json_set_text(row, "reason", reason_label(judgement->reason));
	json_set_rule_text(row, text);
	json_set_text(row, "purpose", text ? text->purpose : NULL);
	json_set_text(row, "name", answer->name);
	json_set_flag(row, "must_ask", answer->must_ask);
	json_set_text(row, "suggestion", answer->suggestion);
	json_object_set_new(row, "steps", answer->steps ? answer->steps : json_array());
	return row;
}

static const char *subject_words(const struct asked_subject *subject)
{
	switch (subject->kind) {
	case ASKED_CGROUP:
		return subject->path;
	case ASKED_PODS:
		return "pods";
	case ASKED_HOSTNETWORK:
		return "hostnetwork";
	case ASKED_HOST:
		break;
	}
	return "host";
}

json_t *explain_to_json(const struct explain_question *question, const struct egret_nat64 *nat64,
			const struct explain_answer *answers, size_t count)
{
	json_t *view = json_object(), *rows = json_array();
	bool allowed = count > 0, must_ask = false;
	char port[24];

	for (size_t i = 0; i < count; i++) {
		json_array_append_new(rows, explain_answer_to_json(&answers[i], nat64));
		allowed &= answers[i].judgement.allow;
		must_ask |= answers[i].must_ask;
	}
	json_set_text(view, "destination", question->destination);
	json_set_text(view, "port", policy_port_format(&question->port, port));
	json_set_text(view, "subject", subject_words(&question->subject));
	json_set_text(view, "who", subject_words(&question->subject));
	json_set_flag(view, "governed", true);
	json_set_flag(view, "audited", false);
	json_set_flag(view, "audited_subject", false);
	json_set_flag(view, "allowed", allowed);
	json_set_flag(view, "must_ask", must_ask);
	json_object_set_new(view, "answers", rows);
	return view;
}

json_t *view_explain_off(const struct explain_question *question)
{
	struct explain_answer answer = {
	    .judgement = {.allow = true},
	    .addr = question->name ? NULL : question->addrs,
	};
	json_t *view = explain_to_json(question, NULL, &answer, 1);

	json_set_flag(view, "governed", false);
	return view;
}

static uint32_t audience_of(const struct asked_subject *subject, const struct compiled *compiled)
{
	if (subject->kind != ASKED_CGROUP)
		return EGRET_AUDIENCE_HOST + asked_kind(subject);
	return compiled_audience_of(compiled, subject->path, asked_kind(subject));
}

static void find_text(const struct compiled *compiled, struct explain_answer *answer)
{
	if (answer->judgement.rule >= EGRET_RULE_FIRST)
		answer->text = compiled->texts[answer->judgement.rule - EGRET_RULE_FIRST];
}

static void judge(const struct compiled *compiled, const struct explain_question *question, uint32_t audience,
		  struct explain_answer *ret)
{
	const struct policy_port *port = &question->port;

	if (question->name)
		ret->judgement = compiled_judge_name(compiled, question->name, port->l4_proto, port->lo, audience);
	else
		ret->judgement = compiled_judge_addr(compiled, question->addrs, port->l4_proto, port->lo, audience);
	ret->addr = question->name ? NULL : question->addrs;
	ret->must_ask = question->name && ret->judgement.allow && !compiled_name_id(compiled, question->name);
	find_text(compiled, ret);
}

/* One of the addresses that the name has now. */
static void judge_by_address(struct compiled *compiled, const struct explain_question *question, uint32_t audience,
			     const struct egret_addr *addr, struct explain_answer *ret)
{
	struct egret_dest dest;

	ret->addr = addr;
	snprintf(ret->name, sizeof(ret->name), "%s", question->name);
	if (compiled_address(compiled, addr, &question->name, 1, &dest))
		return;
	ret->judgement =
	    compiled_judge_dest(compiled, addr, &dest, question->port.l4_proto, question->port.lo, audience);
	find_text(compiled, ret);
}

/* NULL: none of them is special, so the name's rules say all. */
static json_t *explain_addresses(struct compiled *compiled, const struct explain_question *question, uint32_t audience)
{
	struct explain_answer *answers = calloc(question->addr_count, sizeof(*answers));
	bool special = false;
	json_t *view = NULL;

	for (size_t i = 0; answers && i < question->addr_count; i++) {
		judge_by_address(compiled, question, audience, &question->addrs[i], &answers[i]);
		special |= answers[i].judgement.reason == EGRET_REASON_SPECIAL_ADDRESS;
	}
	if (special)
		view = explain_to_json(question, &compiled->policy->settings.nat64, answers, question->addr_count);
	free(answers);
	return view;
}

static void set_audited(json_t *view, const struct compiled *compiled, uint32_t audience)
{
	bool all = compiled->policy->settings.audit;
	struct egret_audience who;

	compiled_audience(compiled, audience, &who);
	json_set_flag(view, "audited", all || who.flags & EGRET_AUDIENCE_AUDITED);
	json_set_flag(view, "audited_subject", !all && who.flags & EGRET_AUDIENCE_AUDITED);
}

json_t *view_explain_files(struct compiled *compiled, const struct explain_question *question)
{
	uint32_t audience = audience_of(&question->subject, compiled);
	struct explain_answer answer = {};
	json_t *view = NULL;

	judge(compiled, question, audience, &answer);
	if (question->name && answer.judgement.allow && question->addr_count)
		view = explain_addresses(compiled, question, audience);
	if (!view)
		view = explain_to_json(question, &compiled->policy->settings.nat64, &answer, 1);
	set_audited(view, compiled, audience);
	return view;
}
