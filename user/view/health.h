/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Is the agent alive, and does what its policy says rule? One judgement, for people and for probes. */
#ifndef EGRET_HEALTH_H
#define EGRET_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "egret_limits.h"
#include "egret_people.h"

#include "../base/process.h"

/* The agent gives a sign of life every 10 s. The liveness probe of deploy/daemonset.yaml counts on this. */
#define HEALTH_LIVE_SEC 30

struct health_facts {
	bool held;                     /* an agent (or an exec) holds the instance */
	bool attached, audits;         /* as the kernel has it */
	const char *missing_hook;      /* the first hook that is not attached */
	enum process_life process;     /* of the agent that gave the last sign of life */
	int64_t silent_sec;            /* since the last sign of life; less than 0 = there was none yet */
	const struct egret_meta *meta; /* what the agent left */
};

struct health {
	bool live, ready;
	char agent[160];                  /* how the agent is, as a sentence */
	char why_not[EGRET_PROBLEM_SIZE]; /* the first reason why it is not ready; "" = it is */
	char problem[EGRET_PROBLEM_SIZE]; /* what only a look from outside tells; "" = nothing */
};

void health_judge(const struct health_facts *facts, struct health *ret);

#endif
