/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names that the kernel's programs could not read the answer for: the agent asks for them
 * at once, and teaches what it is answered to whoever asked.
 */
#ifndef EGRET_WANTED_H
#define EGRET_WANTED_H

#include <poll.h>
#include <stddef.h>

#include "../kernel/kernel.h"
#include "../resolve/resolver.h"

struct wanted;

/* @options as of the agent's own resolver, with whose queries it shares the rate, and goes first; copied. */
int wanted_new(const struct resolver_options *options, struct wanted **ret);
void wanted_free(struct wanted *wanted); /* takes NULL */

/* Asks for what came into the ring since. @compiled: the policy that rules. */
void wanted_take(struct wanted *wanted, struct kernel *kernel, const struct compiled *compiled);
/* As resolver_poll and resolver_process. */
size_t wanted_poll(struct wanted *wanted, struct pollfd *fds, size_t capacity, int *ret_timeout_ms);
void wanted_process(struct wanted *wanted, const struct pollfd *fds, size_t count, struct kernel *kernel,
		    const struct compiled *compiled);

#endif
