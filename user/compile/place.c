/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A rule by its index: where it is written, what kind it is, and what was told of it. */
#include "internal.h"
#include "egret_reasons.h"

uint32_t rule_index(const struct compiler *compiler, uint32_t id)
{
	return compiler->out->texts[id - EGRET_RULE_FIRST].position;
}

const struct egret_rule_text *rule_text(const struct compiler *compiler, uint32_t index)
{
	return &compiler->out->texts[compiler->out->ids[index] - EGRET_RULE_FIRST];
}

const struct egret_rule *rule_ports(const struct compiler *compiler, uint32_t index)
{
	return &compiler->out->rules[compiler->out->ids[index] - EGRET_RULE_FIRST];
}

struct diag_place policy_place(const struct compiler *compiler)
{
	const struct policy *policy = compiler->out->policy;

	return (struct diag_place){.file = policy->rule_count ? policy->rules[0].file : "policy"};
}

struct diag_place rule_place(const struct compiler *compiler, uint32_t index)
{
	const struct policy *policy = compiler->out->policy;
	const struct egret_rule_text *text;

	if (index >= compiler->out->rule_count)
		return policy_place(compiler);
	text = rule_text(compiler, index);
	if (index < policy->rule_count)
		return (struct diag_place){.file = policy->rules[index].file, .line = policy->rules[index].line};
	return (struct diag_place){.file = text->file, .line = text->line};
}

uint8_t rule_action(const struct compiler *compiler, uint32_t index)
{
	const struct policy *policy = compiler->out->policy;

	return index < policy->rule_count ? policy->rules[index].action : EGRET_ALLOW;
}

bool rule_is_floor(const struct compiler *compiler, uint32_t index)
{
	const struct policy *policy = compiler->out->policy;

	if (index >= policy->rule_count)
		return true; /* a resolver */
	return policy->rules[index].floor && policy->rules[index].action == EGRET_ALLOW;
}

bool tell_once(struct compiler *compiler, uint32_t index, uint8_t what)
{
	if (compiler->told[index] & what)
		return false;
	compiler->told[index] |= what;
	return true;
}
