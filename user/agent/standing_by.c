// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What an agent that stands by does of its own: nothing stays attached, and people are told why. */
#include "standby.h"

#include <stdio.h>
#include <unistd.h>

#include "../base/log.h"
#include "../kernel/kernel.h"

int standby_take_down(const struct standby *standby, struct error *error)
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

void standby_tell_why(const struct standby *standby)
{
	char text[STATE_MARK_TEXT_SIZE];

	if (standby->why == STANDBY_OFF)
		log_say(LOG_LEVEL_NOTICE,
			"instance %s governs nothing: the policy says `set mode = off`; it attaches when the "
			"policy says enforce or audit",
			standby->instance);
	else if (standby->why == STANDBY_MARK)
		log_say(LOG_LEVEL_WARNING,
			"instance %s was opened by %s with `egret detach`; it stays open until `egret attach`, or "
			"until the policy's text changes",
			standby->instance, state_mark_format(&standby->mark, text));
	else
		log_say(LOG_LEVEL_WARNING,
			"instance %s is open, and no mark in %s says who opened it; it stays open until the agent "
			"is started anew, or until the policy's text changes",
			standby->instance, standby->path);
}
