/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is kept for people: texts, counters, and the state of an instance. */
#ifndef EGRET_INCLUDE_PEOPLE_H
#define EGRET_INCLUDE_PEOPLE_H

#include "egret_addr.h"
#include "egret_device.h"
#include "egret_family.h"
#include "egret_limits.h"

struct egret_rule_text {
	char text[EGRET_RULE_TEXT_SIZE]; /* as written, blanks folded */
	char purpose[EGRET_RULE_TEXT_SIZE];
	char file[EGRET_PATH_SIZE];
	__u32 line;
	__u32 app;        /* enum egret_app */
	__u32 position;   /* among the rules of the policy */
	__u32 dests_hash; /* of the destinations that variables in the text stand for */
};

enum egret_name_state {
	EGRET_NAME_UNUSED = 0,
	EGRET_NAME_PENDING,        /* not answered yet */
	EGRET_NAME_RESOLVED,       /* the last query was answered */
	EGRET_NAME_STALE,          /* failing: the last good addresses are kept */
	EGRET_NAME_FAILED,         /* never answered */
	EGRET_NAME_PATTERN,        /* learned from answers, never asked for */
	EGRET_NAME_DOES_NOT_EXIST, /* NXDOMAIN, or no address */
	EGRET_NAME_RECALLED,       /* not answered so far: it has the addresses that were kept on disk */
	EGRET_NAME_UNCONFIRMED,    /* not answered so far: it has those that the agent before this one left */
};

struct egret_name {
	char name[EGRET_NAME_SIZE];
	__u64 answered_ns; /* CLOCK_REALTIME of the last good answer, 0 = never */
	__u32 ttl_sec;
	__u32 addresses;
	__u32 failures; /* in a row */
	__u32 state;    /* enum egret_name_state */
};

struct egret_counter {
	__u64 packets;
	__u64 bytes;
};

/* When the agent last saw a counter move, and where it stood then. */
struct egret_hit {
	__u64 packets;
	__u64 last_ns; /* CLOCK_REALTIME, 0 = never */
};

/* Where a cgroup is or was that something was denied to: it may be gone when a person asks. */
struct egret_subject_name {
	char path[EGRET_PATH_SIZE]; /* below the cgroup root; "" = nobody has written it yet */
};

struct egret_pod_uid {
	char uid[48];
};

/* The log folder, which tells it, goes with the pod. */
struct egret_pod_name {
	char name[EGRET_POD_NAME_SIZE]; /* "namespace/pod" */
};

/* No ring holds the text: it stays for the name's entry of `known`. */
#define EGRET_ASKED_NOWHERE (~0U)

struct egret_asked {
	__u64 owner;                /* who asked first; 0 = it passed to what many share */
	__u32 place;                /* in the owner's ring, or EGRET_ASKED_NOWHERE */
	__u32 shared;               /* somebody else asked, too */
	char name[EGRET_NAME_SIZE]; /* with dots, lower case */
};

/* What an owner asked for, the newest in the place before egret_share.asked: keys of names. A place is void when the
 * name's text says another one. */
struct egret_asked_ring {
	__u64 names[EGRET_SHARE_ASKED];
};

enum egret_resolver_state {
	EGRET_RESOLVER_UNKNOWN = 0, /* it was not asked often enough to tell */
	EGRET_RESOLVER_ANSWERS,
	EGRET_RESOLVER_ERRORS, /* several times in a row SERVFAIL, REFUSED or their like */
	EGRET_RESOLVER_SILENT, /* several times in a row without a word */
};

/* How a resolver answers the agent. What pods ask it is not in here. */
struct egret_resolver {
	struct egret_addr addr;
	char zone[16];             /* the interface that leads to a link-local address; "" = none is named */
	__u64 last_answer_ns;      /* CLOCK_REALTIME, 0 = never */
	__u64 unanswered_since_ns; /* CLOCK_REALTIME, 0 = the last query was answered, or none was asked */
	__u64 queries, answers, failures, timeouts;
	__u32 failures_since_answer;
	__u32 timeouts_since_answer;
	__u32 state; /* enum egret_resolver_state */
	__u32 pad;
};

/*
 * What is wrong with an instance until it is mended: `status` shows each, and is not content
 * (exit code 1) while there is one. X(symbol, label)
 */
#define EGRET_PROBLEMS(X)                                                                                              \
	X(POLICY, "policy")       /* why the newest policy does not rule */                                            \
	X(REQUIRED, "required")   /* what must answer and does not, so that the policy only audits */                  \
	X(FLOOR, "floor")         /* the policy that rules has no floor, or no rule */                                 \
	X(FILES, "files")         /* files of the policy that others may write */                                      \
	X(RESOLVERS, "resolvers") /* nobody is there who could be asked for names */                                   \
	X(SILENT, "silent")       /* a resolver does not answer */                                                     \
	X(STATE, "state")         /* the folder of what outlives a reboot cannot be used */                            \
	X(LAYERS, "layers")       /* a layer that is to judge does not stand, or not at all devices */

enum egret_problem {
#define EGRET_PROBLEM_ENUM(symbol, label) EGRET_PROBLEM_##symbol,
	EGRET_PROBLEMS(EGRET_PROBLEM_ENUM)
#undef EGRET_PROBLEM_ENUM
	    EGRET_PROBLEM_COUNT
};

enum egret_layer_standing {
	EGRET_LAYER_ABSENT = 0, /* switched off, or not tried yet */
	EGRET_LAYER_STANDS,     /* it was tried and denied what it must */
	EGRET_LAYER_FAILED,     /* it could not be tried, or let pass what it must deny: `why` */
	EGRET_LAYER_LACKING,    /* of a program of the layer source: this kernel has no place for it: `why` */
};

struct egret_layer_state {
	__u32 standing; /* enum egret_layer_standing */
	__u32 stood;    /* 1 = it was proved here once */
	char why[EGRET_PROBLEM_SIZE];
};

/* What people must know about an instance when no agent can tell them. */
struct egret_meta {
	__u32 abi;
	__u32 agent_pid;
	__u64 agent_start_ticks; /* user/base/process.h: a pid is used again */
	__u64 attached_ns;       /* CLOCK_REALTIME */
	__u64 policy_ns;         /* CLOCK_REALTIME of the running policy */
	__u64 heartbeat_ns;      /* CLOCK_MONOTONIC */
	__u64 governed_cgroup;
	__u64 agent_pid_namespace; /* whose number agent_pid is */
	__u32 rules;
	__u32 warnings;
	__u32 enforcing;         /* the self-test passed */
	__u32 patterns;          /* rules that need learning */
	__u32 policy_generation; /* the first one under which the policy of this hash ruled */
	__u32 asked_audit;       /* the policy, or --audit, asks for no more than an audit */
	__u64 floorless_rules; /* a hash of those that go on without a floor, for they ruled so under 0.1.0; 0 = none */
	__u64 hash_keys[6]; /* of egret_peer.check, the buckets and names; an adopted instance goes on with its own */
	char instance[64];
	char cgroup_path[EGRET_PATH_SIZE];
	char policy_path[EGRET_PATH_SIZE];
	char policy_hash[64];
	char text_hash[24]; /* of the text that it was compiled from; "" = of an exec, which leaves no mark */
	char version[32];
	char problems[EGRET_PROBLEM_COUNT][EGRET_PROBLEM_SIZE]; /* "" = none of this kind */
	__u64 probation_ends_ns;                                /* CLOCK_REALTIME; 0 = none is on */
	char waiting[EGRET_PROBLEM_SIZE];                       /* on probation: what does not answer yet */
	struct egret_layer_state layers[EGRET_LAYER_COUNT];
	struct egret_layer_state sources[EGRET_SOURCE_COUNT];
	/* CLOCK_REALTIME: since then the layers only audit, as a release without any ruled before; 0 = they do not. */
	__u64 unlayered_ns;
	/* Who is only audited while others are enforced, as `for` has it, with commas between; "" = nobody. */
	char audited[EGRET_PROBLEM_SIZE];
	__u64 audited_ns;                       /* CLOCK_REALTIME: since then */
	char absent_cgroups[EGRET_ABSENT_SIZE]; /* that rules are for and that are not there: a line each */
	struct egret_resolver resolvers[EGRET_MAX_RESOLVERS]; /* whom the agent asks, in this order */
	__u32 resolver_count;
	__u32 absent_cgroup_count; /* also those for which absent_cgroups has no room */
	__u32 reloads;             /* policies that took the place of one that ruled */
	__u32 policies_refused;    /* or did not, each for another reason than the one before it */
};

#endif
