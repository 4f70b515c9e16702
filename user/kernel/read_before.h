/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reading what an earlier version of Egret pinned, in its own form (layout_before.h), for a takeover. Only pins that
 * were root's alone are given to it: takeover_inspect sees to that. What it hands out is in today's form. Private to
 * kernel/.
 */
#ifndef EGRET_KERNEL_READ_BEFORE_H
#define EGRET_KERNEL_READ_BEFORE_H

#include <stdbool.h>
#include <stdint.h>

#include "egret_addr.h"
#include "egret_limits.h"
#include "egret_people.h"
#include "egret_types.h"

struct rules_before;

/* What keeps its meaning from version to version: keys of names need the hash keys that they were made with. */
#define BEFORE_HASH_KEYS 6

/* What is open of an earlier version's instance. */
struct before;

/* One name of one address. */
struct before_taught {
	struct egret_addr addr;
	uint64_t name;    /* key */
	uint64_t scope;   /* the cookie of the network namespace that it was learned in */
	uint64_t subject; /* the cgroup id of the pod, or of what is none, that learned it */
	bool shared;      /* others in that network namespace learned it, too */
	uint32_t left_sec;
};

/* NULL: nothing is pinned there that can be read; it is of today's version, of one that nobody knows, or not whole. */
struct before *before_open(const char *instance);
/* Takes NULL. */
void before_close(struct before *before);

const __u64 *before_hash_keys(const struct before *before);
/* The one under which the policy rules there: generations are counted on from it, since what is remembered was decided
 * under some of before. 0 = no policy. */
uint32_t before_generation(const struct before *before);
/* The map in which sockets carry egret_before_sock; the descriptor is @before's. */
int before_sockets(const struct before *before);
/* As kernel_read_rules, of the policy that rules there. *ret is for kernel_free_rules. */
int before_read_rules(const struct before *before, struct rules_before *ret);
/* How often the rule was hit, and when that was last seen, by its id. */
int before_get_counts(const struct before *before, uint32_t rule, struct egret_counter *ret, struct egret_hit *ret_hit);
/* All that is good still at @now_tick (kernel_tick_now). @visit returns 0 to go on. */
int before_each_taught(const struct before *before, uint64_t now_tick,
		       int (*visit)(void *context, const struct before_taught *taught), void *context);
/* The text of a name. -ENOENT: it is forgotten. */
int before_get_asked(const struct before *before, uint64_t name, struct egret_asked *ret);

#endif
