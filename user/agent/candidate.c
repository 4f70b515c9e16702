// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "candidate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../subject/cgroup.h"
#include "internal.h"
#include "unresolved.h"

/* It is said of names that take longer than that. */
#define LONG_ROUND_SEC 10
#define TRY_AGAIN_NS   (1 * CLOCK_NS_PER_SEC)
/* One trial at a time: both would use the same cgroup. */
#define OTHER_TRIAL_NS (200 * CLOCK_NS_PER_MS)

void candidate_init(struct candidate *candidate)
{
	*candidate = (struct candidate){.home_fd = -1};
	trial_init(&candidate->trial);
}

static void end_trial(struct candidate *candidate)
{
	loop_fd_remove(&candidate->trial_over);
	trial_cancel(&candidate->trial);
	compiled_free(candidate->tried);
	free(candidate->tried_names);
	candidate->tried = NULL;
	candidate->tried_names = NULL;
}

static void some_names_moved(void *context);

static void stop(struct candidate *candidate)
{
	loop_timer_stop(&candidate->due);
	end_trial(candidate);
	if (candidate->home_fd >= 0)
		close(candidate->home_fd);
	candidate->home_fd = -1;
	if (candidate->edition && candidate->edition->moved == some_names_moved)
		candidate->edition->moved = NULL; /* one that rules by now is told otherwise (enforce.c) */
}

static void conclude(struct agent *agent, int rc, const struct error *error)
{
	struct candidate *candidate = &agent->candidate;

	stop(candidate);
	candidate->state = CANDIDATE_READY;
	candidate->over(agent, rc, error);
}

static void try_required(void *context);

static void try_later(struct agent *agent, uint64_t wait_ns)
{
	loop_timer_set(agent->loop, &agent->candidate.due, clock_now_ns() + wait_ns, try_required, agent);
}

static void miss(struct agent *agent, const struct error *error)
{
	if (clock_now_ns() >= agent->candidate.deadline_ns)
		conclude(agent, -EAGAIN, error);
	else
		try_later(agent, TRY_AGAIN_NS);
}

static void try_services(struct agent *agent)
{
	struct candidate *candidate = &agent->candidate;
	struct error error;
	int rc = agent_try_services(agent, candidate->tried, &error);

	end_trial(candidate);
	if (rc)
		miss(agent, &error);
	else
		conclude(agent, 0, NULL);
}

static void trial_is_over(void *context)
{
	struct agent *agent = context;
	struct candidate *candidate = &agent->candidate;
	struct trial_result result;
	struct error error;

	loop_fd_remove(&candidate->trial_over);
	trial_finish(&candidate->trial, &result);
	if (!result.missing) {
		try_services(agent);
		return;
	}
	end_trial(candidate);
	error_set(&error, -EAGAIN, "what the policy requires fails: %s", result.text);
	miss(agent, &error);
}

/* Compiled anew each time: names may have answered since. */
static int start_trial(struct agent *agent, struct error *error)
{
	struct candidate *candidate = &agent->candidate;
	struct probation_of of;
	struct diag diag = {};
	int rc = edition_compile(candidate->edition, agent->kernel, &candidate->tried, &diag, error);

	if (rc) { /* its findings are those that count */
		diag_clear(&candidate->diag);
		candidate->diag = diag;
		return rc;
	}
	diag_clear(&diag);
	if (agent_requirements(agent, candidate->edition, candidate->tried, &of, &candidate->tried_names))
		return error_set(error, -ENOMEM, "out of memory");
	of.requirements.ruling = agent->kernel;
	of.requirements.home_fd = candidate->home_fd;
	if (!candidate->edition->policy->require_count)
		return 0;
	rc = trial_start(&candidate->trial, &of.requirements, of.kernel, of.governed_fd);
	if (rc)
		return error_set(error, rc, "what the policy requires cannot be tried: %s", strerror(-rc));
	loop_fd_add(agent->loop, &candidate->trial_over, candidate->trial.fd, trial_is_over, agent);
	return 0;
}

static void try_required(void *context)
{
	struct agent *agent = context;
	struct candidate *candidate = &agent->candidate;
	struct error error;
	int rc;

	if (trial_runs(&agent->probation.trial)) {
		try_later(agent, OTHER_TRIAL_NS);
		return;
	}
	rc = start_trial(agent, &error);
	if (rc)
		conclude(agent, rc, &error);
	else if (!trial_runs(&candidate->trial))
		try_services(agent);
}

/* Where the agent is itself. -1: it cannot be told. */
static int open_home(void)
{
	char path[CGROUP_PATH_SIZE];
	struct error ignored;
	int fd;

	return cgroup_of_self(path, sizeof(path), &ignored) || cgroup_open(path, &fd, &ignored) ? -1 : fd;
}

static void names_are_there(void *context)
{
	struct agent *agent = context;
	struct candidate *candidate = &agent->candidate;
	struct edition *edition = candidate->edition;

	loop_timer_stop(&candidate->due);
	edition->moved = NULL;
	progress_stage(&agent->progress, "names");
	agent_recall_names(agent, edition);
	if (edition->resolver)
		unresolved_report(edition->resolver, edition->policy, addresses_count(edition->addresses),
				  &agent->progress);
	if (!agent_must_wait(agent, edition)) {
		conclude(agent, 0, NULL);
		return;
	}
	candidate->state = CANDIDATE_TRYING;
	candidate->deadline_ns = clock_now_ns() + agent->options.resolve_wait_sec * CLOCK_NS_PER_SEC;
	candidate->home_fd = open_home();
	try_required(agent);
}

static void some_names_moved(void *context)
{
	struct agent *agent = context;
	const struct edition *edition = agent->candidate.edition;
	size_t pending = edition_pending(edition);

	if (pending)
		progress_step(&agent->progress, "resolving names", edition->names - pending, edition->names);
	else
		names_are_there(agent);
}

void candidate_take(struct agent *agent, struct edition *edition, struct diag *diag)
{
	candidate_drop(agent);
	agent->candidate.edition = edition;
	agent->candidate.diag = *diag;
	agent->candidate.state = CANDIDATE_HELD;
	*diag = (struct diag){};
}

/* Where nothing rules yet, who writes the policy again and again must not keep it from being attached. */
static uint64_t names_until(struct agent *agent, unsigned int resolve_wait_sec)
{
	struct candidate *candidate = &agent->candidate;
	uint64_t now = clock_now_ns(), until = now + resolve_wait_sec * CLOCK_NS_PER_SEC;

	if (!edition_pending(candidate->edition))
		return now;
	if (agent->hold != HOLD_NOTHING)
		return until;
	if (!candidate->first_until_ns)
		candidate->first_until_ns = until;
	return candidate->first_until_ns;
}

/* A list of thousands of names: nobody should think that it hangs. */
static void tell_how_long(struct agent *agent, const struct edition *edition)
{
	size_t names = edition_pending(edition);
	uint32_t sec = resolver_first_round_sec(names, agent->options.resolve_rate);

	if (sec >= LONG_ROUND_SEC)
		progress_say(&agent->progress,
			     "%zu names are asked for the first time, which takes %u min %u s if DNS answers; those "
			     "that are in use come first",
			     names, sec / 60, sec % 60);
}

void candidate_begin(struct agent *agent, unsigned int resolve_wait_sec,
		     void (*over)(struct agent *agent, int rc, const struct error *error))
{
	struct candidate *candidate = &agent->candidate;
	struct edition *edition = candidate->edition;

	stop(candidate);
	agent_inherit_names(agent, edition);
	tell_how_long(agent, edition);
	candidate->state = CANDIDATE_RESOLVING;
	candidate->over = over;
	edition->moved = edition_pending(edition) ? some_names_moved : NULL;
	edition->context = agent;
	loop_timer_set(agent->loop, &candidate->due, names_until(agent, resolve_wait_sec), names_are_there, agent);
}

void candidate_hold(struct agent *agent)
{
	stop(&agent->candidate);
	agent->candidate.first_until_ns = 0;
	if (agent->candidate.edition)
		agent->candidate.state = CANDIDATE_HELD;
}

struct edition *candidate_give(struct agent *agent)
{
	struct candidate *candidate = &agent->candidate;
	struct edition *edition = candidate->edition;

	stop(candidate);
	diag_clear(&candidate->diag);
	candidate->edition = NULL;
	candidate->state = CANDIDATE_NONE;
	return edition;
}

void candidate_drop(struct agent *agent)
{
	edition_free(candidate_give(agent));
}
