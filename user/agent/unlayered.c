// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "unlayered.h"

#include <unistd.h>

#include "../base/state.h"
#include "../kernel/kernel.h"

/* The pins of an earlier release go with a reboot, as all pins do. */
static bool is_remembered(const struct agent_options *options, bool attached)
{
	struct error ignored;
	int state = options->state ? state_open(options->state, false, &ignored) : -1;
	bool remembered;

	if (state < 0)
		return attached;
	remembered = (attached || state_has_ruled(state, options->instance, NULL)) &&
		     !state_has_layered(state, options->instance);
	close(state);
	return remembered;
}

static bool ruled_without(const struct agent_options *options)
{
	struct kernel_ruled ruled;

	kernel_ruled(options->instance, &ruled);
	return ruled.of_this_release ? ruled.unlayered : is_remembered(options, ruled.attached);
}

bool unlayered_check(const struct agent_options *options, struct policy *policy, struct diag *diag)
{
	const struct diag_place place = {.file = options->policy.path_count ? options->policy.paths[0] : ""};

	if (policy->settings.off || policy->settings.says_layers || !ruled_without(options))
		return false;
	policy->settings.layers = EGRET_LAYERS_AUDIT;
	diag_add(diag, DIAG_WARNING, place,
		 "a release without layers ruled here before, so layers only audit; write `set layers = enforce` when "
		 "`egret drops` shows nothing of theirs that must pass, or `set layers = audit` to leave it so");
	return true;
}
