/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Completes rows of denials, once each, within a second: the kernel says `no-rule`, and what is behind it is known
 * only now, and forgotten later. Only of the policy that rules, and of no more than the newest EGRET_MAX_COMPLETIONS
 * rows.
 */
#ifndef EGRET_COMPLETION_H
#define EGRET_COMPLETION_H

#include "edition.h"

struct completions;

/* NULL: out of memory. */
struct completions *completions_new(struct loop *loop);
void completions_free(struct completions *completions); /* takes NULL */

/* The instance is let go of: another one has other rows. */
void completions_reset(struct completions *completions);
/* Those that are new, if something was denied since the last call; what is gone goes. Takes a few hundredths of the
 * time between calls at most. */
void completions_refresh(struct completions *completions, struct kernel *kernel, const struct edition *ruling,
			 struct resolver_book *book);
/* The same without a bound, for who ends: does a row still wait for an answer? */
bool completions_finish(struct completions *completions, struct kernel *kernel, const struct edition *ruling,
			struct resolver_book *book);

#endif
