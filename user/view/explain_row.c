// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A row of drops by its number, and what is said of it now. */
#include <stdio.h>

#include "denials.h"
#include "egret_device.h"
#include "egret_reasons.h"
#include "explain_judge.h"
#include "explain_way.h"
#include "json.h"
#include "passes.h"
#include "subject_name.h"

/* What the first packet's decision does not tell apart: it was denied on another way, for want of a rule. */
static bool is_of_another_way(uint32_t reason)
{
	switch (reason) {
	case EGRET_REASON_NOT_A_SOCKET:
	case EGRET_REASON_TUNNEL:
	case EGRET_REASON_REWRITTEN:
	case EGRET_REASON_SERVICE_OUTSIDE:
	case EGRET_REASON_BEFORE_ATTACH:
		return true;
	default:
		return false;
	}
}

/* The row's, or one by which somebody else has the address. */
static void find_name(const struct explain_asking *asking, const char *name, char buf[static EGRET_NAME_SIZE])
{
	const struct explain_learned *learned = &asking->question->learned;
	struct egret_asked asked;

	if (*name)
		snprintf(buf, EGRET_NAME_SIZE, "%s", name);
	for (size_t i = 0; !*buf && i < learned->count; i++) {
		if (learned->all[i].brings_in && learned->all[i].left_sec > 0 &&
		    !kernel_get_asked(asking->kernel, learned->all[i].name, &asked))
			snprintf(buf, EGRET_NAME_SIZE, "%s", asked.name);
	}
}

/* The subject was denied as it is; who asks for the name may not be. */
static int judge_row(struct explain_asking *asking, const struct denial *denial, const char *name,
		     struct explain_answer *answer)
{
	struct kernel_packet packet = explain_packet(answer->addr, asking);
	struct judgement asked = {};
	int rc = explain_judge(asking, answer);

	if (rc || answer->judgement.allow)
		return rc;
	if (is_of_another_way(denial->key.reason))
		answer->judgement.reason = (uint8_t)denial->key.reason;
	find_name(asking, name, answer->name);
	packet.name = answer->name;
	answer->must_ask = answer->name[0] && !egret_passes(&answer->judgement) &&
			   !kernel_decide(asking->kernel, &packet, &asked) && egret_passes(&asked);
	if (answer->must_ask && asked.rule >= EGRET_RULE_FIRST)
		kernel_get_text(asking->kernel, asked.rule, &answer->text);
	explain_suggest(asking, answer);
	return 0;
}

/* The mode of the subject, or, at a device, that of the layers. */
static void set_audited(json_t *now, const struct explain_asking *asking, const struct denial *denial)
{
	explain_set_audited(now, asking->kernel, asking->asker.audience);
	if (denial->drop.ifindex && kernel_settings(asking->kernel)->layers != EGRET_LAYERS_ENFORCE)
		json_set_flag(now, "audited", true);
}

/* One denial has one line: what the agent found out of the row is more than is known here. */
static void set_suggestion(json_t *now, const json_t *row)
{
	if (*json_text(now, "suggestion") && !json_flag(row, "outdated"))
		json_set_text(now, "suggestion", json_text(row, "suggestion"));
}

static json_t *now_of(const struct kernel *kernel, const struct denial *denial, const json_t *row)
{
	const struct egret_drop_key *key = &denial->key;
	struct explain_question question = {
	    .port = {.l4_proto = key->l4_proto, .lo = key->port, .hi = key->port},
	    .addrs = &key->addr,
	    .addr_count = 1,
	};
	struct explain_asking asking = {.kernel = kernel, .question = &question};
	struct explain_answer answer = {.addr = &key->addr};
	json_t *now = json_null();

	if (denial->others || !passes_by_rules(key->reason))
		return now;
	asker_of_denial(kernel, denial, &asking.asker);
	explain_who(kernel, asking.asker.cgroup_id, asking.asker.parent, asking.who);
	if (!view_explain_learned(kernel, &question, &question.learned) &&
	    !judge_row(&asking, denial, json_text(row, "name"), &answer)) {
		now = explain_answer_to_json(&answer, kernel_nat64(kernel));
		set_audited(now, &asking, denial);
		set_suggestion(now, row);
	}
	explain_learned_free(&question.learned);
	return now;
}

int view_explain_rows(const struct kernel *kernel, uint32_t number, json_t **ret)
{
	struct subject_cache subjects = {};
	struct denials denials = {};
	json_t *rows = json_array(), *row;
	int rc = denials_read(kernel, &denials);

	for (size_t i = 0; i < denials.count && !rc; i++) {
		row = denial_to_json(kernel, &denials.all[i], &subjects);
		if (row_number(row, false) == number || row_number(row, true) == number) {
			json_object_set_new(row, "now", now_of(kernel, &denials.all[i], row));
			json_array_append(rows, row);
		}
		json_decref(row);
	}
	rows_sort(rows, ROWS_BY_LAST);
	*ret = rows_merge(rows, false);
	json_decref(rows);
	subject_cache_clear(&subjects);
	denials_free(&denials);
	return rc;
}
