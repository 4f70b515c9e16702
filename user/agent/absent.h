/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Cgroups that rules are for (`for cgroup /PATH`) and that are not there. It may be a service that is stopped, or a
 * path that is misspelt, whose `deny` holds for nobody: no program can tell which. So a person is told when the policy
 * comes to rule, and `status` shows them for as long as they are not there, but it is no PROBLEM.
 */
#ifndef EGRET_ABSENT_H
#define EGRET_ABSENT_H

#include "../kernel/kernel.h"
#include "../policy/policy.h"
#include "progress.h"

/* Looks for them, and writes down for `status` which are not there. */
void absent_refresh(struct kernel *kernel, const struct policy *policy);
/* The same, and says it in the log. */
void absent_tell(struct kernel *kernel, const struct policy *policy, struct progress *progress);

#endif
