// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rule_text.h"

#include <string.h>

#include "json.h"
#include "egret_reasons.h"

void json_set_rule_text(json_t *row, const struct egret_rule_text *text)
{
	json_set_text(row, "rule", text ? text->text : NULL);
	json_set_text(row, "file", text ? text->file : NULL);
	json_object_set_new(row, "line", text ? json_integer(text->line) : json_null());
}

bool rule_is_audit(const struct egret_rule_text *text)
{
	static const char audit[] = "audit ";

	return !strncmp(text->text, audit, strlen(audit));
}

void json_set_rule(json_t *row, const struct kernel *kernel, uint32_t rule)
{
	struct egret_rule_text text;
	bool known = rule >= EGRET_RULE_FIRST && !kernel_get_text(kernel, rule, &text);

	json_set_rule_text(row, known ? &text : NULL);
}
