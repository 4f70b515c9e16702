/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The long-running side of an instance: reads the policy, resolves its names,
 * fills the kernel, attaches, and keeps all of it fresh. `run` and `exec` differ
 * only in what they wait for meanwhile.
 *
 *   agent_new -> agent_resolve [-> agent_place] -> agent_enforce -> agent_serve -> agent_free
 *
 * What is attached outlives the agent; agent_free never opens anything.
 */
#ifndef EGRET_AGENT_H
#define EGRET_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/diag.h"
#include "../base/error.h"
#include "../policy/policy.h"

struct agent;
struct kernel;
struct standby;

struct agent_place {
	const char *instance;
	const char *cgroup; /* its path */
	int cgroup_fd;
};

struct agent_options {
	struct policy_options policy;
	const char *instance;
	const char *cgroup;            /* path of the governed cgroup */
	int cgroup_fd;                 /* borrowed */
	bool node;                     /* it governs a node, whose policy needs a floor */
	bool has_ruled;                /* this policy, here: then it goes on without a floor */
	const char *state;             /* path of the state folder, borrowed; NULL: nothing is kept or recalled */
	bool audit;                    /* whatever the policy says */
	bool quiet;                    /* say only what is wrong */
	struct standby *standby;       /* borrowed; NULL: it must govern, and ends when it is taken down */
	bool had_resolvers;            /* of the policy that rules: another one does not go without */
	bool watch;                    /* agent_serve ends when the policy's files change */
	unsigned int probation_sec;    /* how long all that is required may take to answer; 0 = no probation */
	unsigned int resolve_inflight; /* 0 = the resolver's default */
	unsigned int resolve_rate;     /* queries a second to each server; 0 = the resolver's default */
	unsigned int resolve_wait_sec; /* for the first answers; names that are late come in later */
};

/* -EINVAL: the policy has errors, all of them in @diag. */
/* A policy that is off has none of its names asked for. */
int agent_new(const struct agent_options *options, struct agent **ret, struct diag *diag, struct error *error);
/* Waits for the first answers. Names that do not answer are reported, and tried again later. */
int agent_resolve(struct agent *agent, struct error *error);
/* Loads, fills, attaches, proves. Says "enforcing: ..." or "auditing: ..." when it does. */
int agent_enforce(struct agent *agent, struct diag *diag, struct error *error);
/*
 * Where it governs, and as which instance, which the caller claimed: for `exec`, which makes both
 * only after all that takes long. Before agent_enforce; takes @claimed, borrows the rest.
 */
void agent_place(struct agent *agent, struct kernel *claimed, const struct agent_place *place);
#define AGENT_POLICY_CHANGED 1
#define AGENT_STANDS_DOWN    2
/*
 * Keeps the instance fresh until @stop_fd can be read (a signalfd, or a pidfd): 0; until the
 * policy's files change: AGENT_POLICY_CHANGED; or until someone else takes the instance
 * down: AGENT_STANDS_DOWN, or -ENOENT where there is no standby.
 */
int agent_serve(struct agent *agent, int stop_fd, struct error *error);
/*
 * Reads the policy anew, resolves its names, and switches to it as a whole. On failure the
 * old one rules on, and *agent is what it was; -EINVAL: @diag tells what is wrong with it;
 * -EAGAIN: what it requires does not answer, and AGENT_POLICY_CHANGED comes again after a while.
 * AGENT_STANDS_DOWN: the new policy is off, and nothing was done.
 */
int agent_reload(struct agent **agent, struct diag *diag, struct error *error);
/* Lets go of the kernel's side, which somebody took down or is to be taken down. */
void agent_stand_down(struct agent *agent);
/* An agent of the policy that lies there now takes the place of one that stands by. On failure
 * *agent is what it was. */
int agent_renew(struct agent **agent, struct diag *diag, struct error *error);
/*
 * Governs nothing, and answers to nobody: until @stop_fd can be read: 0; until the policy's files
 * change: AGENT_POLICY_CHANGED; or until a person wants it attached: AGENT_MAY_ATTACH.
 */
int agent_stand_by(struct agent *agent, int stop_fd, struct error *error);
#define AGENT_MAY_ATTACH 3
/* Why the newest policy does not rule: for `status`, until one does. */
void agent_note_problem(struct agent *agent, const struct diag *diag, const struct error *error);
void agent_free(struct agent *agent);

struct kernel *agent_kernel(struct agent *agent);
const struct policy *agent_policy(const struct agent *agent);

#endif
