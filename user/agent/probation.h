/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What becomes of a policy that rules, by what it requires: it is tried when the policy begins to
 * rule, and again until all of it answers.
 *
 * Without --probation the policy goes on, and `status` has a PROBLEM for what does not answer.
 * Beside `require` lines, what the services of a node are connected to is required: services.h.
 * With --probation it ends early only when something was required and all answered. At the end of
 * its time the policy goes on if nothing failed; else it only audits, and enforces when all answers.
 */
#ifndef EGRET_PROBATION_H
#define EGRET_PROBATION_H

#include "progress.h"
#include "services.h"
#include "trial.h"

/* Whose probation it is; all borrowed for the call. */
struct probation_of {
	struct kernel *kernel;
	int governed_fd;
	struct progress *progress;
	struct requirements requirements;
};

struct probation {
	struct trial trial;
	uint64_t try_ns;  /* when to try again; 0 = never */
	uint64_t ends_ns; /* CLOCK_MONOTONIC; 0 = none is on */
	size_t required;  /* `require` lines */
	struct services services;
	char told[EGRET_PROBLEM_SIZE];
};

void probation_init(struct probation *probation);
/* The policy enforces from now on, for @sec on probation; 0 = without. */
void probation_begin(struct probation *probation, const struct probation_of *of, unsigned int sec);
/* When try_ns has come. */
void probation_try(struct probation *probation, const struct probation_of *of);
/* probation->trial.fd can be read. */
void probation_conclude(struct probation *probation, const struct probation_of *of);
/* Another policy rules, or the agent ends. */
void probation_cancel(struct probation *probation);

#endif
