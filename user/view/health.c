// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "health.h"

#include <stdio.h>

static bool is_live(const struct health_facts *facts)
{
	return facts->held && facts->process != PROCESS_GONE && facts->silent_sec >= 0 &&
	       facts->silent_sec < HEALTH_LIVE_SEC;
}

static void describe_agent(const struct health_facts *facts, struct health *ret)
{
	long long silent = facts->silent_sec;

	if (ret->live)
		snprintf(ret->agent, sizeof(ret->agent), "alive, pid %u%s, last sign of life %lld s ago",
			 facts->meta->agent_pid, facts->process == PROCESS_HIDDEN ? " of another pid namespace" : "",
			 silent);
	else if (facts->held && (silent < 0 || facts->process == PROCESS_GONE))
		snprintf(ret->agent, sizeof(ret->agent), "starts; no sign of life yet");
	else if (facts->held)
		snprintf(ret->agent, sizeof(ret->agent), "starts or hangs: no sign of life for %lld s", silent);
	else if (silent < 0)
		snprintf(ret->agent, sizeof(ret->agent), "not running; it ended while it started");
	else
		snprintf(ret->agent, sizeof(ret->agent),
			 "not running (last sign of life %lld s ago): what is attached goes on, names are no longer "
			 "refreshed",
			 silent);
}

/* What the maps do not say as a problem of the agent's own. */
static void find_problem(const struct health_facts *facts, struct health *ret)
{
	if (!facts->attached && !facts->meta->attached_ns)
		snprintf(ret->problem, sizeof(ret->problem), "nothing is attached yet, so nothing is governed");
	else if (!facts->attached)
		snprintf(ret->problem, sizeof(ret->problem),
			 "hook %s is not attached, so the cgroup is not governed; start the agent anew",
			 facts->missing_hook);
	else if (!facts->audits && !facts->meta->enforcing)
		snprintf(ret->problem, sizeof(ret->problem),
			 "the self-test has not shown that the policy is enforced; the agent's log says why");
	else if (facts->held && !ret->live)
		snprintf(ret->problem, sizeof(ret->problem), "the agent %s", ret->agent);
}

/* The first of what keeps the policy that was asked for from ruling. */
static const char *reason_not_ready(const struct health_facts *facts, const struct health *health)
{
	const struct egret_meta *meta = facts->meta;

	if (health->problem[0])
		return health->problem;
	if (!health->live)
		return "no agent runs, so a change of the policy would not be seen";
	if (meta->problems[EGRET_PROBLEM_POLICY][0])
		return meta->problems[EGRET_PROBLEM_POLICY];
	if (meta->problems[EGRET_PROBLEM_REQUIRED][0])
		return meta->problems[EGRET_PROBLEM_REQUIRED];
	if (meta->probation_ends_ns && meta->waiting[0])
		return meta->waiting;
	if (facts->audits && !meta->asked_audit)
		return "the policy says enforce, and is only audited";
	return "";
}

void health_judge(const struct health_facts *facts, struct health *ret)
{
	*ret = (struct health){.live = is_live(facts)};
	describe_agent(facts, ret);
	find_problem(facts, ret);
	snprintf(ret->why_not, sizeof(ret->why_not), "%s", reason_not_ready(facts, ret));
	ret->ready = !ret->why_not[0];
}
