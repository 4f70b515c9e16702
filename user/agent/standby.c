// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "standby.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define EVENTS (IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF)

static void hash_of(const struct policy *policy, char ret[static HASH_TEXT_SIZE])
{
	snprintf(ret, HASH_TEXT_SIZE, "%016" PRIx64, policy->text_hash);
}

/* What `egret detach --all` took away does not come back before something is attached again. */
static int open_state(const struct standby *standby, struct error *error)
{
	return state_open(standby->path, standby->why != STANDBY_UNMARKED, error);
}

static const char *standing(const struct standby *standby)
{
	static const char *const words[] = {
	    [STANDBY_NO] = "",
	    [STANDBY_OFF] = "off",
	    [STANDBY_MARK] = "mark",
	    [STANDBY_UNMARKED] = "unmarked",
	};

	return standby->why == STANDBY_NO && standby->unpinned ? "unpinned" : words[standby->why];
}

/* Life and watch, in a folder that may be another one than before. */
static int settle_in(struct standby *standby, int state)
{
	/* A second watch on the same folder has the number of the first. */
	if (standby->watch_fd >= 0)
		inotify_add_watch(standby->watch_fd, standby->path, EVENTS);
	if (standby->why == STANDBY_UNMARKED)
		return 0;
	if (standby->life >= 0 && !state_life_is_there(state, standby->instance, standby->life)) {
		close(standby->life);
		standby->life = -1;
	}
	if (standby->life < 0)
		standby->life = state_life_begin(state, standby->instance);
	return standby->life < 0 ? standby->life : 0;
}

static int look_at_folder(struct standby *standby)
{
	struct error error = {};
	int state = open_state(standby, &error), rc;

	if (state < 0) {
		if (standby->why != STANDBY_UNMARKED)
			snprintf(standby->problem, sizeof(standby->problem),
				 "%s: what a person opens is closed again when the agent is started anew", error.text);
		return state;
	}
	rc = settle_in(standby, state);
	close(state);
	if (rc)
		snprintf(standby->problem, sizeof(standby->problem),
			 "cannot write to the state folder %s: %s; make room there, or give another one with --state",
			 standby->path, strerror(-rc));
	else
		standby->problem[0] = '\0';
	return rc;
}

static int held_by_another(const struct standby *standby, struct error *error)
{
	struct state_life life = {};
	struct error ignored;
	int state = state_open(standby->path, false, &ignored);
	char who[32] = "another agent";

	if (state >= 0 && !state_read_life(state, standby->instance, &life) && life.pid)
		snprintf(who, sizeof(who), "the agent with pid %d", (int)life.pid);
	if (state >= 0)
		close(state);
	return error_set(error, -EBUSY,
			 "instance %s is held by %s (see egret status --instance %s); stop that one, or choose another "
			 "--instance",
			 standby->instance, who, standby->instance);
}

/* A child of an agent that was killed has its lock until it ends, a moment later. */
#define HELD_TRIES    100
#define HELD_SLEEP_US 10000

int standby_begin(struct standby *standby, const char *path, const char *instance, struct error *error)
{
	*standby = (struct standby){.path = path, .instance = instance, .life = -1};
	standby->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	for (int tries = 0; tries < HELD_TRIES; tries++) {
		if (look_at_folder(standby) != -EBUSY)
			return 0;
		usleep(HELD_SLEEP_US);
	}
	standby_end(standby);
	return held_by_another(standby, error);
}

void standby_end(struct standby *standby)
{
	struct error ignored;
	int state;

	if (!standby->path)
		return;
	state = state_open(standby->path, false, &ignored);
	state_life_end(state, standby->instance, standby->life);
	if (state >= 0)
		close(state);
	if (standby->watch_fd >= 0)
		close(standby->watch_fd);
	standby->life = standby->watch_fd = -1;
}

/* Does the mark speak of @hash? One that names no policy means the first that is found. */
static bool mark_holds(struct standby *standby, int state, const char *hash)
{
	if (!standby->mark.policies[0][0]) {
		state_mark_add(&standby->mark, hash);
		state_write_mark(state, standby->instance, &standby->mark);
	}
	return state_mark_names(&standby->mark, hash);
}

/* Without a mark, until the policy is another one than @hash. "": nobody knows which one was opened, so any is. */
static void stay_open(struct standby *standby, const char *hash)
{
	snprintf(standby->unmarked, sizeof(standby->unmarked), "%s", *hash ? hash : "unknown");
}

/* What was written while `egret detach --all` took it away goes, too. A folder with anything else in it stays. */
static void leave_folder(struct standby *standby, int state)
{
	state_life_end(state, standby->instance, standby->life);
	standby->life = -1;
	rmdir(standby->path);
}

static enum standby_why decide(struct standby *standby, int state, const char *hash, bool stands_in)
{
	bool was_marked = standby->why == STANDBY_MARK;
	struct state_mark before = standby->mark;
	bool marked = state >= 0 && !state_read_mark(state, standby->instance, &standby->mark);

	if (!marked)
		standby->mark = (struct state_mark){};
	if (state >= 0 && state_wants_attach(state, standby->instance, &standby->cut))
		return STANDBY_NO;
	if (*standby->unmarked && (stands_in || !strcmp(standby->unmarked, hash)))
		return STANDBY_UNMARKED;
	if (marked) {
		standby->on_probation = !stands_in && !mark_holds(standby, state, hash);
		return standby->on_probation ? STANDBY_NO : STANDBY_MARK;
	}
	/* Gone, and nobody asked to attach: `egret detach --all`. */
	if (was_marked && (stands_in || state_mark_names(&before, hash))) {
		leave_folder(standby, state);
		stay_open(standby, hash);
		return STANDBY_UNMARKED;
	}
	standby->on_probation = was_marked || *standby->unmarked;
	return STANDBY_NO;
}

bool standby_decide(struct standby *standby, const struct policy *policy, bool stands_in)
{
	char hash[HASH_TEXT_SIZE] = "";
	struct error ignored;
	int state = state_open(standby->path, false, &ignored);
	enum standby_why before = standby->why;

	if (policy)
		hash_of(policy, hash);
	standby->cut = standby->on_probation = standby->unpinned = false;
	if (policy && policy->settings.off) {
		/* Another text than the one that was opened, and it rules. */
		standby->why = STANDBY_OFF;
		standby->unmarked[0] = '\0';
		if (state >= 0) {
			state_remove_mark(state, standby->instance);
			/* Else it might close at a later start what the policy opens. */
			state_remove_policy(state, standby->instance);
		}
	} else {
		standby->why = decide(standby, state, hash, stands_in);
	}
	if (state >= 0)
		close(state);
	if (standby->why != before)
		state_life_beat(standby->life, standing(standby));
	standby->stood = standby->stood || standby->why != STANDBY_NO || standby->on_probation;
	return standby->why != STANDBY_NO;
}

void standby_attached(struct standby *standby)
{
	struct state_mark mark;
	struct error ignored;
	int state;

	standby->unmarked[0] = '\0';
	standby->cut = standby->on_probation = standby->unpinned = false;
	look_at_folder(standby);
	state = state_open(standby->path, false, &ignored);
	if (state < 0)
		return;
	/* Not another one, that a person has just left. */
	if (!state_read_mark(state, standby->instance, &mark) && mark.at_ns == standby->mark.at_ns)
		state_remove_mark(state, standby->instance);
	state_remove_attach(state, standby->instance);
	close(state);
}

void standby_taken_down(struct standby *standby, const struct policy *policy)
{
	char hash[HASH_TEXT_SIZE] = "";

	if (policy)
		hash_of(policy, hash);
	if (!standby_is_marked(standby))
		stay_open(standby, hash);
	else if (policy)
		standby_add_policy(standby, policy);
}

void standby_add_policy(struct standby *standby, const struct policy *policy)
{
	char hash[HASH_TEXT_SIZE];
	struct state_mark mark;
	struct error ignored;
	int state = state_open(standby->path, false, &ignored);

	hash_of(policy, hash);
	if (*standby->unmarked)
		stay_open(standby, hash);
	if (state < 0)
		return;
	if (!state_read_mark(state, standby->instance, &mark) && !state_mark_names(&mark, hash)) {
		state_mark_add(&mark, hash);
		state_write_mark(state, standby->instance, &mark);
	}
	close(state);
}

void standby_failed(struct standby *standby, const struct policy *policy)
{
	struct error ignored;
	int state = state_open(standby->path, false, &ignored);

	if (state >= 0) {
		state_remove_attach(state, standby->instance); /* it was tried */
		close(state);
	}
	standby_taken_down(standby, policy);
}

bool standby_is_marked(const struct standby *standby)
{
	struct error ignored;
	struct state_mark mark;
	int state = state_open(standby->path, false, &ignored);
	bool marked;

	if (state < 0)
		return false;
	marked = !state_read_mark(state, standby->instance, &mark);
	close(state);
	return marked;
}

void standby_beat(struct standby *standby)
{
	look_at_folder(standby);
	state_life_beat(standby->life, standing(standby));
}

void standby_note_ruled(const struct standby *standby, const struct policy *policy, bool layered)
{
	char hash[HASH_TEXT_SIZE];
	struct error ignored;
	int state = state_open(standby->path, false, &ignored);

	if (state < 0)
		return;
	hash_of(policy, hash);
	/* In this order: where something ruled, and no layers are noted, an earlier release did. */
	if (layered)
		state_note_layered(state, standby->instance);
	state_note_ruled(state, standby->instance, hash);
	close(state);
}

bool standby_has_ruled(const struct standby *standby, const struct policy *policy)
{
	char hash[HASH_TEXT_SIZE];
	struct error ignored;
	int state = state_open(standby->path, false, &ignored);
	bool ruled;

	if (state < 0)
		return false;
	hash_of(policy, hash);
	ruled = state_has_ruled(state, standby->instance, hash);
	close(state);
	return ruled;
}

int standby_fd(const struct standby *standby)
{
	return standby ? standby->watch_fd : -1;
}

void standby_drain(const struct standby *standby)
{
	char events[4096];

	while (standby && read(standby->watch_fd, events, sizeof(events)) > 0)
		;
}
