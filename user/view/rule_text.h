/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A rule as every view names it. */
#ifndef EGRET_VIEW_RULE_TEXT_H
#define EGRET_VIEW_RULE_TEXT_H

#include <jansson.h>

#include "../kernel/read.h"

/* Sets "rule", the line as it is written, "file" and "line". @text NULL: all three are null. */
void json_set_rule_text(json_t *row, const struct egret_rule_text *text);
/* The same by the rule's id in the kernel; null where the policy has no such line. */
void json_set_rule(json_t *row, const struct kernel *kernel, uint32_t rule);

/* Is it `audit allow` or `audit deny`? */
bool rule_is_audit(const struct egret_rule_text *text);

#endif
