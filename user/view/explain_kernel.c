// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "explain.h"

#include <errno.h>
#include <stdlib.h>

#include "../base/clock.h"
#include "explain_judge.h"
#include "explain_way.h"
#include "json.h"
#include "subject_name.h"

/* --- who may reach it, and why nobody else --- */

static void set_verdict(json_t *row, const struct explain_asking *asking, const struct kernel_lesson *lesson,
			const char *name)
{
	struct kernel_packet packet = explain_packet(&lesson->addr, asking);
	struct judgement judgement = {};

	packet.audience = kernel_get_audience(asking->kernel, lesson->owner);
	packet.scope = 0;
	packet.name = name;
	if (kernel_decide(asking->kernel, &packet, &judgement))
		judgement = (struct judgement){};
	json_set_flag(row, "allowed", judgement.allow);
	json_set_flag(row, "audit_line", judgement.told_only);
}

static void add_learner(const struct explain_asking *asking, const struct kernel_lesson *lesson, const char *name,
			json_t *rows)
{
	char address[ADDR_TEXT_SIZE];
	json_t *row = json_object();

	json_set_text(row, "name", name);
	json_set_text(row, "address", addr_format(&lesson->addr, address));
	json_set_subject(row, asking->kernel, lesson->owner, 0, NULL);
	set_verdict(row, asking, lesson, name);
	json_set_number(row, "left_seconds", (uint64_t)lesson->left_sec);
	json_set_time(row, "expires_time", clock_realtime_ns() + (uint64_t)lesson->left_sec * CLOCK_NS_PER_SEC);
	json_array_append_new(rows, row);
}

static void add_learned(json_t *view, const struct explain_asking *asking)
{
	json_t *rows = json_array(), *without_rule = json_array();
	const struct explain_learned *learned = &asking->question->learned;
	bool all = asking->question->name || !json_flag(view, "allowed");
	struct egret_asked asked;

	for (size_t i = 0; i < learned->count && all; i++) {
		const struct kernel_lesson *lesson = &learned->all[i];

		if (kernel_get_asked(asking->kernel, lesson->name, &asked))
			continue;
		if (lesson->policy_name && lesson->brings_in && lesson->left_sec > 0)
			add_learner(asking, lesson, asked.name, rows);
		else if (!lesson->policy_name && !asking->question->name)
			json_array_append_new(without_rule, json_string(asked.name));
	}
	json_object_set_new(view, "learned", rows);
	json_object_set_new(view, "names_without_rule", without_rule);
}

void explain_set_audited(json_t *view, const struct kernel *kernel, uint32_t audience)
{
	bool audited = kernel_audits(kernel, audience);

	json_set_flag(view, "audited", audited);
	json_set_flag(view, "audited_subject", audited && !kernel_settings(kernel)->audit);
}

int view_explain_kernel(const struct kernel *kernel, const struct explain_question *question, json_t **ret)
{
	bool by_name_alone = question->name && !question->addr_count;
	size_t count = question->addr_count + by_name_alone;
	struct explain_answer *answers = calloc(count, sizeof(*answers));
	struct explain_asking asking = {kernel, question, {}, ""};
	int rc = answers ? asker_find(kernel, &question->subject, &asking.asker) : -ENOMEM;

	if (!rc && asking.asker.cgroup_id)
		explain_who(kernel, asking.asker.cgroup_id, asking.asker.parent, asking.who);
	for (size_t i = 0; i < count && !rc; i++) {
		answers[i].addr = by_name_alone ? NULL : &question->addrs[i];
		rc = explain_judge(&asking, &answers[i]);
	}
	if (!rc) {
		*ret = explain_to_json(question, kernel_nat64(kernel), answers, count);
		json_set_text(*ret, "addresses_from", question->name ? question->addresses_from : NULL);
		explain_set_audited(*ret, kernel, asking.asker.audience);
		if (*asking.who)
			json_set_text(*ret, "who", asking.who);
		add_learned(*ret, &asking);
	}
	free(answers);
	return rc;
}
