// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a policy requires: before it rules, and on probation. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../subject/cgroup.h"
#include "services.h"
#include "trial.h"

bool agent_only_audits(const struct agent *agent)
{
	return agent->options.audit || agent->policy->settings.audit;
}

/* @of borrows from @ret_names, which is the caller's. */
static int probation_of(const struct agent *agent, const struct compiled *compiled, struct probation_of *of,
			struct name_addrs **ret_names)
{
	*of = (struct probation_of){
	    .kernel = agent->kernel,
	    .governed_fd = agent->options.cgroup_fd,
	    .requirements = {.compiled = compiled,
			     .home_fd = -1,
			     .resolvers = agent->required_resolvers,
			     .resolver_count = agent->required_resolver_count},
	};
	if (addresses_list(agent->addresses, ret_names, &of->requirements.name_count))
		return -ENOMEM;
	of->requirements.names = *ret_names;
	return 0;
}

static int try_once(struct agent *agent, const struct probation_of *of, struct error *error)
{
	struct trial *trial = &agent->probation.trial;
	struct trial_result result;
	int rc;

	rc = trial_start(trial, &of->requirements, of->kernel, of->governed_fd);
	if (rc)
		return error_set(error, rc, "what the policy requires cannot be tried: %s", strerror(-rc));
	while (!rc) {
		struct pollfd over = {.fd = trial->fd, .events = POLLIN};

		rc = agent_turn(agent, &over, 1, clock_now_ns() + CLOCK_NS_PER_SEC);
	}
	trial_finish(trial, &result);
	return result.missing ? error_set(error, -EAGAIN, "what must answer does not: %s", result.text) : 0;
}

/* Where the agent is itself. -1: it cannot be told. */
static int open_home(void)
{
	char path[CGROUP_PATH_SIZE];
	struct error ignored;
	int fd;

	return cgroup_of_self(path, sizeof(path), &ignored) || cgroup_open(path, &fd, &ignored) ? -1 : fd;
}

/* What the node's services are connected to, and only the policy that rules lets them. */
static int try_services(const struct agent *agent, const struct compiled *compiled, struct error *error)
{
	char text[EGRET_PROBLEM_SIZE - 64];
	struct services services;
	size_t missing;

	services_find(&services, agent->options.cgroup_fd);
	if (!kernel_config(agent->kernel)->audit)
		services_keep_allowed(&services, agent->kernel, agent->replaces->compiled);
	missing = services_missing(&services, agent->kernel, compiled, agent->options.cgroup_fd);
	services_describe(&services, text, sizeof(text));
	services_clear(&services);
	return missing ? error_set(error, -EAGAIN, "what must answer does not: %s", text) : 0;
}

static int try_under_ruling(struct agent *agent, const struct compiled *compiled, int home_fd, struct error *error)
{
	struct name_addrs *names;
	struct probation_of of;
	int rc = 0;

	if (probation_of(agent, compiled, &of, &names))
		return error_set(error, -ENOMEM, "out of memory");
	of.requirements.ruling = agent->kernel;
	of.requirements.home_fd = home_fd;
	if (agent->policy->require_count)
		rc = try_once(agent, &of, error);
	free(names);
	return rc ? rc : try_services(agent, compiled, error);
}

int agent_wait_for_required(struct agent *agent, const struct compiled *compiled, struct error *error)
{
	uint64_t deadline = clock_now_ns() + agent->options.resolve_wait_sec * CLOCK_NS_PER_SEC;
	int rc, home_fd = open_home();

	do {
		rc = try_under_ruling(agent, compiled, home_fd, error);
		if (rc == -EAGAIN)
			agent_turn(agent, NULL, 0, clock_now_ns() + CLOCK_NS_PER_SEC);
	} while (rc == -EAGAIN && clock_now_ns() < deadline);
	if (home_fd >= 0)
		close(home_fd);
	return rc;
}

bool agent_must_wait(const struct agent *agent)
{
	if (!agent->replaces || !agent->replaces->compiled || agent_only_audits(agent))
		return false;
	return !agent->options.probation_sec || !kernel_config(agent->kernel)->audit;
}

/* One of the policy's resolvers must answer: on probation, since a node may come up before its network. */
static void require_resolvers(struct agent *agent)
{
	if (agent->options.probation_sec && agent->policy->resolver_count && !agent->required_resolvers &&
	    agent_resolver_addresses(agent, &agent->required_resolvers, &agent->required_resolver_count))
		agent->required_resolver_count = 0;
}

void agent_begin_probation(struct agent *agent)
{
	struct name_addrs *names;
	struct probation_of of;

	trial_clean(agent->kernel, agent->options.cgroup_fd);
	if (agent_only_audits(agent))
		return;
	require_resolvers(agent);
	if (probation_of(agent, agent->compiled, &of, &names))
		return;
	probation_begin(&agent->probation, &of, agent->options.probation_sec);
	free(names);
}

void agent_attend_probation(struct agent *agent, bool over)
{
	struct name_addrs *names;
	struct probation_of of;

	if (!over && !probation_is_due(&agent->probation))
		return;
	if (probation_of(agent, agent->compiled, &of, &names))
		return;
	of.progress = &agent->progress;
	if (over)
		probation_conclude(&agent->probation, &of);
	else
		probation_try(&agent->probation, &of);
	free(names);
	agent_note_ruled(agent);
}
