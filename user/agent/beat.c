// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the agent looks after now and then. */
#include "internal.h"

#include <errno.h>

#include "absent.h"
#include "existing.h"
#include "hits.h"
#include "meta.h"
#include "servers.h"

/* The stamp alone, which is two system calls: `status` shows how old it is, and it is never a second. */
#define STAMP_NS (500 * CLOCK_NS_PER_MS)
/* All that events may have missed. */
#define BEAT_NS     (10 * CLOCK_NS_PER_SEC)
#define EXISTING_NS (60 * CLOCK_NS_PER_SEC)

/* What all subjects learn together has a bound. When it was reached, that is told once. */
static void look_at_fullness(struct agent *agent)
{
	struct egret_counter full;

	if (kernel_get_lesson(agent->kernel, EGRET_LESSON_FULL, &full) || full.packets <= agent->full_seen)
		return;
	agent->full_seen = full.packets;
	if (!agent->full_told)
		progress_warn(&agent->progress,
			      "%llu addresses of DNS answers found no room (%d in all, of which each pod and service "
			      "has %d for itself) and are "
			      "denied; "
			      "egret learned shows who has them. This is told once",
			      (unsigned long long)full.packets, EGRET_MAX_LEARNED, EGRET_SHARE_ADDRS);
	agent->full_told = true;
}

/* AGENT_STANDS_DOWN: somebody took it down, and there is a way to stand by. */
static int tell_why_gone(struct agent *agent, const char *missing)
{
	if (kernel_is_pinned(agent->kernel))
		return error_set(
		    agent->error, -ENOENT,
		    "the governed cgroup %s was removed, so nothing is governed any more; make it again, and "
		    "start the agent anew",
		    agent->options.cgroup);
	if (agent->options.standby)
		return AGENT_STANDS_DOWN;
	return error_set(agent->error, -ENOENT, "instance %s was taken down by somebody else (hook %s is gone)",
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
	hit_record_keep(&agent->hits, agent->kernel, agent->options.state, agent->options.instance, false);
	if (had_problem || *agent_state_problem(agent))
		meta_write_problem(agent->kernel, EGRET_PROBLEM_STATE, agent_state_problem(agent));
	return standby_is_marked(standby);
}

static void warn_of_pins(struct agent *agent)
{
	if (agent->pins_missed || kernel_is_pinned(agent->kernel))
		return;
	progress_warn(&agent->progress,
		      "the pins of instance %s are gone from /sys/fs/bpf: what is enforced now ends with this "
		      "agent; mount the BPF file system again and start the agent anew",
		      agent->options.instance);
	agent->pins_missed = true;
}

static void look_at_policy(struct agent *agent)
{
	if (!agent->ruling)
		return;
	subjects_refresh(agent->kernel, agent->ruling->compiled, &agent->late_seen);
	absent_refresh(agent->kernel, agent->ruling->policy);
	if (clock_now_ns() < agent->existing_ns)
		return;
	agent->existing_ns = clock_now_ns() + EXISTING_NS;
	existing_refresh(agent->kernel, agent->ruling->compiled);
}

/* Rules that stand in for the policy are not its own: of those no record is made. */
static void look_at_hits(struct agent *agent)
{
	bool of_policy = agent->ruling && agent->ruling->source != EDITION_FALLBACK;

	if (of_policy && !agent->hits.recalled)
		hit_record_recall(&agent->hits, agent->kernel, agent->options.state, agent->options.instance);
	hits_refresh(agent->kernel, agent->hits.recalled);
}

/* 0: all stands. */
static int look_after(struct agent *agent)
{
	const char *missing;

	kernel_note_alive(agent->kernel);
	look_at_fullness(agent);
	look_at_policy(agent);
	culprits_refresh(&agent->culprits, agent->kernel);
	look_at_hits(agent);
	servers_note(agent->kernel, agent->options.book, &agent->progress);
	if (!kernel_is_attached(agent->kernel, &missing))
		return tell_why_gone(agent, missing);
	if (agent->options.standby && look_at_state(agent))
		return AGENT_STANDS_DOWN;
	warn_of_pins(agent);
	layers_beat(agent);
	return 0;
}

static void stamp_is_due(void *context)
{
	struct agent *agent = context;

	meta_beat(agent->kernel);
	if (agent->ruling)
		completions_refresh(agent->completions, agent->kernel, agent->ruling, agent->options.book);
	denial_log_beat(&agent->denial_log, agent->kernel);
	loop_timer_set(agent->loop, &agent->stamp_due, clock_now_ns() + STAMP_NS, stamp_is_due, agent);
}

static void beat_is_due(void *context)
{
	struct agent *agent = context;
	int rc;

	loop_timer_set(agent->loop, &agent->beat_due, clock_now_ns() + BEAT_NS, beat_is_due, agent);
	rc = look_after(agent);
	if (rc)
		agent->gone(agent, rc);
}

void agent_begin_beating(struct agent *agent)
{
	stamp_is_due(agent);
	loop_timer_set(agent->loop, &agent->beat_due, 0, beat_is_due, agent);
}

void agent_stop_beating(struct agent *agent)
{
	loop_timer_stop(&agent->stamp_due);
	loop_timer_stop(&agent->beat_due);
}
