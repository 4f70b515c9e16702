/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Should an agent govern at all? Not where the policy says `set mode = off`, and not where a
 * person opened the instance: then it stands by, alive, until that ends. What a person wants
 * is read from the state folder (base/state.h); without one the agent knows only what it saw.
 */
#ifndef EGRET_STANDBY_H
#define EGRET_STANDBY_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/error.h"
#include "../base/state.h"
#include "../policy/policy.h"

enum standby_why {
	STANDBY_NO,       /* it governs, or may begin to */
	STANDBY_OFF,      /* the policy says so */
	STANDBY_MARK,     /* opened by `egret detach` */
	STANDBY_UNMARKED, /* taken down, and no mark says by whom; or this policy could not begin to rule */
};

struct standby {
	const char *path, *instance;
	int watch_fd; /* inotify on the folder; -1: only the timer looks */
	int life;     /* of base/state.h; -1: the folder cannot be used */
	enum standby_why why;
	struct state_mark mark;        /* the one that was seen last; all zero: none */
	char unmarked[HASH_TEXT_SIZE]; /* the policy of STANDBY_UNMARKED, "" = none */
	bool cut;                      /* the next attach: connections that exist are judged as new */
	bool stood;                    /* since it began: what cannot rule now leaves open what was open */
	bool unpinned;                 /* what is attached rules, and nobody can see it in /sys/fs/bpf */
	bool on_probation;             /* the next attach: another text than the one that was opened */
	char problem[ERROR_SIZE];      /* why the folder cannot be used, "" = it can */
};

/* -EBUSY: another agent of this instance lives. A folder that cannot be used is no failure: see problem. */
int standby_begin(struct standby *standby, const char *path, const char *instance, struct error *error);
void standby_end(struct standby *standby); /* takes one that is all zero, too */

/* Sets why, cut and on_probation; true: nothing may be attached. @stands_in: the files have errors, and
 * @policy is another one, or NULL: it ends no opening. */
bool standby_decide(struct standby *standby, const struct policy *policy, bool stands_in);
/* Ends the mark, and the wish to be attached: that is what happened. */
void standby_attached(struct standby *standby);
/* The instance is gone, of which this policy ruled. NULL: nobody knows which one, since it was found in force. */
void standby_taken_down(struct standby *standby, const struct policy *policy);
/* This policy lay there already when the instance was opened: it is no reason to close it. */
void standby_add_policy(struct standby *standby, const struct policy *policy);
/* This policy cannot begin to rule; what was open stays open until it is another one. */
void standby_failed(struct standby *standby, const struct policy *policy);
/* Was the instance opened, while the agent governs it? */
bool standby_is_marked(const struct standby *standby);
/* Now and then, governing or not: the folder may have come, or gone. */
void standby_beat(struct standby *standby);
/* It enforced, and all that it requires answered. @layered: unlayered.h has nothing to say of it. */
void standby_note_ruled(const struct standby *standby, const struct policy *policy, bool layered);
/* Did it, once? */
bool standby_has_ruled(const struct standby *standby, const struct policy *policy);

/* Of what a command took down nothing is there any more; of what the policy switches off, all is. */
int standby_take_down(const struct standby *standby, struct error *error);
/* Why nothing is governed, and until when: a line of the log. */
void standby_tell_why(const struct standby *standby);

/* Readable when something moved in the folder; both take NULL. */
int standby_fd(const struct standby *standby);
void standby_drain(const struct standby *standby);

#endif
