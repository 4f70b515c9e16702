/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of one agent share, and nobody else sees. */
#ifndef EGRET_AGENT_INTERNAL_H
#define EGRET_AGENT_INTERNAL_H

#include <poll.h>

#include "../base/clock.h"
#include "../compile/compile.h"
#include "../kernel/kernel.h"
#include "../resolve/resolver.h"
#include "addresses.h"
#include "agent.h"
#include "culprits.h"
#include "probation.h"
#include "progress.h"
#include "standby.h"
#include "subjects.h"
#include "wanted.h"
#include "watch.h"

#define HEARTBEAT_NS (10 * CLOCK_NS_PER_SEC)
/* Who writes several files, or one in several pieces, is given this long. */
#define SETTLE_NS (300 * CLOCK_NS_PER_MS)

/* What lies in the state folder of the policy that rules (good_policy.h). */
struct kept {
	bool good;            /* this policy is kept, and its addresses stay so */
	uint64_t look_ns;     /* CLOCK_MONOTONIC: when its addresses are compared with those that lie there */
	uint64_t hash;        /* of those */
	uint64_t answered_ns; /* the newest of their answers */
	bool told;            /* that it cannot be written */
	char problem[ERROR_SIZE];
};

struct agent {
	struct agent_options options;
	struct progress progress;
	struct policy *policy;
	struct resolver *resolver; /* NULL: the policy has no exact name */
	struct wanted *wanted;     /* NULL: the policy has no resolver */
	struct addresses *addresses;
	struct egret_addr *system_resolvers;
	size_t system_resolver_count;
	bool no_resolvers; /* /etc/resolv.conf is to name them, and does not yet */
	struct compiled *compiled;
	struct kernel *kernel;
	struct subjects *subjects;
	size_t names;
	uint64_t floorless_rules; /* of floor_check */
	bool must_rebuild;        /* the tables are full, or a change could not be made alone */
	bool pins_missed;         /* told already */
	bool lent_probation;      /* options.probation_sec is REOPENED_PROBATION_SEC, of this policy alone */
	struct watch *watch;      /* NULL: nobody asked for it */
	uint64_t look_ns;         /* when to look at the files; 0 = nothing moved */
	uint64_t retry_ns;        /* when to read them again, changed or not; 0 = no need */
	struct culprits culprits;
	struct kept kept;
	uint64_t heartbeat_ns;
	uint64_t sweep_ns;
	uint64_t full_seen; /* addresses that found no room, when that was looked at last */
	bool full_told;
	const struct agent *replaces; /* whose policy rules until this one does; NULL: nobody's */
	struct probation probation;
	struct egret_addr *required_resolvers; /* one of them must answer on probation */
	size_t required_resolver_count;
};

/* asking.c */
bool agent_uses_system_resolvers(const struct policy *policy);
/* What status says of an agent with no_resolvers; "" = it has them, or needs none. */
const char *agent_resolver_problem(const struct agent *agent);
/* In the order of the policy: the first one is asked first. */
int agent_resolver_addresses(const struct agent *agent, struct egret_addr **ret, size_t *ret_count);
/* Nothing else of a policy that is off is needed, so nothing else of it can be wrong. */
int agent_start_asking(struct agent *agent, struct error *error);

/* trials.c */
bool agent_only_audits(const struct agent *agent);
/* Before a policy takes another one's place. Its names may be answered meanwhile. */
int agent_wait_for_required(struct agent *agent, const struct compiled *compiled, struct error *error);
/* A policy takes the place of one that rules only when what it requires answers: else a slip in a
 * rules file would open each node that reads it, at the end of its probation. The first policy does
 * not wait: it is better than none; nor, on probation, one that follows an audit. */
bool agent_must_wait(const struct agent *agent);
void agent_begin_probation(struct agent *agent);
void agent_attend_probation(struct agent *agent, bool over);

/* enforce.c */
int agent_load_all(struct agent *agent, struct diag *diag, struct error *error);
void agent_write_name(void *context, const struct resolver_name *name);
void agent_announce(struct agent *agent, bool audit);
/* A sign of life, for a policy that wants one. */
void agent_stay_fresh(struct agent *agent);
/* Enforced, and tried as long as was asked for: `run --once` may begin with it. */
void agent_note_ruled(struct agent *agent);
/* What is wrong with the policy for as long as it rules. */
void agent_write_problems(struct agent *agent);
void agent_rebuild(struct agent *agent);

/* keep.c */
/* The policy that rules is good: it is kept. */
void agent_keep_policy(struct agent *agent);
/* Now and then: the addresses of its names, where they changed. */
void agent_keep_fresh(struct agent *agent);
/* It audits because somebody wants it to: what was kept is stricter than that. */
void agent_forget_policy(struct agent *agent);
/* Names that nobody has answered for have the addresses that are kept. */
void agent_recall_names(struct agent *agent);
/* What is wrong with the state folder, or with what is kept in it; "" = nothing. */
const char *agent_state_problem(const struct agent *agent);

/* beat.c */
/* Now and then: what an event may have missed, and that the instance is still there. */
int agent_beat(struct agent *agent, struct error *error);

/* agent.c */
/* One turn of the loop: waits for the resolver, the caller's descriptors, or @deadline. */
int agent_turn(struct agent *agent, const struct pollfd *extra, size_t extra_count, uint64_t deadline_ns);

#endif
