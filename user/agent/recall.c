// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What is known of an edition's names before anybody answers for them. Silence takes nothing away: a name that both
 * policies have keeps its addresses until an answer says otherwise, so that an edit, while DNS is down or slow, neither
 * closes what is allowed nor opens what is denied.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "good_policy.h"
#include "resolved.h"

static bool has_name(const struct policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		for (size_t d = 0; d < policy->rules[i].dest_count; d++)
			if (policy->rules[i].dests[d].kind == POLICY_DEST_NAME &&
			    !strcmp(policy->rules[i].dests[d].name, name))
				return true;
	return false;
}

static void recall(struct edition *edition, const struct kept_name *name)
{
	if (edition->resolver)
		resolver_recall(edition->resolver, name->name, name->addrs, name->count, name->answered_ns);
	else if (has_name(edition->policy, name->name))
		addresses_set(edition->addresses, name->name, name->addrs, name->count, NULL, NULL);
}

static void inherit_addresses(struct edition *edition, const struct edition *from)
{
	struct name_addrs *names;
	size_t count;

	if (addresses_list(from->addresses, &names, &count))
		return;
	for (size_t i = 0; i < count; i++)
		if (names[i].count)
			recall(edition, &(struct kept_name){names[i].name, names[i].addrs, names[i].count, 0});
	free(names);
}

void agent_inherit_names(struct agent *agent, struct edition *edition)
{
	const struct edition *from = agent->ruling;

	if (!edition->resolver && !edition->no_resolvers)
		return;
	if (from && from->resolver && edition->resolver)
		resolver_inherit(edition->resolver, from->resolver);
	else if (from)
		inherit_addresses(edition, from);
	else if (agent->kernel)
		resolved_recall(agent->kernel, edition);
	if (agent->kernel)
		resolved_hurry(agent->kernel, edition);
}

void agent_recall_names(struct agent *agent, struct edition *edition)
{
	struct kept_policy good;
	struct error error;
	int rc;

	if (!agent->options.state || (!edition->resolver && !edition->no_resolvers))
		return;
	rc = good_policy_read(agent->options.state, agent->options.instance, &good, &error);
	if (rc == -ENOENT || (rc && *agent_state_problem(agent)))
		return;
	if (rc) {
		progress_warn(&agent->progress, "%s", error.text);
		snprintf(agent->kept.problem, sizeof(agent->kept.problem), "%s", error.text);
		return;
	}
	for (size_t i = 0; i < good.name_count; i++)
		recall(edition, &good.names[i]);
	kept_clear(&good);
}
