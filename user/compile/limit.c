/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A list that is over its limit, or finds no room among all lists. */
#include <errno.h>

#include "internal.h"
#include "egret_reasons.h"

int limit_report(struct compiler *compiler, const struct list *list, const char *what)
{
	uint32_t index;

	if (!compiler->diag)
		return -E2BIG;
	if (!list->over) {
		diag_add(compiler->diag, DIAG_ERROR, policy_place(compiler),
			 "all rules together need more than %d port entries; give more destinations the same ports",
			 EGRET_MAX_PORT_ENTRIES);
		return -EINVAL;
	}
	index = rule_index(compiler, list->over);
	if (tell_once(compiler, index, TOLD_LIMIT))
		diag_add(compiler->diag, DIAG_ERROR, rule_place(compiler, index),
			 "with this rule, %s has more than %d different ports from all rules; write ranges, or `any`",
			 what, EGRET_MAX_PORTS_PER_DEST);
	return 0;
}
