// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "verdicts.h"

#include <netinet/in.h>

#include "../base/nat64.h"
#include "egret_limits.h"
#include "egret_reasons.h"
#include "egret_subject.h"

struct docket {
	const struct kernel *kernel;
	const struct compiled *compiled;
	struct verdict *all;
	size_t count;
};

static void judge_by_address(const struct compiled *compiled, struct verdict *verdict)
{
	struct judgement judgement =
	    compiled_judge_addr(compiled, &verdict->of.addr, IPPROTO_TCP, verdict->of.port, verdict->audience);

	verdict->allowed = judgement.allow;
	verdict->reason = judgement.reason;
	verdict->final = judgement.allow || judgement.reason == EGRET_REASON_DENY_RULE;
}

/* What was learned serves one scope. Of a pod nobody tells it here: any counts. */
static bool is_about(const struct verdict *verdict, const struct kernel_lesson *lesson, const struct egret_nat64 *nat64)
{
	struct egret_addr meant = nat64_meant(nat64, &verdict->of.addr);

	return !verdict->final && (addr_equal(&verdict->of.addr, &lesson->addr) || addr_equal(&meant, &lesson->addr)) &&
	       (!verdict->of.scope || egret_audience_kind(verdict->audience) != EGRET_KIND_HOST ||
		verdict->of.scope == lesson->scope);
}

static bool name_allows(const struct compiled *compiled, const char *name, const struct verdict *verdict)
{
	uint32_t teacher = compiled_name_teacher(compiled, name);

	return teacher &&
	       egret_meets(compiled->name_dests[teacher - 1].flags, compiled_addr_need(compiled, &verdict->of.addr)) &&
	       compiled_judge_name(compiled, name, IPPROTO_TCP, verdict->of.port, verdict->audience).allow;
}

static int judge_by_name(void *context, const struct kernel_lesson *lesson)
{
	const struct docket *docket = context;
	struct egret_asked asked;

	for (size_t i = 0; i < docket->count; i++) {
		struct verdict *verdict = &docket->all[i];

		if (is_about(verdict, lesson, &docket->compiled->policy->settings.nat64) &&
		    !kernel_get_asked(docket->kernel, lesson->name, &asked))
			verdict->allowed = verdict->final = name_allows(docket->compiled, asked.name, verdict);
	}
	return 0;
}

void verdicts_make(const struct kernel *kernel, const struct compiled *compiled, struct verdict *all, size_t count)
{
	struct docket docket = {kernel, compiled, all, count};
	bool open = false;

	for (size_t i = 0; i < count; i++) {
		judge_by_address(compiled, &all[i]);
		open |= !all[i].final;
	}
	if (!open)
		return;
	kernel_each_lesson(kernel, judge_by_name, &docket);
}
