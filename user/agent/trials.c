// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a policy requires: before it rules, and on probation. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>

#include "services.h"
#include "trial.h"

/* One trial at a time: both would use the same cgroup. */
#define OTHER_TRIAL_NS (200 * CLOCK_NS_PER_MS)

int agent_requirements(const struct agent *agent, const struct edition *edition, const struct compiled *compiled,
		       struct probation_of *of, struct name_addrs **ret_names)
{
	*of = (struct probation_of){
	    .kernel = agent->kernel,
	    .governed_fd = agent->options.cgroup_fd,
	    .requirements = {.compiled = compiled, .home_fd = -1},
	};
	if (addresses_list(edition->addresses, ret_names, &of->requirements.name_count))
		return -ENOMEM;
	of->requirements.names = *ret_names;
	return 0;
}

int agent_try_services(const struct agent *agent, const struct compiled *compiled, struct error *error)
{
	char text[EGRET_PROBLEM_SIZE - 64];
	struct services services;
	size_t missing;

	services_find(&services, agent->options.cgroup_fd);
	if (!kernel_settings(agent->kernel)->audit)
		services_keep_allowed(&services, agent->kernel, agent->ruling->compiled);
	missing = services_missing(&services, agent->kernel, compiled, agent->options.cgroup_fd);
	services_describe(&services, text, sizeof(text));
	services_clear(&services);
	return missing ? error_set(error, -EAGAIN, "what the policy requires fails: %s", text) : 0;
}

bool agent_must_wait(const struct agent *agent, const struct edition *next)
{
	if (!agent->ruling || agent->ruling->source == EDITION_FALLBACK || edition_only_audits(next, &agent->options))
		return false;
	return !next->probation_sec || !kernel_settings(agent->kernel)->audit;
}

static int ruling_requirements(const struct agent *agent, struct probation_of *of, struct name_addrs **ret_names)
{
	int rc = agent_requirements(agent, agent->ruling, agent->ruling->compiled, of, ret_names);

	of->requirements.resolvers = agent->required_resolvers;
	of->requirements.resolver_count = agent->required_resolver_count;
	return rc;
}

/* One of the policy's resolvers must answer: on probation, since a node may come up before its network. */
static void require_resolvers(struct agent *agent)
{
	free(agent->required_resolvers);
	agent->required_resolvers = NULL;
	agent->required_resolver_count = 0;
	if (agent->ruling->probation_sec && agent->ruling->policy->resolver_count &&
	    edition_resolvers(agent->ruling, &agent->required_resolvers, &agent->required_resolver_count))
		agent->required_resolver_count = 0;
}

static void probation_is_due(void *context);
static void trial_is_over(void *context);

/* For what comes next: the end of a trial that runs, or the time of the next one. */
static void wait_for_probation(struct agent *agent)
{
	struct probation *probation = &agent->probation;

	loop_fd_remove(&agent->trial_over);
	loop_timer_stop(&agent->probation_due);
	if (trial_runs(&probation->trial))
		loop_fd_add(agent->loop, &agent->trial_over, probation->trial.fd, trial_is_over, agent);
	else if (probation->try_ns)
		loop_timer_set(agent->loop, &agent->probation_due, probation->try_ns, probation_is_due, agent);
}

static void attend(struct agent *agent, void (*step)(struct probation *probation, const struct probation_of *of))
{
	struct name_addrs *names;
	struct probation_of of;

	if (!ruling_requirements(agent, &of, &names)) {
		of.progress = &agent->progress;
		step(&agent->probation, &of);
		free(names);
		agent_note_ruled(agent);
	}
	wait_for_probation(agent);
}

static void probation_is_due(void *context)
{
	struct agent *agent = context;

	if (trial_runs(&agent->candidate.trial))
		loop_timer_set(agent->loop, &agent->probation_due, clock_now_ns() + OTHER_TRIAL_NS, probation_is_due,
			       agent);
	else
		attend(agent, probation_try);
}

static void trial_is_over(void *context)
{
	attend(context, probation_conclude);
}

void agent_begin_probation(struct agent *agent)
{
	struct name_addrs *names;
	struct probation_of of;

	agent_end_probation(agent);
	trial_clean(agent->kernel, agent->options.cgroup_fd);
	if (edition_only_audits(agent->ruling, &agent->options))
		return;
	require_resolvers(agent);
	if (ruling_requirements(agent, &of, &names))
		return;
	probation_begin(&agent->probation, &of, agent->ruling->probation_sec);
	free(names);
	wait_for_probation(agent);
}

void agent_end_probation(struct agent *agent)
{
	loop_fd_remove(&agent->trial_over);
	loop_timer_stop(&agent->probation_due);
	probation_cancel(&agent->probation);
}
