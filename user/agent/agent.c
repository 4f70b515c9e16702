// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* An agent of one policy, step by step: for `exec`, and for `run --once`. */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/log.h"
#include "hits.h"
#include "meta.h"
#include "rest.h"

#define RESOLVE_WAIT_SEC 15
/* How long what was denied last may still be found out about, and how often it is tried. */
#define COMPLETE_NS      (700 * CLOCK_NS_PER_MS)
#define COMPLETE_EACH_NS (20 * CLOCK_NS_PER_MS)

struct agent *agent_alloc(const struct agent_options *options, struct error *error)
{
	struct resolver_book *book = resolver_book_join(NULL);
	struct agent *agent = calloc(1, sizeof(*agent));
	struct loop *loop = loop_new();

	if (agent && loop)
		agent->completions = completions_new(loop);
	if (!agent || !loop || !book || !agent->completions) {
		if (agent)
			completions_free(agent->completions);
		resolver_book_leave(book);
		loop_free(loop);
		free(agent);
		error_set(error, -ENOMEM, "out of memory");
		return NULL;
	}
	agent->loop = loop;
	agent->options = *options;
	agent->options.book = book;
	if (!agent->options.resolve_wait_sec)
		agent->options.resolve_wait_sec = RESOLVE_WAIT_SEC;
	agent->error = error;
	progress_start(&agent->progress, options->quiet);
	denial_log_begin(&agent->denial_log, !options->quiet, options->ocsf);
	probation_init(&agent->probation);
	candidate_init(&agent->candidate);
	return agent;
}

void agent_free(struct agent *agent)
{
	if (!agent)
		return;
	agent_stop_beating(agent);
	candidate_drop(agent);
	edition_free(agent_let_go(agent));
	completions_free(agent->completions);
	resolver_book_leave(agent->options.book);
	denial_log_end(&agent->denial_log);
	free(agent->required_resolvers);
	loop_free(agent->loop);
	free(agent);
}

int agent_say_goodbye(struct agent *agent, struct error *error)
{
	const char *instance = agent->options.instance;

	if (!agent->kernel) {
		log_say(LOG_LEVEL_INFO, "the agent ends; instance %s is open", instance);
		return 0;
	}
	denial_log_beat(&agent->denial_log, agent->kernel);
	hits_refresh(agent->kernel, agent->hits.recalled);
	hit_record_keep(&agent->hits, agent->kernel, agent->options.state, agent->options.instance, true);
	agent_keep_names(agent); /* what was answered in the last minute */
	if (!agent->options.detach_on_exit) {
		log_say(LOG_LEVEL_INFO, "the agent ends; instance %s stays attached and %s (egret detach opens it)",
			instance, kernel_settings(agent->kernel)->audit ? "audits" : "enforces");
		return 0;
	}
	if (kernel_take_down(agent->kernel, error))
		return -EIO;
	log_say(LOG_LEVEL_INFO, "instance %s is taken down", instance);
	return 0;
}

void agent_fail(struct agent *agent, int rc)
{
	agent->failed = rc;
	loop_stop(agent->loop);
}

int agent_new(const struct agent_options *options, struct agent **ret, struct diag *diag, struct error *error)
{
	struct agent *agent = agent_alloc(options, error);
	struct policy_files ignored = {};
	struct edition *edition;
	struct diag none = {};
	int rc;

	if (!agent)
		return -ENOMEM;
	rc = edition_new(&agent->options, agent->loop, &edition, &ignored, REST_WAIT_MS, diag, error);
	policy_files_clear(&ignored);
	progress_stage(&agent->progress, "policy");
	if (rc) {
		agent_free(agent);
		/* Nobody waits here for who writes the file: half a policy is one with errors. */
		return rc == -EAGAIN ? -EINVAL : rc;
	}
	if (edition->no_resolvers)
		progress_warn(&agent->progress, "%s", edition_resolver_problem(edition));
	candidate_take(agent, edition, &none);
	*ret = agent;
	return 0;
}

void agent_place(struct agent *agent, struct kernel *claimed, const struct agent_place *place)
{
	agent->kernel = claimed;
	agent->options.instance = place->instance;
	agent->options.cgroup = place->cgroup;
	agent->options.cgroup_fd = place->cgroup_fd;
}

/* Nothing rules, so nothing can be refused. */
static void is_resolved(struct agent *agent, int rc, const struct error *error)
{
	(void)error;
	agent_fail(agent, rc);
}

static int run_loop(struct agent *agent, struct error *error)
{
	int rc;

	agent->error = error;
	rc = loop_run(agent->loop);
	if (rc < 0)
		return error_set(error, rc, "cannot wait for events: %s", strerror(-rc));
	return agent->failed;
}

int agent_resolve(struct agent *agent, struct error *error)
{
	candidate_begin(agent, agent->options.resolve_wait_sec, is_resolved);
	return run_loop(agent, error);
}

int agent_enforce(struct agent *agent, struct diag *diag, struct error *error)
{
	int rc = agent_enforce_next(agent, agent->candidate.edition, diag, error);

	if (!rc)
		candidate_give(agent);
	return rc;
}

static void is_to_stop(void *context)
{
	agent_fail(context, 0);
}

int agent_serve(struct agent *agent, int stop_fd, struct error *error)
{
	struct loop_fd stop = {};
	int rc;

	agent->gone = agent_fail;
	loop_fd_add(agent->loop, &stop, stop_fd, is_to_stop, agent);
	agent_begin_beating(agent);
	rc = run_loop(agent, error);
	loop_fd_remove(&stop);
	agent_stop_beating(agent);
	return rc;
}

struct completing {
	struct agent *agent;
	uint64_t until_ns;
};

static void complete_is_due(void *context)
{
	struct completing *completing = context;
	struct agent *agent = completing->agent;

	if (!completions_finish(agent->completions, agent->kernel, agent->ruling, agent->options.book) ||
	    clock_now_ns() > completing->until_ns)
		agent_fail(agent, 0);
	else
		loop_timer_set(agent->loop, &agent->completion_due, clock_now_ns() + COMPLETE_EACH_NS, complete_is_due,
			       completing);
}

void agent_complete(struct agent *agent)
{
	struct completing completing = {agent, clock_now_ns() + COMPLETE_NS};
	struct error ignored;

	if (!agent->ruling || !agent->kernel)
		return;
	loop_timer_set(agent->loop, &agent->completion_due, 0, complete_is_due, &completing);
	run_loop(agent, &ignored);
	loop_timer_stop(&agent->completion_due);
}

void agent_note_problem(struct agent *agent, const char *text)
{
	meta_write_problem(agent->kernel, EGRET_PROBLEM_POLICY, text);
}

struct kernel *agent_kernel(struct agent *agent)
{
	return agent->kernel;
}
