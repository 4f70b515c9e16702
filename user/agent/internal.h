/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the files of one agent share, and nobody else sees. Who calls whom:
 *
 *   agent.c, life.c -> candidate.c, beat.c -> enforce.c -> trials.c, keep.c, recall.c -> the parts, each with its
 * header
 */
#ifndef EGRET_AGENT_INTERNAL_H
#define EGRET_AGENT_INTERNAL_H

#include "../base/clock.h"
#include "../base/loop.h"
#include "../compile/compile.h"
#include "../kernel/kernel.h"
#include "agent.h"
#include "candidate.h"
#include "completion.h"
#include "culprits.h"
#include "denial_log.h"
#include "edition.h"
#include "hit_record.h"
#include "layers.h"
#include "probation.h"
#include "progress.h"
#include "standby.h"
#include "subjects.h"
#include "watch.h"

/* What lies in the state folder of the policy that rules (good_policy.h). */
struct kept {
	bool good;            /* this policy is kept, and its addresses stay so */
	uint64_t look_ns;     /* CLOCK_MONOTONIC: when its addresses are compared with those that lie there */
	uint64_t hash;        /* of those */
	uint64_t answered_ns; /* the newest of their answers */
	bool told;            /* that it cannot be written */
	char problem[ERROR_SIZE];
};

enum agent_hold {
	HOLD_NOTHING,  /* no instance, or a claimed one without programs */
	HOLD_LOADED,   /* its programs are loaded; what runs was not changed */
	HOLD_ATTACHED, /* it governs, by an edition of this agent */
};

struct agent {
	struct agent_options options;
	struct loop *loop;
	struct progress progress;
	int failed;          /* why the loop was ended: a negative errno; 0 = somebody asked */
	struct error *error; /* of that; the caller's */
	struct life *life;   /* of life.c, if it is one that governs a node */
	/* Why the newest policy cannot rule: told of the instance, whatever rules instead. "" = it can. */
	char problem[EGRET_PROBLEM_SIZE];

	/* What rules. */
	enum agent_hold hold;
	struct kernel *kernel;  /* NULL: it governs nothing */
	struct edition *ruling; /* NULL while it is not HOLD_ATTACHED */
	uint64_t late_seen;     /* subjects_refresh */
	struct loop_fd wanted_came, denied_came;
	struct layers layers;
	struct probation probation;
	struct loop_timer probation_due;
	struct loop_fd trial_over;
	struct zoned_addr *required_resolvers; /* one of them must answer on probation */
	size_t required_resolver_count;

	/* What may rule next. */
	struct candidate candidate;

	/* Now and then. */
	struct loop_timer stamp_due, beat_due;
	void (*gone)(struct agent *agent, int rc); /* the instance does not stand any more; may let go of it */
	struct culprits culprits;
	struct denial_log denial_log;
	struct completions *completions;
	struct loop_timer completion_due; /* agent_complete */
	struct kept kept;
	struct hit_record hits;
	uint64_t existing_ns; /* when connections that stood before the attach are looked at next */
	uint64_t full_seen;   /* addresses that found no room, when that was looked at last */
	bool full_told;
	bool pins_missed; /* told already */
};

/* trials.c */
/* A policy takes the place of one that rules only when what it requires answers: else a slip in a
 * rules file would open each node that reads it, at the end of its probation. The first policy does
 * not wait: it is better than none; nor, on probation, one that follows an audit. */
bool agent_must_wait(const struct agent *agent, const struct edition *next);
/* What judges @edition by @compiled. @of borrows from @ret_names, which is the caller's. */
int agent_requirements(const struct agent *agent, const struct edition *edition, const struct compiled *compiled,
		       struct probation_of *of, struct name_addrs **ret_names);
/* What the node's services are connected to, and only the policy that rules lets them. -EAGAIN: some. */
int agent_try_services(const struct agent *agent, const struct compiled *compiled, struct error *error);
void agent_begin_probation(struct agent *agent);
void agent_end_probation(struct agent *agent);

/* enforce.c */
/*
 * The candidate rules, in place of what ruled before, which is freed: the one order in which any policy
 * comes to rule, the first one too. On failure what ruled before rules on, and the candidate is the
 * caller's still.
 */
int agent_enforce_next(struct agent *agent, struct edition *next, struct diag *diag, struct error *error);
/* The instance's programs, and nothing that runs is changed. */
int agent_open_instance(struct agent *agent, struct error *error);
/* What rules is compiled and loaded anew, if it must be. */
void agent_rebuild(struct agent *agent);
/* Lets go of the kernel's side, which somebody took down or is to be taken down. What ruled is returned. */
struct edition *agent_let_go(struct agent *agent);

/* keep.c */
/* Enforced, and tried as long as was asked for: the policy is good, and kept; one that audits because somebody wants
 * it to is the end of what was kept. */
void agent_note_ruled(struct agent *agent);
/* The addresses of its names, where they changed since they were kept. */
void agent_keep_names(struct agent *agent);
/* The same, at most once a minute. */
void agent_keep_fresh(struct agent *agent);
/* What is wrong with the state folder, or with what is kept in it; "" = nothing. */
const char *agent_state_problem(const struct agent *agent);

/* recall.c */
/* Names of @edition begin with what is known of them where it is to rule: by this agent, or by one before it. Again
 * when it begins to rule, for what was answered since. */
void agent_inherit_names(struct agent *agent, struct edition *edition);
/* Names of @edition of which nothing is known have the addresses that are kept in the state folder. */
void agent_recall_names(struct agent *agent, struct edition *edition);

/* beat.c */
/* From now on, and at once: a stamp twice a second, all else every ten seconds. */
void agent_begin_beating(struct agent *agent);
void agent_stop_beating(struct agent *agent);

/* agent.c */
/* What a beat may find, beside a negative errno: the instance was opened, and there is a way to stand by. */
#define AGENT_STANDS_DOWN 1
struct agent *agent_alloc(const struct agent_options *options, struct error *error);
/* Says what stays, and takes it down where that is wanted: while the agent still holds the instance, since what has
 * its name later may be another one. */
int agent_say_goodbye(struct agent *agent, struct error *error);
/* Ends the loop: @rc goes to who runs it. */
void agent_fail(struct agent *agent, int rc);

#endif
