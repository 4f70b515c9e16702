/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A policy that is to rule next, and its way there: its names are asked for, then, where another
 * policy rules, what it requires is tried. Each step is a state and nothing waits, so that the agent
 * goes on looking after what rules.
 *
 *   HELD -> RESOLVING -> TRYING -> it may rule, or is refused
 */
#ifndef EGRET_CANDIDATE_H
#define EGRET_CANDIDATE_H

#include "edition.h"
#include "trial.h"

struct agent;

enum candidate_state {
	CANDIDATE_NONE,
	CANDIDATE_HELD,      /* nobody wants it to rule: the agent stands by */
	CANDIDATE_RESOLVING, /* until its names have answered, or their time is over */
	CANDIDATE_TRYING,    /* until what it requires answers, or its time is over */
	CANDIDATE_READY,     /* the owner was told so */
};

struct candidate {
	enum candidate_state state;
	struct edition *edition; /* NULL: there is none */
	struct diag diag;        /* what was found when it was read and compiled */
	uint64_t deadline_ns;
	uint64_t first_until_ns; /* where nothing rules yet, names are waited for until then; 0 = they are not yet */
	struct loop_timer due;
	struct trial trial;
	struct loop_fd trial_over;
	struct compiled *tried; /* what the trial judges by */
	struct name_addrs *tried_names;
	int home_fd; /* the agent's own cgroup; -1: it cannot be told */
	/* It is over. 0: it may rule. -EAGAIN: what it requires does not answer. It may drop the candidate. */
	void (*over)(struct agent *agent, int rc, const struct error *error);
};

void candidate_init(struct candidate *candidate);
/* Takes @edition and @diag, in place of what was there. */
void candidate_take(struct agent *agent, struct edition *edition, struct diag *diag);
/* Begins, or begins anew; @over is called when it is over, and never before this returns. */
void candidate_begin(struct agent *agent, unsigned int resolve_wait_sec,
		     void (*over)(struct agent *agent, int rc, const struct error *error));
/* It waits for better times. */
void candidate_hold(struct agent *agent);
/* Hands its edition over, which rules by now; NULL = there is none. */
struct edition *candidate_give(struct agent *agent);
/* There is none any more. */
void candidate_drop(struct agent *agent);

#endif
