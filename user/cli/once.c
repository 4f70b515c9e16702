// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "once.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "../base/state.h"
#include "../kernel/kernel.h"

/* A name that is late is learned when somebody asks for it, or is the next agent's matter. */
#define ONCE_RESOLVE_WAIT_SEC 2

static int leave(const char *instance, const char *why)
{
	fprintf(stderr, "egret: instance %s: %s; nothing was changed\n", instance, why);
	return EXIT_YES;
}

static bool is_attached(const char *instance)
{
	struct kernel *kernel;
	struct error ignored;
	bool attached;

	if (kernel_open(instance, &kernel, &ignored))
		return false;
	attached = kernel_is_attached(kernel, NULL);
	kernel_free(kernel);
	return attached;
}

static bool agent_lives(int state, const char *instance)
{
	struct state_life life;

	return kernel_is_held(instance) || (state >= 0 && !state_read_life(state, instance, &life) && life.alive);
}

/* Whatever the policy's text is by now: to close again what a person opened is an agent's matter. */
static bool is_opened(int state, const char *instance)
{
	struct state_mark mark;
	bool cut;

	return state >= 0 && !state_read_mark(state, instance, &mark) && !state_wants_attach(state, instance, &cut);
}

static int attach(struct agent_options *options, struct diag *diag, struct error *error)
{
	struct agent *agent;
	int rc = agent_new(options, &agent, diag, error);

	if (rc)
		return rc;
	rc = agent_resolve(agent, error);
	if (!rc)
		rc = agent_enforce(agent, diag, error);
	diag_print(diag, stderr); /* while the names of its files are there */
	diag_clear(diag);
	agent_free(agent);
	return rc;
}

/* Of the files as they are: is it off, and has it ruled here? A policy with errors is none of both. */
static void look_at_policy(const struct agent_options *options, int state, bool *ret_off, bool *ret_ruled)
{
	char hash[HASH_TEXT_SIZE];
	struct policy *policy;
	struct diag diag = {};

	*ret_off = *ret_ruled = false;
	if (!policy_load(&options->policy, &policy, &diag)) {
		snprintf(hash, sizeof(hash), "%016" PRIx64, policy->text_hash);
		*ret_off = policy->settings.off;
		*ret_ruled = state >= 0 && state_has_ruled(state, options->instance, hash);
		policy_free(policy);
	}
	diag_clear(&diag);
}

int run_once(const struct options *words, struct agent_options *options)
{
	const char *instance = options->instance;
	struct diag diag = {};
	struct error error;
	int state = state_open(words->state, false, &error), rc;
	bool off, ruled, lives = agent_lives(state, instance), opened = is_opened(state, instance);

	look_at_policy(options, state, &off, &ruled);
	if (state >= 0)
		close(state);
	if (lives)
		return leave(instance, "an agent lives already");
	if (opened)
		return leave(instance, "a person opened it, and it stays open until `egret attach`");
	if (is_attached(instance))
		return leave(instance, "it is attached already, and goes on");
	if (off)
		return leave(instance, "the policy says `set mode = off`");
	options->audit = options->audit || !ruled;
	options->resolve_wait_sec = ONCE_RESOLVE_WAIT_SEC;
	options->probation_sec = 0;
	options->standby = NULL; /* nobody stays to stand by */
	if (!ruled)
		fprintf(
		    stderr,
		    "egret: this policy has not ruled on this machine yet: it only audits until an agent takes over\n");
	rc = attach(options, &diag, &error);
	diag_print(&diag, stderr);
	diag_clear(&diag);
	/* An agent that came meanwhile does all of this. */
	if (rc == -EBUSY && agent_lives(-1, instance))
		return leave(instance, "an agent lives already");
	return rc ? fail(rc, &error) : EXIT_YES;
}
