// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "once.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "../agent/finding.h"
#include "../agent/good_policy.h"
#include "../base/log.h"
#include "../base/state.h"
#include "../kernel/read.h"

/* A name that is late is learned when somebody asks for it, or is the next agent's matter. */
#define ONCE_RESOLVE_WAIT_SEC 2

static int leave(const char *instance, const char *why)
{
	log_say(LOG_LEVEL_INFO, "instance %s: %s; nothing was changed", instance, why);
	return EXIT_YES;
}

static bool is_attached(const char *instance)
{
	const struct kernel *kernel;
	struct error ignored;
	bool attached;

	if (kernel_open(instance, &kernel, &ignored))
		return false;
	attached = kernel_is_attached(kernel, NULL);
	kernel_close(kernel);
	return attached;
}

static bool agent_lives(int state, const char *instance)
{
	struct state_life life;

	return kernel_is_held(instance) || (state >= 0 && !state_read_life(state, instance, &life) && life.alive);
}

/* An instance that a person opened stays open, whatever the policy's text is by now: only an agent may close it. */
static bool is_opened(int state, const char *instance)
{
	struct state_mark mark;
	bool cut;

	return state >= 0 && !state_read_mark(state, instance, &mark) && !state_wants_attach(state, instance, &cut);
}

/* @problem: what `status` says is wrong with it from now on; NULL = nothing. */
static int attach(const struct agent_options *options, const struct error *problem, struct diag *diag,
		  struct error *error)
{
	struct agent *agent;
	int rc = agent_new(options, &agent, diag, error);

	if (rc)
		return rc;
	rc = agent_resolve(agent, error);
	if (!rc)
		rc = agent_enforce(agent, diag, error);
	if (!rc && problem)
		agent_note_problem(agent, problem->text);
	agent_free(agent);
	return rc;
}

static void say_findings(struct diag *diag)
{
	log_diag(diag);
	diag_clear(diag);
}

/* The policy that lies there cannot begin, as @diag and @error say, with @rc: one that was good here stands in for it.
 */
static int attach_good(const struct agent_options *options, int rc, struct diag *diag, struct error *error)
{
	struct agent_options instead = *options;
	struct kept_policy good;
	struct error why_not, rules, problem = {};
	char finding[EGRET_PROBLEM_SIZE];

	if (good_policy_read(options->state, options->instance, &good, &why_not)) {
		log_say(LOG_LEVEL_WARNING, "%s", why_not.text);
		return rc;
	}
	finding_describe(diag, error, finding);
	good_policy_explain(&good, &rules);
	finding_tell_instead(rules.text, finding, problem.text);
	say_findings(diag);
	log_say(LOG_LEVEL_WARNING, "%s", rules.text);
	instead.policy = good.options;
	instead.has_ruled = true;
	rc = attach(&instead, &problem, diag, error);
	kept_clear(&good);
	return rc;
}

/* The policy that lies there is enforced where it has ruled before. */
static int attach_policy(const struct agent_options *options, bool broken, struct diag *diag, struct error *error)
{
	struct agent_options cautious = *options;
	int rc;

	if (!broken && !options->has_ruled) {
		cautious.audit = true;
		log_say(LOG_LEVEL_INFO,
			"this policy has not ruled on this machine yet: it only audits until an agent takes over");
	}
	rc = attach(&cautious, NULL, diag, error);
	return rc && diag->errors ? attach_good(options, rc, diag, error) : rc;
}

/* Of the files as they are. */
struct look {
	bool broken, off, ruled; /* it has ruled here */
};

static struct look look_at_policy(const struct agent_options *options, int state)
{
	struct look look = {};
	char hash[HASH_TEXT_SIZE];
	struct policy *policy;
	struct diag diag = {};

	look.broken = policy_load(&options->policy, &policy, &diag);
	if (!look.broken) {
		snprintf(hash, sizeof(hash), "%016" PRIx64, policy->text_hash);
		look.off = policy->settings.off;
		look.ruled = state >= 0 && state_has_ruled(state, options->instance, hash);
		policy_free(policy);
	}
	diag_clear(&diag);
	return look;
}

int run_once(const struct options *words, struct agent_options *options)
{
	const char *instance = options->instance;
	struct diag diag = {};
	struct error error;
	int state = state_open(words->state, false, &error), rc;
	bool lives = agent_lives(state, instance), opened = is_opened(state, instance);
	struct look look = look_at_policy(options, state);

	if (look.off && state >= 0)
		state_remove_policy(state, instance); /* else it might close at a later boot what the policy opens */
	if (state >= 0)
		close(state);
	if (lives)
		return leave(instance, "an agent lives already");
	if (opened)
		return leave(instance, "a person opened it, and it stays open until `egret attach`");
	if (is_attached(instance))
		return leave(instance, "it is attached already, and goes on");
	if (look.off)
		return leave(instance, "the policy says `set mode = off`");
	options->has_ruled = look.ruled;
	options->resolve_wait_sec = ONCE_RESOLVE_WAIT_SEC;
	options->probation_sec = 0;
	options->standby = NULL; /* a process that ends cannot stand by */
	rc = attach_policy(options, look.broken, &diag, &error);
	say_findings(&diag);
	/* An agent that came meanwhile does all of this. */
	if (rc == -EBUSY && agent_lives(-1, instance))
		return leave(instance, "an agent lives already");
	return rc ? fail(rc, &error) : EXIT_YES;
}
