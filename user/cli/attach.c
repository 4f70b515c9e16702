// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* egret attach: what `egret detach` opened is to be governed again. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../base/state.h"

/* The wish is written before the mark is removed: an agent that found neither would think of `egret detach --all`. */
static int ask(int state, const struct options *options, struct error *error)
{
	struct state_life life = {};
	struct state_mark mark;
	int rc;

	state_lock(state);
	rc = state_read_mark(state, options->instance, &mark);
	if (state_read_life(state, options->instance, &life))
		life.alive = false;
	if (rc && (!life.alive || strcmp(life.standing, "unmarked") != 0))
		return error_set(error, -ENOENT,
				 "instance %s was not opened by `egret detach`, so there is nothing to take back; "
				 "egret status shows what runs",
				 options->instance);
	rc = state_ask_attach(state, options->instance, options->cut);
	if (!rc)
		rc = state_remove_mark(state, options->instance);
	if (rc)
		return error_set(error, rc, "cannot write to the state folder %s: %s", options->state, strerror(-rc));
	if (!life.alive)
		printf("instance %s is open no longer; no agent runs here: egret run attaches it\n", options->instance);
	else if (!strcmp(life.standing, "off"))
		printf("instance %s is open no longer, but its policy says `set mode = off`\n", options->instance);
	else
		printf("instance %s is open no longer: its agent attaches it now\n", options->instance);
	return 0;
}

int command_attach(const struct command *command, int argc, char **argv)
{
	struct options options;
	struct error error;
	int state, rc;

	options_parse(command, argc, argv, &options);
	collect_finished();
	state = state_open(options.state, false, &error);
	if (state == -ENOENT)
		error_set(&error, -ENOENT, "no instance %s was opened here: there is no state folder %s",
			  options.instance, options.state);
	if (state < 0)
		return fail(state == -EINVAL ? -EINVAL : state, &error);
	rc = ask(state, &options, &error);
	close(state);
	return rc ? fail(rc, &error) : EXIT_YES;
}
