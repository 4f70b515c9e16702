/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What must answer before a policy may enforce: `require` lines, and on probation one of the
 * resolvers. Each is judged by the policy and then really dialled, from the agent.
 */
#ifndef EGRET_REQUIREMENTS_H
#define EGRET_REQUIREMENTS_H

#include <stddef.h>

#include "../compile/compile.h"

struct requirements {
	const struct compiled *compiled;
	const struct name_addrs *names; /* what the names of the policy resolved to */
	size_t name_count;
	const struct egret_addr *resolvers; /* one of them must answer; none: nobody need */
	size_t resolver_count;
};

/* Tries all at the same time, for 3 s at most. Returns how many did not answer; @text says which, and why. */
size_t requirements_try(const struct requirements *requirements, char *text, size_t size);

#endif
