/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Is the agent alive, and does what its policy says rule? One judgement, for people and for probes. */
#ifndef EGRET_HEALTH_H
#define EGRET_HEALTH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../kernel/read.h"
#include "egret_limits.h"
#include "egret_people.h"

/* The agent gives a sign of life twice a second, and every 10 s while nothing is attached. The liveness probe of
 * deploy/daemonset.yaml counts on this. */
#define HEALTH_LIVE_SEC 30

/* What is wrong, or keeps the policy that was asked for from ruling. */
struct finding {
	const char *kind; /* a word; NULL = nothing */
	char text[EGRET_PROBLEM_SIZE];
};

/* {kind, text}, or null. */
json_t *finding_to_json(const struct finding *finding);

struct health_facts {
	bool held;                     /* an agent (or an exec) holds the instance */
	bool attached, audits;         /* as the kernel has it */
	const char *missing_hook;      /* the first hook that is not attached */
	pid_t pid;                     /* of the agent that gave the last sign of life; 0 = it means nothing here */
	int64_t silent_sec;            /* since then; less than 0 = who holds the instance gave none yet */
	const struct egret_meta *meta; /* what the agent left */
};

struct health {
	bool live, ready;
	struct finding not_ready; /* the first reason why */
	struct finding problem;   /* what only a look from outside tells */
};

void health_judge(const struct health_facts *facts, struct health *ret);

/*
 * {instance, mode, attached, missing_hook, agent: {alive, pid, heartbeat_age_seconds}, live, ready,
 * not_ready: {kind, text}, problems: [{kind, text}]}. What `status` begins with, and all that a probe asks; cheap.
 * mode: enforcing, auditing, not-attached, not-proven. agent.alive: somebody holds the instance; live: and
 * gave a sign of life.
 */
json_t *view_health(const struct kernel *kernel, const char *instance, const struct egret_meta *meta);

/* agent.alive alone. */
bool health_agent_is_there(const struct kernel *kernel, const char *instance);

/* How the agent is, of view_health, as a sentence. Returns @buf. */
#define AGENT_TEXT_SIZE 160
const char *agent_format(const json_t *health, char buf[static AGENT_TEXT_SIZE]);

#endif
