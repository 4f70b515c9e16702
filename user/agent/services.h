/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the services that make a node are connected to when a policy begins to rule: the kubelet,
 * k3s and rke2, and the container runtimes. What no rule allows of that will end one day, and the
 * node with it; so each such connection is a requirement that is not met.
 */
#ifndef EGRET_SERVICES_H
#define EGRET_SERVICES_H

#include "../compile/compile.h"
#include "../kernel/kernel.h"

struct service_connection;

struct services {
	struct service_connection *all;
	size_t count, capacity;
	size_t answered; /* that no rule allowed at first, and one does now */
};

/* All that stand now, of the agent's network namespace, of services below the governed cgroup. */
void services_find(struct services *ret, int governed_fd);
/*
 * How many of them no rule of @compiled allows. One that ended is forgotten after a while in which
 * its service was denied nothing. While the policy only audits, those that began since count as well.
 */
size_t services_missing(struct services *services, const struct kernel *kernel, const struct compiled *compiled,
			int governed_fd);
/* Those that the last services_missing counted, as a sentence. */
void services_describe(const struct services *services, char *text, size_t size);
/* Another policy changes nothing for those that @compiled, which rules, does not allow either. */
void services_keep_allowed(struct services *services, const struct kernel *kernel, const struct compiled *compiled);
void services_clear(struct services *services);

#endif
