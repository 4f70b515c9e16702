// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret detach: opens an instance, and leaves a mark so that no agent closes it again. */
#include "command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../base/state.h"
#include "../kernel/kernel.h"

struct opening {
	const char *instance;
	int state;          /* the folder, or a negative errno: no mark is left */
	struct error error; /* why not */
	bool pinned;        /* something is there to be taken down */
	bool marks;         /* made by `run`: a mark is left */
	bool held;          /* by an agent, or by an exec */
	struct state_life life;
	char policy_hash[24];
};

/* What there is, before anything is done. */
static void look(struct opening *opening)
{
	struct error ignored;
	const struct kernel *kernel;
	struct egret_meta meta;

	opening->pinned = kernel_is_there(opening->instance);
	opening->held = kernel_is_held(opening->instance);
	opening->marks = !kernel_is_of_exec(opening->instance);
	if (opening->state >= 0)
		state_read_life(opening->state, opening->instance, &opening->life);
	/* What another version pinned cannot be read: the mark then names no policy, and the first agent that finds it
	 * adds its own. */
	if (kernel_open(opening->instance, &kernel, &ignored))
		return;
	if (!kernel_get_meta(kernel, &meta))
		snprintf(opening->policy_hash, sizeof(opening->policy_hash), "%s", meta.text_hash);
	kernel_close(kernel);
}

/* An agent that has nothing attached yet is stopped by the mark, and so is the one that comes when
 * the node starts. */
static bool has_something_to_open(const struct opening *opening)
{
	return opening->pinned || opening->life.alive ||
	       (opening->state >= 0 && state_has_ruled(opening->state, opening->instance, NULL));
}

static int refuse(const struct opening *opening)
{
	char text[STATE_MARK_TEXT_SIZE];
	struct state_mark mark;

	if (opening->state >= 0 && !state_read_mark(opening->state, opening->instance, &mark))
		fprintf(stderr, "egret: instance %s is open already: by %s; `egret attach` ends that\n",
			opening->instance, state_mark_format(&mark, text));
	else
		fprintf(stderr, "egret: no instance %s is running here; egret run --policy FILE starts it\n",
			opening->instance);
	return EXIT_NOT_RUNNING;
}

static int leave_mark(const struct opening *opening)
{
	struct state_mark mark;
	int rc;

	state_mark_begin(&mark);
	state_mark_add(&mark, opening->policy_hash);
	rc = state_write_mark(opening->state, opening->instance, &mark);
	/* An `egret attach` of before that no agent has followed yet. */
	return rc ? rc : state_remove_attach(opening->state, opening->instance);
}

static void tell(const struct opening *opening, bool marked)
{
	const char *name = opening->instance;

	if (opening->pinned)
		printf("instance %s is taken down: its cgroup is no longer governed\n", name);
	else
		printf("instance %s is not attached, and stays so\n", name);
	if (marked)
		printf("it stays open until `egret attach --instance %s`, or until the policy's text changes\n", name);
	if (opening->life.alive || (opening->marks && opening->held))
		printf("its agent stands by, and goes on running\n");
	if (opening->marks && !marked)
		fprintf(stderr, "egret: no mark could be left, so an agent that is started anew closes it again: %s\n",
			opening->error.text);
}

/* The mark is written before the instance goes: an agent that sees it gone must find the mark. */
static int open_instance(struct opening *opening)
{
	bool marked = false;
	int rc = 0;

	if (opening->marks && opening->state >= 0) {
		rc = leave_mark(opening);
		marked = !rc;
		if (rc)
			error_set(&opening->error, rc, "cannot write to the state folder: %s", strerror(-rc));
	}
	rc = opening->pinned ? kernel_detach(opening->instance, &opening->error) : 0;
	if (rc && marked && kernel_is_there(opening->instance))
		state_remove_mark(opening->state, opening->instance);
	if (rc)
		return fail(rc, &opening->error);
	if (!opening->pinned && !marked)
		return fail(-EIO, &opening->error);
	tell(opening, marked);
	return EXIT_YES;
}

static int detach_one(const struct options *options)
{
	struct opening opening = {.instance = options->instance};
	struct state_mark mark;
	int rc;

	opening.state = state_open(options->state, kernel_is_there(options->instance), &opening.error);
	if (opening.state >= 0)
		state_lock(opening.state);
	look(&opening);
	if (!has_something_to_open(&opening) ||
	    (!opening.pinned && !state_read_mark(opening.state, opening.instance, &mark)))
		rc = refuse(&opening);
	else
		rc = open_instance(&opening);
	if (opening.state >= 0)
		close(opening.state);
	return rc;
}

struct sweep {
	int failed;
};

/* A command that `exec` started never runs free. */
static void detach_each(void *context, const char *instance)
{
	struct opening opening = {.instance = instance, .state = -ENOENT};
	struct sweep *sweep = context;

	look(&opening);
	if (!opening.marks) {
		fprintf(stderr,
			"egret: instance %s governs a command of `egret exec` that still runs; it ends with it\n",
			instance);
		return;
	}
	if (kernel_detach(instance, &opening.error)) {
		fprintf(stderr, "egret: %s\n", opening.error.text);
		sweep->failed++;
		return;
	}
	printf("instance %s is taken down: its cgroup is no longer governed\n", instance);
	if (opening.held)
		printf("its agent stands by until it ends; one that is started anew attaches again: "
		       "take the service or the DaemonSet away\n");
}

/* Files are removed last: an agent that sees its instance go finds no mark, and what it writes then is removed, too. */
static int detach_all(const struct options *options)
{
	struct sweep sweep = {};
	struct error error;
	int state, rc;

	state = state_open(options->state, false, &error);
	if (state < 0 && state != -ENOENT)
		fprintf(stderr, "egret: %s\n", error.text);
	if (state >= 0)
		state_lock(state);
	rc = kernel_each_instance(detach_each, &sweep);
	if (rc)
		fprintf(stderr, "egret: cannot list the instances: %s\n", strerror(-rc));
	if (state >= 0 && !sweep.failed && !rc) {
		rc = state_remove_all(state, options->state);
		if (rc)
			fprintf(stderr, "egret: cannot empty the state folder %s: %s\n", options->state, strerror(-rc));
	}
	if (state >= 0)
		close(state);
	if (rc || sweep.failed)
		return EXIT_CANNOT;
	printf("nothing of Egret is left\n");
	return EXIT_YES;
}

/* As process 1 of a container, too, where a signal without a handler does nothing. */
static int wait_for_end(void)
{
	sigset_t signals;
	int signal;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	return sigwait(&signals, &signal) ? EXIT_CANNOT : EXIT_YES;
}

int command_detach(const struct command *command, int argc, char **argv)
{
	struct options options;
	struct error error;
	int rc;

	options_parse(command, argc, argv, &options);
	rc = kernel_check_pins(&error);
	if (rc)
		return fail(rc, &error);
	collect_finished();
	rc = options.all ? detach_all(&options) : detach_one(&options);
	if (rc || !options.wait)
		return rc;
	fflush(stdout);
	return wait_for_end();
}
