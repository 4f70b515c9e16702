/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Connections from before the first attach, in the map `existing`: those that can be seen are noted
 * at the attach, before they send anything; programs note the others when they send. What the policy
 * that rules says of each is written beside it, and those that ended are taken out.
 */
#ifndef EGRET_EXISTING_H
#define EGRET_EXISTING_H

#include "../compile/compile.h"
#include "../kernel/kernel.h"
#include "../subject/connections.h"

/* Just before the first attach. */
void existing_find(struct connections *ret);
/* Just after it. */
void existing_note(struct kernel *kernel, const struct compiled *compiled, int governed_fd,
		   const struct connections *found);
/* Another policy rules, or time has passed. */
void existing_refresh(struct kernel *kernel, const struct compiled *compiled);

#endif
