/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whom a policy's `resolver` lines stand for. */
#include <errno.h>
#include <stdlib.h>

#include "policy.h"

static void add(struct zoned_addr *all, size_t *count, const struct zoned_addr *server)
{
	for (size_t i = 0; i < *count; i++)
		if (zoned_addr_equal(&all[i], server))
			return;
	all[(*count)++] = *server;
}

int policy_servers(const struct policy *policy, const struct zoned_addr *system, size_t system_count,
		   struct zoned_addr **ret, size_t *ret_count)
{
	size_t count = 0;
	struct zoned_addr *all = calloc(policy->resolver_count + system_count + 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < policy->resolver_count; i++) {
		if (!policy->resolvers[i].system)
			add(all, &count, &policy->resolvers[i].server);
		for (size_t s = 0; policy->resolvers[i].system && s < system_count; s++)
			add(all, &count, &system[s]);
	}
	for (size_t s = 0; !policy->resolver_count && s < system_count; s++)
		add(all, &count, &system[s]);
	*ret = all;
	*ret_count = count;
	return 0;
}
