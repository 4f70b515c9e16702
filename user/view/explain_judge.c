// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "explain_judge.h"

#include <stdio.h>

#include "../base/nat64.h"
#include "egret_reasons.h"
#include "explain_way.h"

struct kernel_packet explain_packet(const struct egret_addr *addr, const struct explain_asking *asking)
{
	return (struct kernel_packet){
	    .addr = *addr,
	    .l4_proto = asking->question->port.l4_proto,
	    .port = asking->question->port.lo,
	    .audience = asking->asker.audience,
	    .scope = asking->asker.scope,
	    .now_sec = kernel_sec_now(),
	};
}

static bool is_about(const struct kernel *kernel, const struct kernel_lesson *lesson, const struct egret_addr *addr)
{
	struct egret_addr meant = nat64_meant(kernel_nat64(kernel), addr);

	return addr_equal(&lesson->addr, addr) || addr_equal(&lesson->addr, &meant);
}

/* --- the name of a denied address --- */

/* Of an address that is denied, and that nobody can learn, since it is special: the name that it was resolved for says
 * more, in whatever network namespace that was; of one subject, in its own. */
static void judge_by_lesson(const struct explain_asking *asking, const struct kernel_lesson *lesson,
			    struct explain_answer *answer)
{
	struct kernel_packet packet = explain_packet(answer->addr, asking);
	struct judgement judgement;
	struct egret_asked asked;

	if ((lesson->brings_in && lesson->left_sec > 0) ||
	    (asking->asker.cgroup_id && lesson->scope != asking->asker.scope) ||
	    kernel_get_asked(asking->kernel, lesson->name, &asked))
		return;
	packet.scope = lesson->scope;
	if (kernel_decide(asking->kernel, &packet, &judgement) || judgement.allow ||
	    judgement.reason == EGRET_REASON_DENY_RULE || judgement.reason <= answer->judgement.reason)
		return;
	answer->judgement = judgement;
	snprintf(answer->name, sizeof(answer->name), "%s", asked.name);
}

static void find_name(const struct explain_asking *asking, struct explain_answer *answer)
{
	const struct explain_question *question = asking->question;
	struct egret_name name = {};

	if (answer->judgement.allow || answer->judgement.reason == EGRET_REASON_DENY_RULE)
		return;
	if (question->name)
		snprintf(answer->name, sizeof(answer->name), "%s", question->name);
	for (size_t i = 0; !question->name && i < question->learned.count; i++)
		judge_by_lesson(asking, &question->learned.all[i], answer);
	if (!answer->name[0] && answer->addr &&
	    !kernel_get_name(asking->kernel, kernel_addr_name(asking->kernel, answer->addr), &name))
		snprintf(answer->name, sizeof(answer->name), "%.*s", (int)sizeof(name.name) - 1, name.name);
}

/* --- the verdict --- */

struct others {
	const struct explain_asking *asking;
	const struct egret_addr *addr;
	uint64_t name;
	bool found;
};

static int find_other(void *context, const struct kernel_lesson *lesson)
{
	struct others *others = context;

	others->found |= lesson->scope == others->asking->asker.scope && lesson->name != others->name &&
			 lesson->brings_in && lesson->left_sec > 0 &&
			 is_about(others->asking->kernel, lesson, others->addr);
	return 0;
}

/* This program's own question may have taught the subject's network namespace what it asks about. */
static bool is_own_lesson(const struct explain_asking *asking, const struct explain_answer *answer,
			  const struct judgement *unasked)
{
	struct others others = {asking, answer->addr, kernel_name_key(asking->kernel, asking->question->name), false};

	for (size_t i = 0; i < asking->question->learned.count; i++) {
		const struct kernel_lesson *lesson = &asking->question->learned.all[i];

		if (lesson->scope == asking->asker.scope && lesson->left_sec > 0)
			return false;
	}
	if (egret_passes(unasked) || !asking->asker.scope)
		return false;
	kernel_each_lesson(asking->kernel, find_other, &others);
	return !others.found;
}

/* The answer that is over was for another name: asking for that one is of no use to who uses this one. */
static int judge_without_ended(const struct explain_asking *asking, struct judgement *judgement)
{
	struct kernel_packet packet = explain_packet(&(struct egret_addr){}, asking);

	if (judgement->reason != EGRET_REASON_EXPIRED || egret_passes(judgement))
		return 0;
	packet.name = asking->question->name;
	packet.name_alone = true;
	return kernel_decide(asking->kernel, &packet, judgement);
}

/* A name: by its address as for whoever resolves it now. Of one subject, who has not is denied until it does. */
static int judge_name(const struct explain_asking *asking, const struct judgement *now, struct explain_answer *answer)
{
	struct kernel_packet packet = explain_packet(answer->addr, asking);
	struct judgement asked, unasked = *now;
	int rc;

	packet.name = asking->question->name;
	rc = kernel_decide(asking->kernel, &packet, &asked);
	if (!rc && egret_passes(now)) {
		packet.name = NULL;
		packet.scope = 0;
		rc = kernel_decide(asking->kernel, &packet, &unasked);
	}
	if (rc)
		return rc;
	rc = judge_without_ended(asking, &asked);
	if (rc)
		return rc;
	answer->must_ask = egret_passes(&asked) && (!egret_passes(now) || is_own_lesson(asking, answer, &unasked));
	answer->judgement = asked;
	if (!asking->asker.cgroup_id)
		return 0;
	if (answer->must_ask) {
		answer->judgement.allow = false;
		answer->judgement.told_only = false;
		answer->judgement.reason = unasked.reason;
	} else if (now->told_only) {
		answer->judgement = *now;
	}
	return 0;
}

/* No address of it is known: as for whoever is given one. */
static int judge_name_alone(const struct explain_asking *asking, struct explain_answer *answer)
{
	struct kernel_packet packet = explain_packet(&(struct egret_addr){}, asking);
	int rc;

	packet.name = asking->question->name;
	packet.name_alone = true;
	rc = kernel_decide(asking->kernel, &packet, &answer->judgement);
	answer->must_ask = !rc && egret_passes(&answer->judgement);
	if (answer->must_ask && asking->asker.cgroup_id) {
		answer->judgement.allow = false;
		answer->judgement.told_only = false;
		answer->judgement.reason = EGRET_REASON_NO_RULE;
	}
	return rc;
}

/* For who has the address now. */
static int judge_address(const struct explain_asking *asking, struct explain_answer *answer)
{
	struct kernel_packet packet = explain_packet(answer->addr, asking);
	struct judgement now;
	int rc = kernel_decide(asking->kernel, &packet, &now);

	answer->judgement = now;
	return rc || !asking->question->name ? rc : judge_name(asking, &now, answer);
}

void explain_suggest(const struct explain_asking *asking, struct explain_answer *answer)
{
	struct denied denied = {
	    .name = answer->name,
	    .addr = answer->addr ? *answer->addr : (struct egret_addr){},
	    .need = EGRET_NEED_NOTHING,
	    .l4_proto = asking->question->port.l4_proto,
	    .port = asking->question->port.lo,
	    .reason = answer->judgement.reason,
	    .audience = asking->asker.audience,
	    .families = kernel_settings(asking->kernel)->families,
	    .rule_text = answer->judgement.reason == EGRET_REASON_SPECIAL_ADDRESS ? answer->text.text : "",
	};

	answer->suggestion[0] = '\0';
	if (answer->judgement.allow || answer->must_ask)
		return;
	if (!answer->addr || kernel_addr_need(asking->kernel, answer->addr, &denied.need))
		denied.need = EGRET_NEED_NOTHING;
	suggestion_line(&denied, answer->suggestion);
}

/* By which the subject reaches an address that was asked about. */
static const char *name_of(const struct explain_asking *asking, const struct explain_answer *answer,
			   char buf[static EGRET_NAME_SIZE])
{
	struct egret_asked asked;

	snprintf(buf, EGRET_NAME_SIZE, "%s", asking->question->name ? asking->question->name : answer->name);
	for (size_t i = 0; !*buf && asking->asker.scope && i < asking->question->learned.count; i++) {
		const struct kernel_lesson *lesson = &asking->question->learned.all[i];

		if (lesson->scope == asking->asker.scope && lesson->policy_name &&
		    !kernel_get_asked(asking->kernel, lesson->name, &asked))
			snprintf(buf, EGRET_NAME_SIZE, "%s", asked.name);
	}
	return buf;
}

int explain_judge(const struct explain_asking *asking, struct explain_answer *answer)
{
	int rc = answer->addr ? judge_address(asking, answer) : judge_name_alone(asking, answer);
	char name[EGRET_NAME_SIZE];

	if (rc)
		return rc;
	find_name(asking, answer);
	if (answer->judgement.rule >= EGRET_RULE_FIRST)
		kernel_get_text(asking->kernel, answer->judgement.rule, &answer->text);
	explain_suggest(asking, answer);
	answer->steps = explain_way(&(struct explain_way){
	    .kernel = asking->kernel,
	    .learned = &asking->question->learned,
	    .asker = &asking->asker,
	    .who = asking->who,
	    .name = name_of(asking, answer, name),
	    .answer = answer,
	});
	return 0;
}
