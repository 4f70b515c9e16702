/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What must answer: `require` lines, and on probation one of the resolvers. Each is judged by
 * the policy and then really dialled, by the calling process: trial.h has one of its own.
 */
#ifndef EGRET_REQUIREMENTS_H
#define EGRET_REQUIREMENTS_H

#include <stddef.h>

#include "../compile/compile.h"
#include "../kernel/kernel.h"

struct requirements {
	const struct compiled *compiled;
	const struct name_addrs *names; /* what the names of the policy resolved to */
	size_t name_count;
	const struct zoned_addr *resolvers; /* one of them must answer; none: nobody need */
	size_t resolver_count;
	/* Before a policy takes the place of another: the instance under that one. What it denies is
	 * dialled again from the cgroup @home, where the agent may be out of its reach; if it is not, that
	 * cannot be tried yet, and is when the new one rules. NULL and -1: this policy rules. */
	const struct kernel *ruling;
	int home_fd;
};

/* Tries all at the same time, for 3 s at most. Returns how many did not answer; @text says which, and why. */
size_t requirements_try(const struct requirements *requirements, char *text, size_t size);

#endif
