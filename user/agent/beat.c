// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the agent looks after now and then. */
#include "internal.h"

#include <errno.h>

#include "existing.h"
#include "hits.h"
#include "meta.h"

/* A sweep of 32,768 entries takes 60 ms. */
#define SWEEP_NS (60 * CLOCK_NS_PER_SEC)

/* What subjects learn has a bound in all: told once, and made room for. */
static void look_at_fullness(struct agent *agent)
{
	struct egret_counter full;

	if (kernel_get_lesson(agent->kernel, EGRET_LESSON_FULL, &full) || full.packets <= agent->full_seen)
		return;
	agent->full_seen = full.packets;
	agent->sweep_ns = 0;
	if (!agent->full_told)
		progress_warn(&agent->progress,
			      "%llu addresses of DNS answers found no room (%d in all, %d a subject) and are denied; "
			      "egret learned shows who has them. This is told once",
			      (unsigned long long)full.packets, EGRET_MAX_LEARNED, EGRET_LEARNED_PER_SUBJECT);
	agent->full_told = true;
}

static int tell_why_gone(struct agent *agent, const char *missing, struct error *error)
{
	if (kernel_is_pinned(agent->kernel))
		return error_set(
		    error, -ENOENT,
		    "the governed cgroup %s was removed, so nothing is governed any more; make it again, and "
		    "start the agent anew",
		    agent->options.cgroup);
	if (agent->options.standby)
		return AGENT_STANDS_DOWN;
	return error_set(error, -ENOENT, "instance %s was taken down by somebody else (hook %s is gone)",
			 agent->options.instance, missing);
}

/* Did a person open the instance? */
static bool look_at_state(struct agent *agent)
{
	struct standby *standby = agent->options.standby;
	bool had_problem = *agent_state_problem(agent);

	standby->unpinned = !kernel_is_pinned(agent->kernel);
	standby_beat(standby);
	agent_keep_fresh(agent);
	if (had_problem || *agent_state_problem(agent))
		meta_write_problem(agent->kernel, EGRET_PROBLEM_STATE, agent_state_problem(agent));
	return standby_is_marked(standby);
}

int agent_beat(struct agent *agent, struct error *error)
{
	const char *missing;

	agent->heartbeat_ns = clock_now_ns() + HEARTBEAT_NS;
	meta_beat(agent->kernel);
	agent_stay_fresh(agent);
	look_at_fullness(agent);
	if (clock_now_ns() >= agent->sweep_ns) {
		agent->sweep_ns = clock_now_ns() + SWEEP_NS;
		kernel_sweep_learned(agent->kernel);
		existing_refresh(agent->kernel, agent->compiled);
	}
	subjects_refresh(agent->subjects);
	culprits_refresh(&agent->culprits, agent->kernel);
	hits_refresh(agent->kernel);
	if (!kernel_is_attached(agent->kernel, &missing))
		return tell_why_gone(agent, missing, error);
	if (agent->options.standby && look_at_state(agent))
		return AGENT_STANDS_DOWN;
	if (!agent->pins_missed && !kernel_is_pinned(agent->kernel)) {
		progress_warn(&agent->progress,
			      "the pins of instance %s are gone from /sys/fs/bpf: what is enforced now ends with this "
			      "agent; mount the BPF file system again and start the agent anew",
			      agent->options.instance);
		agent->pins_missed = true;
	}
	return 0;
}
