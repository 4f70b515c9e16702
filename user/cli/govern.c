// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The life of an agent: it stands by, or it rules, as the policy and people want it. */
#include "govern.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../agent/standby.h"
#include "../base/notify.h"
#include "../kernel/kernel.h"

/* Beside 0 and a negative errno. */
#define ASKED_TO_END 1

static bool asks_to_reload(int stop_fd)
{
	struct signalfd_siginfo signal;

	return read(stop_fd, &signal, sizeof(signal)) == sizeof(signal) && signal.ssi_signo == SIGHUP;
}

/* A policy with an error changes nothing. AGENT_STANDS_DOWN: it is off. */
static int reload(struct agent **agent)
{
	struct diag diag = {};
	struct error error;
	int rc = agent_reload(agent, &diag, &error);

	if (rc != AGENT_STANDS_DOWN)
		diag_print(&diag, stderr);
	if (rc < 0) {
		fprintf(stderr, "egret: %s; the policy that runs goes on%s\n", error.text,
			rc == -EAGAIN ? ", and the new one is tried again" : "");
		agent_note_problem(*agent, &diag, &error);
	}
	diag_clear(&diag);
	return rc;
}

/* The policy that lies there now; one with errors is told, and the one before stands for it. */
static bool renew(struct agent **agent)
{
	struct diag diag = {};
	struct error error;
	int rc = agent_renew(agent, &diag, &error);

	diag_print(&diag, stderr);
	if (rc)
		fprintf(stderr, "egret: %s; nothing is governed yet\n", error.text);
	diag_clear(&diag);
	return !rc;
}

/* Of what a command took down nothing is there any more; of what the policy switches off, all is. */
static int take_down(const struct standby *standby, struct error *error)
{
	struct error ignored;
	struct kernel *kernel;
	int state, rc;

	if (!kernel_is_there(standby->instance))
		return 0;
	state = state_open(standby->path, false, &ignored);
	if (state >= 0)
		state_lock(state); /* a command may be about to do it */
	rc = kernel_claim(standby->instance, KERNEL_ANY, &kernel, error);
	if (!rc) {
		rc = kernel_take_down(kernel, error);
		kernel_free(kernel);
	}
	if (state >= 0)
		close(state);
	return rc;
}

static void say_why(const struct standby *standby)
{
	char text[STATE_MARK_TEXT_SIZE];

	if (standby->why == STANDBY_OFF)
		fprintf(stderr,
			"egret: instance %s governs nothing: the policy says `set mode = off`; it attaches when the "
			"policy says enforce or audit\n",
			standby->instance);
	else if (standby->why == STANDBY_MARK)
		fprintf(
		    stderr,
		    "egret: instance %s was opened by %s with `egret detach`; it stays open until `egret attach`, or "
		    "until the policy's text changes\n",
		    standby->instance, state_mark_format(&standby->mark, text));
	else
		fprintf(
		    stderr,
		    "egret: instance %s is open, and no mark in %s says who opened it; it stays open until the agent "
		    "is started anew, or until the policy's text changes\n",
		    standby->instance, standby->path);
}

/* Until something may be attached: 0. */
static int stand_by(struct agent **agent, struct standby *standby, int stop_fd, struct error *error)
{
	enum standby_why told = STANDBY_NO;
	int rc;

	while (standby_decide(standby, agent_policy(*agent))) {
		rc = take_down(standby, error);
		if (rc)
			return rc;
		if (standby->why != told)
			say_why(standby);
		told = standby->why;
		notify_manager("READY=1");
		rc = agent_stand_by(*agent, stop_fd, error);
		if (rc < 0)
			return rc;
		if (!rc && !asks_to_reload(stop_fd))
			return ASKED_TO_END;
		if (rc != AGENT_MAY_ATTACH)
			renew(agent);
	}
	if (standby->on_probation)
		fprintf(stderr,
			"egret: the policy's text is another one than the one that was opened: instance %s is attached "
			"again, on probation\n",
			standby->instance);
	return 0;
}

/* Who stood by goes on doing so when what comes next cannot rule. */
static int begin(struct agent *agent, struct standby *standby, struct diag *diag, struct error *error)
{
	int rc = agent_resolve(agent, error);

	if (!rc)
		rc = agent_enforce(agent, diag, error);
	if (rc && !standby->stood)
		return rc;
	diag_print(diag, stderr);
	diag_clear(diag);
	if (!rc)
		return notify_manager("READY=1"), 0;
	fprintf(stderr, "egret: %s; instance %s stays open\n", error->text, standby->instance);
	standby_failed(standby, agent_policy(agent));
	return AGENT_STANDS_DOWN;
}

/* Until somebody opens the instance: AGENT_STANDS_DOWN. */
static int rule(struct agent **agent, int stop_fd, struct error *error)
{
	for (;;) {
		int rc = agent_serve(*agent, stop_fd, error);

		if (rc < 0 || rc == AGENT_STANDS_DOWN)
			return rc;
		if (!rc && !asks_to_reload(stop_fd))
			return ASKED_TO_END;
		if (reload(agent) == AGENT_STANDS_DOWN)
			return AGENT_STANDS_DOWN;
	}
}

/* It was opened, or its policy is off by now. */
static void stand_down(struct agent **agent, struct standby *standby)
{
	agent_stand_down(*agent);
	if (!kernel_is_there(standby->instance))
		standby_taken_down(standby, agent_policy(*agent));
	if (renew(agent) && !agent_policy(*agent)->settings.off)
		standby_add_policy(standby, agent_policy(*agent));
}

/* While the agent still holds the instance: what has its name later may be another one. */
static int say_goodbye(const struct options *options, struct kernel *kernel, struct error *error)
{
	if (!kernel) {
		fprintf(stderr, "egret: the agent ends; instance %s is open\n", options->instance);
		return 0;
	}
	if (!options->detach_on_exit) {
		fprintf(stderr, "egret: the agent ends; instance %s stays attached and %s (egret detach opens it)\n",
			options->instance, kernel_config(kernel)->audit ? "audits" : "enforces");
		return 0;
	}
	if (kernel_take_down(kernel, error))
		return -EIO;
	fprintf(stderr, "egret: instance %s is taken down\n", options->instance);
	return 0;
}

int govern(const struct options *words, const struct agent_options *options, int stop_fd, struct diag *diag,
	   struct error *error)
{
	struct standby *standby = options->standby;
	struct agent *agent;
	int rc = agent_new(options, &agent, diag, error);

	if (rc)
		return rc;
	while (!rc) {
		rc = stand_by(&agent, standby, stop_fd, error);
		if (rc)
			break;
		rc = begin(agent, standby, diag, error);
		if (rc == AGENT_STANDS_DOWN) {
			agent_stand_down(agent);
			rc = 0;
			continue;
		}
		if (!rc)
			rc = rule(&agent, stop_fd, error);
		if (rc != AGENT_STANDS_DOWN)
			break;
		stand_down(&agent, standby);
		rc = 0;
	}
	if (rc == ASKED_TO_END)
		rc = say_goodbye(words, agent_kernel(agent), error);
	agent_free(agent);
	return rc;
}
