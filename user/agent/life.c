// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The life of an agent that governs a node: it stands by, or it rules, as the policy and people want
 * it; a policy with an error never ends it.
 */
#include "internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../base/log.h"
#include "../base/notify.h"
#include "finding.h"
#include "meta.h"
#include "rest.h"
#include "stand_in.h"

/* Who writes several files, or one in several pieces, is given this long. */
#define SETTLE_NS (300 * CLOCK_NS_PER_MS)
/* Until a policy is read again that was refused because something did not answer. */
#define RETRY_NS (15 * CLOCK_NS_PER_SEC)
/* Until a file is read again that somebody writes. */
#define REST_RETRY_NS (200 * CLOCK_NS_PER_MS)
/* While it stands by, in case an event was missed. */
#define STANDBY_NS (10 * CLOCK_NS_PER_SEC)
/* Nothing is governed meanwhile: a name that is late comes in when it answers. */
#define FIRST_RESOLVE_WAIT_SEC 2

struct life {
	struct agent *agent;
	struct standby *standby;
	int stop_fd;
	struct loop_fd stop, files_moved, folder_moved;
	struct loop_timer look_due, retry_due, standby_due;
	struct watch *watch; /* on what was read last; NULL: it cannot be watched */
	uint64_t rest_ns;    /* until then nobody is told that somebody writes them; 0 = nobody does */
	bool files_stirred;  /* since they were looked at */
	bool watch_told;     /* that not all is told by events */
	bool broken;         /* what was read last has errors */
	bool opened;         /* by a person, a moment ago */
	bool found;          /* something is in force, and it is not known by which policy */
	enum standby_why told_why;
	char finding[EGRET_PROBLEM_SIZE]; /* why the newest policy does not rule; "" = it does, or may yet */
	char told[EGRET_PROBLEM_SIZE];    /* in the log */
	struct error instead;             /* what rules while the files cannot; "" = what they said before */
};

static void read_policy(struct life *life);
static void consider(struct life *life);
static void begin_broken(struct life *life);
static void stand_down(struct life *life);

/* --- what is told --- */

static const char *what_goes_on(const struct life *life, int rc)
{
	if (life->agent->hold == HOLD_ATTACHED)
		return rc == -EAGAIN ? "; the policy that runs goes on, and the new one is tried again"
				     : "; the policy that runs goes on";
	return life->found || stand_in_is_in_force(life->agent->options.instance) ? "; what was found in force goes on"
										  : "; nothing is governed yet";
}

static void note_finding(const struct life *life)
{
	finding_tell_instead(life->instead.text, life->finding, life->agent->problem);
	if (life->agent->kernel)
		meta_write_problem(life->agent->kernel, EGRET_PROBLEM_POLICY, life->agent->problem);
}

/* Once: what is read again and again has the same errors each time. */
static void tell_finding(struct life *life, const struct diag *diag, int rc, const struct error *error)
{
	char finding[EGRET_PROBLEM_SIZE];

	finding_describe(diag, error, finding);
	if (!strcmp(finding, life->told))
		return;
	log_diag(diag);
	progress_warn(&life->agent->progress, "%s%s", error->text, what_goes_on(life, rc));
	snprintf(life->told, sizeof(life->told), "%s", finding);
	snprintf(life->finding, sizeof(life->finding), "%s", finding);
	note_finding(life);
}

/* --- the end --- */

static void fail(struct life *life, int rc, const struct error *error)
{
	*life->agent->error = *error;
	agent_fail(life->agent, rc);
}

/* --- standing by --- */

static void look_again(void *context)
{
	struct life *life = context;

	if (life->agent->candidate.state == CANDIDATE_HELD)
		consider(life);
	else if (life->agent->candidate.state == CANDIDATE_NONE && life->broken)
		begin_broken(life);
}

/* Governs nothing, until people or the policy want it to. */
static void stand_by(struct life *life)
{
	struct standby *standby = life->standby;
	struct error error;
	int rc;

	candidate_hold(life->agent);
	rc = standby_take_down(standby, &error);
	if (rc) {
		fail(life, rc, &error);
		return;
	}
	if (standby->why != life->told_why)
		standby_tell_why(standby);
	life->told_why = standby->why;
	notify_manager("READY=1");
	standby_beat(standby); /* last: what `egret detach --all` took away is not made again */
	loop_timer_set(life->agent->loop, &life->standby_due, clock_now_ns() + STANDBY_NS, look_again, life);
}

static void folder_has_moved(void *context)
{
	struct life *life = context;

	standby_drain(life->standby);
	if (life->agent->kernel)
		agent_begin_beating(life->agent);
	else
		look_again(life);
}

/* --- ruling --- */

/* What is in force is this agent's own to look after, before a policy of its own rules. */
static int take_charge(struct life *life)
{
	struct agent *agent = life->agent;
	struct error error;
	int rc = agent_open_instance(agent, &error);

	if (rc && !kernel_is_there(agent->options.instance))
		stand_down(life); /* it was opened meanwhile */
	else if (rc)
		fail(life, rc, &error);
	if (rc)
		return rc;
	life->found = true;
	agent_begin_beating(agent);
	return 0;
}

static void let_go(struct life *life)
{
	struct diag none = {};
	struct edition *old;

	agent_stop_beating(life->agent);
	old = agent_let_go(life->agent);
	life->found = false;
	if (old)
		candidate_take(life->agent, old, &none);
}

static void has_begun(struct life *life)
{
	struct agent *agent = life->agent;

	log_diag(&agent->candidate.diag);
	candidate_give(agent);
	life->found = false;
	loop_timer_stop(&life->standby_due);
	life->told_why = STANDBY_NO;
	if (!life->broken)
		life->finding[0] = life->told[0] = life->instead.text[0] = '\0';
	if (life->finding[0])
		note_finding(life);
	agent_begin_beating(agent);
	notify_manager("READY=1");
}

static void retry_is_due(void *context)
{
	read_policy(context);
}

/* The policy that rules goes on. */
static void refuse(struct life *life, int rc, const struct error *error)
{
	struct agent *agent = life->agent;

	tell_finding(life, &agent->candidate.diag, rc, error);
	candidate_drop(agent);
	if (rc == -EAGAIN)
		loop_timer_set(agent->loop, &life->retry_due, clock_now_ns() + RETRY_NS, retry_is_due, life);
}

/* What cannot begin to rule ends the agent, where it is not the policy's fault. Who stood by goes on doing so. */
static void fail_to_begin(struct life *life, int rc, const struct error *error)
{
	struct agent *agent = life->agent;
	struct edition *edition = agent->candidate.edition;

	if (standby_is_marked(life->standby))
		return stand_down(life); /* it was opened in the middle of that */
	let_go(life);
	if (life->standby->stood) {
		log_diag(&agent->candidate.diag);
		progress_warn(&agent->progress, "%s; instance %s stays open", error->text, life->standby->instance);
		standby_failed(life->standby, edition->policy);
		candidate_hold(agent);
		consider(life);
		return;
	}
	if (rc != -EINVAL || edition->source != EDITION_FILES) {
		log_diag(&agent->candidate.diag);
		fail(life, rc, error);
		return;
	}
	life->broken = true;
	tell_finding(life, &agent->candidate.diag, rc, error);
	candidate_drop(agent);
	begin_broken(life);
}

static void candidate_is_over(struct agent *agent, int rc, const struct error *why)
{
	struct life *life = agent->life;
	struct error error = {};

	if (!rc && !life->broken)
		agent->problem[0] = '\0';
	if (rc)
		error = *why;
	else
		rc = agent_enforce_next(agent, agent->candidate.edition, &agent->candidate.diag, &error);
	if (!rc)
		has_begun(life);
	else if (agent->hold == HOLD_ATTACHED)
		refuse(life, rc, &error);
	else
		fail_to_begin(life, rc, &error);
}

static void begin_ruling(struct life *life)
{
	struct agent *agent = life->agent;
	unsigned int wait_sec = agent->options.resolve_wait_sec;

	if (agent->ruling ? agent->ruling->source == EDITION_FALLBACK
			  : agent->hold == HOLD_NOTHING && !stand_in_is_in_force(agent->options.instance))
		wait_sec = FIRST_RESOLVE_WAIT_SEC;
	else if (agent->hold == HOLD_NOTHING && take_charge(life))
		return;
	candidate_begin(agent, wait_sec, candidate_is_over);
}

/* What becomes of the candidate, as the policy and people want it. */
static void consider(struct life *life)
{
	struct standby *standby = life->standby;
	const struct edition *edition = life->agent->candidate.edition;

	if (life->agent->kernel && edition->policy->settings.off) {
		stand_down(life);
		return;
	}
	if (!life->agent->kernel && standby_decide(standby, edition->policy, edition->source != EDITION_FILES)) {
		stand_by(life);
		return;
	}
	if (!life->agent->kernel && standby->on_probation)
		log_say(LOG_LEVEL_INFO,
			"the policy's text is not the one that was opened: instance %s is attached again, on probation",
			standby->instance);
	begin_ruling(life);
}

/* The files have errors, nothing of this agent rules, and there is no older text of theirs. */
static void begin_broken(struct life *life)
{
	struct agent *agent = life->agent;
	bool found = stand_in_is_in_force(agent->options.instance);
	struct edition *edition;
	struct diag none = {};

	if (!stand_in_find(&agent->options, agent->loop, found, &edition, &life->instead)) {
		progress_warn(&agent->progress, "%s", life->instead.text);
		candidate_take(agent, edition, &none);
		consider(life);
		return;
	}
	progress_warn(&agent->progress, "%s; the agent waits for a policy without errors", life->instead.text);
	if (standby_decide(life->standby, NULL, true)) {
		stand_by(life);
		return;
	}
	if (found && take_charge(life))
		return;
	note_finding(life);
	notify_manager("READY=1");
}

/* It was opened, or its policy is off by now. */
static void stand_down(struct life *life)
{
	struct agent *agent = life->agent;
	const struct edition *ruled;

	candidate_drop(agent);
	let_go(life);
	ruled = agent->candidate.edition;
	if (!kernel_is_there(life->standby->instance))
		standby_taken_down(life->standby, ruled ? ruled->policy : NULL);
	life->opened = true;
	read_policy(life);
}

static void is_gone(struct agent *agent, int rc)
{
	if (rc == AGENT_STANDS_DOWN)
		stand_down(agent->life);
	else
		agent_fail(agent, rc);
}

/* --- the policy's files --- */

static void look_is_due(void *context)
{
	struct life *life = context;
	bool stirred = life->files_stirred;

	life->files_stirred = false;
	/* What was missing may be there now, though nothing that was read has changed. */
	if ((stirred && life->broken) || (life->watch && watch_sees_change(life->watch)))
		read_policy(life);
}

/* Does not move what is set: where something stirs all the time, nobody would ever look. */
static void look_later(struct life *life)
{
	if (!life->look_due.loop)
		loop_timer_set(life->agent->loop, &life->look_due, clock_now_ns() + SETTLE_NS, look_is_due, life);
}

static void files_have_moved(void *context)
{
	struct life *life = context;

	life->files_stirred |= watch_drain(life->watch);
	look_later(life);
}

static void watch_anew(struct life *life, const struct policy_files *files)
{
	const struct policy_options *options = &life->agent->options.policy;
	struct error error;

	loop_fd_remove(&life->files_moved);
	watch_free(life->watch);
	life->watch = NULL;
	if (watch_new(files, options->paths, options->path_count, &life->watch, &error) && !life->watch_told) {
		progress_warn(&life->agent->progress, "%s", error.text);
		life->watch_told = true;
	}
	loop_fd_add(life->agent->loop, &life->files_moved, watch_fd(life->watch), files_have_moved, life);
	look_later(life); /* what changed while it was read brings no event any more */
}

static void bear_with(struct life *life, const struct diag *diag, int rc, const struct error *error)
{
	struct agent *agent = life->agent;

	if (agent->hold == HOLD_ATTACHED)
		candidate_drop(agent); /* its text lies there no more */
	tell_finding(life, diag, rc, error);
	if (agent->kernel)
		return;
	if (rc == -ENOMEM) { /* no fault of the policy */
		fail(life, rc, error);
		return;
	}
	look_again(life);
}

/* Somebody still writes the files: what was read is no policy yet, and its errors are not told yet. */
static void wait_for_writer(struct life *life, struct diag *diag, const struct error *error)
{
	uint64_t now = clock_now_ns();

	if (!life->rest_ns)
		life->rest_ns = now + REST_WAIT_MS * CLOCK_NS_PER_MS;
	if (now >= life->rest_ns && !life->agent->kernel && !life->broken) {
		life->broken = true; /* nothing waits open for somebody who writes for long */
		bear_with(life, diag, -EAGAIN, error);
	} else if (now >= life->rest_ns) {
		tell_finding(life, diag, -EAGAIN, error);
	}
	diag_clear(diag);
	loop_timer_set(life->agent->loop, &life->retry_due, now + REST_RETRY_NS, retry_is_due, life);
}

static void read_policy(struct life *life)
{
	struct agent *agent = life->agent;
	struct policy_files files = {};
	struct edition *next = NULL;
	struct diag diag = {};
	struct error error;
	int rc;

	loop_timer_stop(&life->retry_due);
	if (agent->hold == HOLD_NOTHING)
		progress_start(&agent->progress, agent->options.quiet);
	agent->options.had_resolvers = agent->ruling && agent->ruling->system_resolver_count;
	rc = edition_new(&agent->options, agent->loop, &next, &files, 0, &diag, &error);
	progress_stage(&agent->progress, "policy");
	watch_anew(life, &files);
	policy_files_clear(&files);
	if (rc == -EAGAIN)
		return wait_for_writer(life, &diag, &error);
	life->rest_ns = 0;
	life->broken = rc;
	if (!rc && life->opened && !next->policy->settings.off)
		standby_add_policy(life->standby, next->policy);
	life->opened = false;
	if (rc) {
		bear_with(life, &diag, rc, &error);
	} else {
		if (next->no_resolvers)
			progress_warn(&agent->progress, "%s", edition_resolver_problem(next));
		candidate_take(agent, next, &diag);
		consider(life);
	}
	diag_clear(&diag);
}

/* --- all of it --- */

static void signal_has_come(void *context)
{
	struct life *life = context;
	struct signalfd_siginfo signal;

	if (read(life->stop_fd, &signal, sizeof(signal)) != sizeof(signal) || signal.ssi_signo != SIGHUP) {
		agent_fail(life->agent, 0);
		return;
	}
	life->told[0] = '\0'; /* a person who asks by SIGHUP is told once more what is wrong */
	read_policy(life);
}

static void leave(struct life *life)
{
	loop_fd_remove(&life->stop);
	loop_fd_remove(&life->files_moved);
	loop_fd_remove(&life->folder_moved);
	loop_timer_stop(&life->look_due);
	loop_timer_stop(&life->retry_due);
	loop_timer_stop(&life->standby_due);
	watch_free(life->watch);
	agent_free(life->agent);
}

int agent_live(const struct agent_options *options, int stop_fd, struct error *error)
{
	struct life life = {.standby = options->standby, .stop_fd = stop_fd};
	struct loop *loop;
	int rc;

	life.agent = agent_alloc(options, error);
	if (!life.agent)
		return -ENOMEM;
	life.agent->life = &life;
	life.agent->gone = is_gone;
	loop = life.agent->loop;
	loop_fd_add(loop, &life.stop, stop_fd, signal_has_come, &life);
	loop_fd_add(loop, &life.folder_moved, standby_fd(life.standby), folder_has_moved, &life);
	read_policy(&life);
	rc = life.agent->failed ? 0 : loop_run(loop);
	if (rc)
		error_set(error, rc, "cannot wait for events: %s", strerror(-rc));
	else
		rc = life.agent->failed;
	if (!rc)
		rc = agent_say_goodbye(life.agent, error);
	leave(&life);
	return rc;
}
