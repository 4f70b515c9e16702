// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "floor.h"

#include <errno.h>

#include "../base/hash.h"
#include "../kernel/kernel.h"
#include "standby.h"

#define WRITE_FLOOR "write `use linux/node`, on AKS `use aks/node`"

const char floor_problem[] = "the policy has no floor, and goes on because it ruled already; " WRITE_FLOOR
			     ", or `set floor = off` if a node without one is meant";

/* FNV-1a, 64 bit, a line feed behind each text: what release 0.1.0 left as the hash of its policy. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return (hash ^ '\n') * UINT64_C(0x100000001b3);
}

static uint64_t hash_rules(const struct policy *policy)
{
	uint64_t hash = HASH_BEGIN;
	char text[256];

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		hash = hash_text(hash, rule->text);
		for (size_t d = 0; d < rule->dest_count; d++)
			hash = hash_text(hash, policy_dest_format(&rule->dests[d], text));
	}
	return hash;
}

static void report(const struct policy *policy, const struct diag_place place, struct diag *diag)
{
	if (!policy->rule_count)
		diag_add(diag, DIAG_ERROR, place,
			 "the policy has no rule, so the node would reach nothing; " WRITE_FLOOR
			 ", and what else it needs, or `set floor = off` if this is meant");
	else
		diag_add(diag, DIAG_ERROR, place,
			 "the policy has no floor, the rules of a node.rules without which a node locks itself "
			 "out; " WRITE_FLOOR ", or `set floor = off` if this is meant");
}

int floor_check(const struct agent_options *options, const struct policy *policy, struct diag *diag,
		uint64_t *ret_rules)
{
	const struct diag_place place = {.file = options->policy.path_count ? options->policy.paths[0] : ""};
	struct kernel_ruled ruled;
	uint64_t rules;

	*ret_rules = 0;
	if (options->node && !policy->settings.floor && !policy->rule_count)
		diag_add(diag, DIAG_WARNING, place,
			 "the policy has no rule, so it allows nothing; `set floor = off` says that this is meant");
	if (!options->node || policy->settings.off || !policy->settings.floor || policy_has_floor(policy))
		return 0;
	rules = hash_rules(policy);
	kernel_ruled(options->instance, &ruled);
	/* By its pins, which a reboot takes away, or by what the state folder remembers. */
	if (ruled.floorless_rules == rules || options->has_ruled ||
	    (options->standby && standby_has_ruled(options->standby, policy))) {
		*ret_rules = rules;
		diag_add(diag, DIAG_WARNING, place, "%s", floor_problem);
		return 0;
	}
	report(policy, place, diag);
	return -EINVAL;
}
