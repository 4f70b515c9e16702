// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "floor.h"
#include "rest.h"
#include "unresolved.h"

#define RESOLVE_WAIT_SEC 15
#define MAX_POLL_FDS     256

int agent_new(const struct agent_options *options, struct agent **ret, struct diag *diag, struct error *error)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	int rc;

	if (!agent)
		return error_set(error, -ENOMEM, "out of memory");
	agent->options = *options;
	if (!agent->options.resolve_wait_sec)
		agent->options.resolve_wait_sec = RESOLVE_WAIT_SEC;
	progress_start(&agent->progress, options->quiet);
	probation_init(&agent->probation);
	agent->addresses = addresses_new();
	rc = agent->addresses ? rest_load(&options->policy, &agent->policy, diag) : -ENOMEM;
	progress_stage(&agent->progress, "policy");
	if (!rc)
		policy_report_files(agent->policy, diag);
	if (!rc)
		rc = floor_check(options, agent->policy, diag, &agent->floorless_rules);
	if (rc)
		error_set(error, rc, rc == -EINVAL ? "the policy has errors; nothing was changed" : "out of memory");
	if (!rc)
		rc = agent_start_asking(agent, error);
	if (rc) {
		agent_free(agent);
		return rc;
	}
	if (options->watch && watch_new(agent->policy, &agent->watch, error))
		progress_warn(&agent->progress, "%s", error->text);
	/* What changed while it was read brings no event any more. */
	agent->look_ns = clock_now_ns() + SETTLE_NS;
	*ret = agent;
	return 0;
}

void agent_free(struct agent *agent)
{
	if (!agent)
		return;
	probation_cancel(&agent->probation);
	watch_free(agent->watch);
	resolver_free(agent->resolver);
	wanted_free(agent->wanted);
	subjects_free(agent->subjects);
	kernel_free(agent->kernel);
	compiled_free(agent->compiled);
	addresses_free(agent->addresses);
	policy_free(agent->policy);
	free(agent->system_resolvers);
	free(agent->required_resolvers);
	free(agent);
}

static size_t at_most(size_t count, size_t limit)
{
	return count < limit ? count : limit;
}

int agent_turn(struct agent *agent, const struct pollfd *extra, size_t extra_count, uint64_t deadline_ns)
{
	struct pollfd fds[MAX_POLL_FDS];
	uint64_t now = clock_now_ns();
	int timeout_ms = -1, wanted_ms = -1, own_ms;
	size_t count = 0, wanted = 0, room = MAX_POLL_FDS - extra_count;
	int ready;

	if (agent->wanted && agent->kernel)
		wanted = at_most(wanted_poll(agent->wanted, fds, room, &wanted_ms), room);
	if (agent->resolver)
		count =
		    at_most(resolver_poll(agent->resolver, fds + wanted, room - wanted, &timeout_ms), room - wanted);
	if (timeout_ms < 0 || (wanted_ms >= 0 && wanted_ms < timeout_ms))
		timeout_ms = wanted_ms;
	count += wanted;
	for (size_t i = 0; i < extra_count; i++)
		fds[count + i] = extra[i];
	own_ms = deadline_ns > now ? (deadline_ns - now + CLOCK_NS_PER_MS - 1) / CLOCK_NS_PER_MS : 0;
	if (timeout_ms < 0 || timeout_ms > own_ms)
		timeout_ms = own_ms;
	ready = poll(fds, count + extra_count, timeout_ms);
	if (ready < 0 && errno != EINTR)
		return -errno;
	if (agent->resolver)
		resolver_process(agent->resolver, fds + wanted, ready > 0 ? count - wanted : 0);
	if (agent->wanted && agent->kernel)
		wanted_process(agent->wanted, fds, ready > 0 ? wanted : 0, agent->kernel, agent->compiled);
	for (size_t i = 0; i < extra_count && ready > 0; i++)
		if (fds[count + i].revents)
			return i + 1;
	return 0;
}

void agent_place(struct agent *agent, struct kernel *claimed, const struct agent_place *place)
{
	agent->kernel = claimed;
	agent->options.instance = place->instance;
	agent->options.cgroup = place->cgroup;
	agent->options.cgroup_fd = place->cgroup_fd;
}

int agent_resolve(struct agent *agent, struct error *error)
{
	uint64_t deadline = clock_now_ns() + agent->options.resolve_wait_sec * CLOCK_NS_PER_SEC;
	size_t pending;

	if (agent->no_resolvers)
		agent_recall_names(agent);
	if (!agent->resolver)
		return 0;
	while ((pending = resolver_pending(agent->resolver)) && clock_now_ns() < deadline) {
		int rc = agent_turn(agent, NULL, 0, deadline);

		if (rc < 0)
			return error_set(error, rc, "cannot wait for the resolvers: %s", strerror(-rc));
		progress_step(&agent->progress, "resolving names", agent->names - pending, agent->names);
	}
	progress_stage(&agent->progress, "names");
	agent_recall_names(agent);
	unresolved_report(agent->resolver, addresses_count(agent->addresses), &agent->progress);
	return 0;
}

static uint64_t next_deadline(const struct agent *agent)
{
	uint64_t next = agent->heartbeat_ns;

	if (agent->look_ns && agent->look_ns < next)
		next = agent->look_ns;
	if (agent->retry_ns && agent->retry_ns < next)
		next = agent->retry_ns;
	return agent->probation.try_ns && agent->probation.try_ns < next ? agent->probation.try_ns : next;
}

/* Did the policy's files change, and come to rest? */
static bool must_reload(struct agent *agent)
{
	if (agent->retry_ns && clock_now_ns() >= agent->retry_ns)
		return true;
	if (!agent->look_ns || clock_now_ns() < agent->look_ns)
		return false;
	agent->look_ns = 0;
	return agent->watch && watch_sees_change(agent->watch);
}

int agent_serve(struct agent *agent, int stop_fd, struct error *error)
{
	struct pollfd extra[6] = {
	    {.fd = stop_fd, .events = POLLIN},
	    {.fd = -1, .events = POLLIN}, /* another one after each load */
	    {.fd = watch_fd(agent->watch), .events = POLLIN},
	    {.fd = agent->wanted ? kernel_wanted_fd(agent->kernel) : -1, .events = POLLIN},
	    {.fd = -1, .events = POLLIN}, /* another one at each trial */
	    {.fd = standby_fd(agent->options.standby), .events = POLLIN},
	};
	int rc;

	agent->heartbeat_ns = clock_now_ns();
	for (;;) {
		extra[1].fd = subjects_fd(agent->subjects);
		extra[4].fd = agent->probation.trial.fd;
		rc = agent_turn(agent, extra, 6, next_deadline(agent));
		if (rc < 0)
			return error_set(error, rc, "cannot wait for events: %s", strerror(-rc));
		if (rc == 1)
			return 0;
		if (rc == 2)
			subjects_refresh(agent->subjects);
		if (rc == 3) {
			watch_drain(agent->watch);
			agent->look_ns = clock_now_ns() + SETTLE_NS;
		}
		if (rc == 4)
			wanted_take(agent->wanted, agent->kernel, agent->compiled);
		if (rc == 6) {
			standby_drain(agent->options.standby);
			agent->heartbeat_ns = clock_now_ns();
		}
		if (must_reload(agent))
			return AGENT_POLICY_CHANGED;
		if (agent->must_rebuild)
			agent_rebuild(agent);
		agent_attend_probation(agent, rc == 5);
		if (clock_now_ns() >= agent->heartbeat_ns && (rc = agent_beat(agent, error)))
			return rc;
	}
}

void agent_stand_down(struct agent *agent)
{
	probation_cancel(&agent->probation);
	subjects_free(agent->subjects);
	kernel_free(agent->kernel);
	compiled_free(agent->compiled);
	agent->subjects = NULL;
	agent->kernel = NULL;
	agent->compiled = NULL;
}

int agent_stand_by(struct agent *agent, int stop_fd, struct error *error)
{
	struct standby *standby = agent->options.standby;
	struct pollfd extra[] = {
	    {.fd = stop_fd, .events = POLLIN},
	    {.fd = watch_fd(agent->watch), .events = POLLIN},
	    {.fd = standby_fd(standby), .events = POLLIN},
	};

	agent->heartbeat_ns = clock_now_ns();
	agent->retry_ns = 0;
	for (;;) {
		int rc = agent_turn(agent, extra, 3, next_deadline(agent));

		if (rc < 0)
			return error_set(error, rc, "cannot wait for events: %s", strerror(-rc));
		if (rc == 1)
			return 0;
		if (rc == 2) {
			watch_drain(agent->watch);
			agent->look_ns = clock_now_ns() + SETTLE_NS;
		}
		if (must_reload(agent))
			return AGENT_POLICY_CHANGED;
		if (rc != 3 && clock_now_ns() < agent->heartbeat_ns)
			continue;
		standby_drain(standby);
		agent->heartbeat_ns = clock_now_ns() + HEARTBEAT_NS;
		if (!standby_decide(standby, agent->policy))
			return AGENT_MAY_ATTACH;
		standby_beat(standby); /* last: what `egret detach --all` took away is not made again */
	}
}

struct kernel *agent_kernel(struct agent *agent)
{
	return agent->kernel;
}

const struct policy *agent_policy(const struct agent *agent)
{
	return agent->policy;
}
