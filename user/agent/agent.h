/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The long-running side of an instance: reads the policy, resolves its names, fills the kernel,
 * attaches, and keeps all of it fresh. What is attached outlives the agent; agent_free never opens
 * anything.
 *
 * One that governs a node lives by itself: agent_live. `exec`, and `run --once`, take one step after
 * the other:
 *
 *   agent_new -> agent_resolve [-> agent_place] -> agent_enforce [-> agent_serve] -> agent_free
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
	const char *ocsf;              /* file that denials are written to, borrowed; "-" = standard output */
	bool layers;                   /* also what leaves by devices is looked at: layers.h */
	bool audit;                    /* whatever the policy says */
	bool quiet;                    /* say only what is wrong */
	bool detach_on_exit;           /* agent_live: opens at its end */
	bool fallback_closed;          /* agent_live: stand_in.h */
	struct standby *standby;       /* borrowed; agent_live needs one, the others have none */
	bool had_resolvers;            /* of the policy that rules: another one does not go without */
	unsigned int probation_sec;    /* how long all that is required may take to answer; 0 = no probation */
	unsigned int resolve_inflight; /* 0 = the resolver's default */
	unsigned int resolve_rate;     /* queries a second to each server; 0 = the resolver's default */
	unsigned int resolve_wait_sec; /* for the first answers; names that are late come in later */
	struct resolver_book *book;    /* the agent's own: whoever sets up options leaves it NULL */
};

/*
 * Governs as the policy's files say, and people want it, until @stop_fd, a signalfd, brings another
 * signal than SIGHUP: 0. What is attached then stays so, unless options say otherwise. A policy with
 * errors never ends it: what ruled before, or what stands in for it (stand_in.h), goes on meanwhile.
 */
int agent_live(const struct agent_options *options, int stop_fd, struct error *error);

/* -EINVAL: the policy has errors, all of them in @diag. */
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
/* Keeps the instance fresh until @stop_fd can be read, a pidfd: 0. -ENOENT: somebody took it down. */
int agent_serve(struct agent *agent, int stop_fd, struct error *error);
/* What was denied last is completed (completion.h), before `exec` tells it: that takes a moment at most. */
void agent_complete(struct agent *agent);
/* What `status` says is wrong with the policy, until another one rules. */
void agent_note_problem(struct agent *agent, const char *text);
void agent_free(struct agent *agent); /* takes NULL */

struct kernel *agent_kernel(struct agent *agent);

#endif
