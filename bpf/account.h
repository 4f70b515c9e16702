/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Accounting: every packet on one rule, every denial on one reason and, with its
 * subject and destination, in `drops`.
 */
#ifndef EGRET_BPF_ACCOUNT_H
#define EGRET_BPF_ACCOUNT_H

#include "maps.h"
#include "packet.h"
#include "policy.h"
#include "seen.h"

/* bpf_ktime_get_coarse_ns (5.11) is three times cheaper than bpf_ktime_get_ns,
 * and a tick is exact enough for "when was the last one". */
static __always_inline __u64 account_now_ns(void)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_ktime_get_coarse_ns))
		return bpf_ktime_get_coarse_ns();
	return bpf_ktime_get_ns();
}

static __always_inline void counter_add(void *map, __u32 index, __u32 len_bytes)
{
	struct egret_counter *counter = bpf_map_lookup_elem(map, &index);

	if (!counter)
		return;
	counter->packets++;
	counter->bytes += len_bytes;
}

static __always_inline void account_allowed(__u32 rule, const struct packet *pkt)
{
	counter_add(&counters, rule, pkt->len_bytes);
}

/* The name that was last resolved to where the packet was going. */
static __noinline __u64 name_of_drop(const struct egret_drop_key *key, const struct egret_sock *state)
{
	struct egret_learned_key there = {};

	if (!key || !state)
		return 0;
	if (key->question)
		return key->question;
	there.addr = key->addr;
	there.scope = state->scope;
	return seen_name(&there);
}

/* Counts the packet on its row in `drops`. False: there is no such row yet. */
static __always_inline bool drop_again(const struct egret_drop_key *key, const struct egret_sock *state,
				       const struct ruling *ruling)
{
	__u64 tick = bpf_jiffies64(); /* 5.6 */
	struct egret_drop *drop = bpf_map_lookup_elem(&drops, key);
	__u64 name;

	if (!drop)
		return false;
	__sync_fetch_and_add(&drop->packets, 1);
	drop->generation = ruling->generation;
	if (drop->last_tick == tick)
		return true;
	drop->last_tick = tick;
	drop->last_ns = account_now_ns();
	if (state) {
		drop->pid = state->pid;
		__builtin_memcpy(drop->comm, state->comm, sizeof(drop->comm));
	}
	name = name_of_drop(key, state);
	if (name)
		drop->name_key = name;
	return true;
}

/* Egret tries something itself there, or another version's programs still deny, and count. */
static __always_inline bool is_unaccounted(const struct egret_sock *state, const struct egret_config *cfg)
{
	__u64 cgroup_id = cfg->unaccounted_cgroup;

	return cgroup_id == EGRET_UNACCOUNTED_ALL || (state && state->cgroup_id == cgroup_id);
}

/* Returns what the hook must return. */
static __noinline int account_denied(const struct egret_sock *state, const struct packet *pkt,
				     const struct judgement *why, const struct ruling *ruling)
{
	struct egret_drop_key key = {};
	struct egret_drop drop = {};
	__u32 audit;

	if (!pkt || !why || !ruling)
		return 0;
	audit = ruling->settings->audit & 1;
	if (is_unaccounted(state, ruling->cfg))
		return audit;
	counter_add(&reasons, why->reason + audit * EGRET_REASONS_AUDITED, pkt->len_bytes);
	/* In audit a deny rule takes nothing away: its row in `drops` tells what it would. */
	if (audit)
		account_allowed(EGRET_RULE_AUDITED, pkt);
	else if (why->reason == EGRET_REASON_DENY_RULE)
		counter_add(&counters, why->rule, pkt->len_bytes);
	key.cgroup_id = state ? state->cgroup_id : 0;
	key.addr = pkt->addr;
	key.port = pkt->port;
	key.l4_proto = pkt->l4_proto;
	key.reason = why->reason;
	key.rule = why->rule;
	key.audited = audit;
	key.question = why->question;
	if (drop_again(&key, state, ruling))
		return audit;
	drop.parent_cgroup_id = state ? state->parent_cgroup_id : 0;
	drop.packets = 1;
	drop.generation = ruling->generation;
	drop.first_ns = drop.last_ns = account_now_ns();
	drop.name = why->name;
	drop.name_key = name_of_drop(&key, state);
	if (state) {
		drop.pid = state->pid;
		drop.classes = state->classes;
		__builtin_memcpy(drop.comm, state->comm, sizeof(drop.comm));
	}
	/* BPF_NOEXIST: when two CPUs make the same row at once, the second counts on the first one's row. */
	if (bpf_map_update_elem(&drops, &key, &drop, BPF_NOEXIST))
		drop_again(&key, state, ruling);
	return audit;
}

#endif
