/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Would the policy that rules now let through what another one denied? */
#ifndef EGRET_VIEW_PASSES_H
#define EGRET_VIEW_PASSES_H

#include <stdbool.h>

#include "denials.h"

/* Can a rule do something about what is denied for this reason? */
bool passes_by_rules(uint32_t reason);
/* @name: of the destination, as who sends would learn it; "" = none is known. @completion: of the row. */
bool passes_now(const struct kernel *kernel, const struct denial *denial, const char *name,
		const struct egret_completion *completion);

#endif
