/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What earlier versions of Egret pinned, as far as a takeover reads it: ABI 4, which release 0.1.0 has
 * (505e859d7d2e152c192d2c1e866c6f6f2c56a7d5), and ABI 5, up to d07c973651e92363b6eeb85d0f04c660305b10e6 (tests/releases
 * names both). The two differ in `meta`; all else that is read has one form in both. These structs are as those commits
 * have them and never change. Private to kernel/.
 *
 * Keys of names, rule ids and the clock of the programs mean in both what they mean today.
 */
#ifndef EGRET_KERNEL_LAYOUT_BEFORE_H
#define EGRET_KERNEL_LAYOUT_BEFORE_H

#include <stddef.h>
#include <stdint.h>

#include "egret_addr.h"

#define BEFORE_ABI_0_1 4
#define BEFORE_ABI_5   5

/* `meta`, of ABI 4: all of it. Its policy_hash is of the rules. */
struct before_meta_0_1 {
	uint32_t abi;
	uint32_t agent_pid;
	uint64_t agent_start_ticks, attached_ns, policy_ns, heartbeat_ns, governed_cgroup;
	uint32_t rules, warnings, enforcing, patterns;
	uint64_t hash_keys[6];
	char instance[64];
	char cgroup_path[256];
	char policy_path[256];
	char policy_hash[64];
	char version[32];
	char problem[512];
};

/* `meta`, of ABI 5: its beginning. */
struct before_meta_5 {
	uint32_t abi;
	uint32_t agent_pid;
	uint64_t agent_start_ticks, attached_ns, policy_ns, heartbeat_ns, governed_cgroup, agent_pid_namespace;
	uint32_t rules, warnings, enforcing, patterns, policy_generation, asked_audit;
	uint64_t floorless_rules;
	uint64_t hash_keys[6];
};
#define BEFORE_META_5_SIZE 7504

/* `config`: only its first word is read. The lowest bit says which slot of the tables rules; 0 = none. */
#define BEFORE_CONFIG_SIZE 72

/* `texts`, index = rule id - EGRET_RULE_FIRST (16, as today): an array for each slot. */
struct before_text {
	char text[256], purpose[256], file[256];
	uint32_t line, app, position, dests_hash;
};

/* `rules`, as `texts`. */
struct before_rule {
	uint32_t born; /* the generation under which this id got this meaning */
	uint32_t first;
	uint16_t count, flags;
};

/* `counters`, per CPU, index = rule id. */
struct before_counter {
	uint64_t packets, bytes;
};

/* `hits`, index = rule id. */
struct before_hit {
	uint64_t packets, last_ns;
};

/* Key of `learned`. */
struct before_learned_key {
	struct egret_addr addr;
	uint64_t scope; /* the cookie of a network namespace, for pods as well */
};

#define BEFORE_MAX_LEARNED 32768
#define BEFORE_SUFFIXES    6

struct before_lesson {
	uint64_t name; /* key; 0 = none */
	uint64_t suffixes[BEFORE_SUFFIXES];
	uint64_t rule_names[2];
	uint64_t expires_tick; /* bpf_jiffies64 */
};

#define BEFORE_LESSONS 4

struct before_learned {
	struct before_lesson lessons[BEFORE_LESSONS];
	uint64_t subject; /* cgroup id of who learned it first: a pod, or what is none */
	uint64_t shared;  /* another subject learned it, too */
};

/* `seen`: the name that was last resolved to an address, with a rule or without. */
struct before_seen {
	struct before_learned_key key;
	uint64_t name; /* key; 0 = none */
	uint64_t suffixes[BEFORE_SUFFIXES];
	uint64_t untaught; /* not 0: it is not in `learned` */
	uint64_t subject;
	uint64_t expires_tick;
};

#define BEFORE_SEEN_PLACES 4

struct before_seen_bucket {
	uint32_t lock; /* struct bpf_spin_lock */
	uint32_t next;
	struct before_seen places[BEFORE_SEEN_PLACES];
};

/* `asked`, by the key of a name. */
struct before_asked {
	char name[256];
};

_Static_assert(sizeof(struct before_text) == 784 && sizeof(struct before_learned) == 336 &&
		   sizeof(struct before_seen) == 104 && sizeof(struct before_meta_0_1) == 1296,
	       "what is pinned has not changed");

#endif
