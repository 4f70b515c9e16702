/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the names of the policy that rules have is noted in the kernel, beside its tables: an agent that ends, however
 * it does, leaves all that it knew to the next one, which may be given another policy.
 */
#ifndef EGRET_RESOLVED_H
#define EGRET_RESOLVED_H

#include "edition.h"

/* @before: what @name had until now. A negative errno: not all could be noted; load the policy anew. */
int resolved_note(struct kernel *kernel, const struct resolver_name *name, const struct egret_addr *before,
		  size_t before_count);
/* Names of @edition have what was noted in @kernel, until an answer says otherwise. */
void resolved_recall(const struct kernel *kernel, struct edition *edition);

/* Names of @edition that were asked for where @kernel rules come first. */
void resolved_hurry(const struct kernel *kernel, struct edition *edition);

#endif
