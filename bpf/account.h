/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Accounting: every packet on one rule, every denial on one reason and, with its
 * subject and destination, in `drops`.
 */
#ifndef EGRET_BPF_ACCOUNT_H
#define EGRET_BPF_ACCOUNT_H

#include "drops.h"
#include "learned.h"
#include "maps.h"
#include "memory.h"
#include "packet.h"
#include "policy.h"
#include "subject.h"

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

/* The name whose answer is over, of @at, the packet's address; 0: it is gone. @place: as in judgement. */
static __always_inline __u64 name_that_ended(struct egret_learned_key *at, __u32 place, __u32 slot)
{
	__u64 *halves = (__u64 *)&at->addr;
	struct egret_learned *found;

	if (place & EGRET_PLACE_OF_V4)
		addr_of_halves(&at->addr, EGRET_V4_FIRST_HALF, policy_nat64_v4(halves[0], halves[1], slot));
	found = bpf_map_lookup_elem(&learned, at);
	return found ? found->names[(place - 1) & (EGRET_LEARNED_NAMES - 1)] : 0;
}

/* The name that was last resolved to where the packet was going, or to the IPv4 address in it; or the one that is over.
 */
static __noinline __u64 name_of_drop(const struct egret_sock *state, const struct packet *pkt, __u32 slot,
				     const struct judgement *why)
{
	struct egret_learned_key there __attribute__((aligned(8))) = {};
	__u64 name, v4;

	if (!state || !pkt || !why)
		return 0;
	there.addr = pkt->addr;
	there.scope = state->scope;
	if (why->reason == EGRET_REASON_EXPIRED && why->place)
		return name_that_ended(&there, why->place, slot);
	name = learned_last_name(&there);
	v4 = name ? 0 : policy_nat64_v4(((__u64 *)&there.addr)[0], ((__u64 *)&there.addr)[1], slot);
	if (!v4)
		return name;
	addr_of_halves(&there.addr, EGRET_V4_FIRST_HALF, v4);
	return learned_last_name(&there);
}

/* What a packet tells when its row is new, or had none in this tick. */
static __always_inline void drop_fill(struct egret_drop_row *now, const struct egret_sock *state,
				      const struct judgement *why)
{
	now->drop.packets = 1;
	now->drop.first_ns = now->drop.last_ns = account_now_ns();
	now->drop.name = why->name;
	if (!state)
		return;
	now->drop.parent_cgroup_id = state->parent_cgroup_id;
	now->drop.pid = state->pid;
	now->drop.audience = state->audience;
	__builtin_memcpy(now->drop.comm, state->comm, sizeof(now->drop.comm));
}

/* The row of this socket's last denial, if this one is of the same tick and differs by nothing but maybe the name: only
 * the count is new. Names are looked for once a tick. Where there was none (drop_place 0), no place is found. */
static __always_inline bool drop_is_counted_again(const struct egret_sock *state, const struct packet *pkt,
						  const struct judgement *why, const __u32 *generation, __u32 audited)
{
	struct egret_drop_place place = {.owner = state->owner, .place = state->drop_place - 1};
	__u64 what = drops_what(pkt->port, pkt->l4_proto, why->reason, why->rule, audited);
	struct egret_drop_row *row = bpf_map_lookup_elem(&drops, &place);

	asm volatile("" : "+r"(what)); /* one word, and not what it is made of: the stack is short */
	return row && drops_again_but_for_name(row, state->cgroup_id, &pkt->addr, what, generation);
}

/* Counts the packet on its row in `drops`. Where that finds no place, the counters have it. */
static __always_inline void drop_count(struct egret_drop_row *now, struct egret_sock *state,
				       const struct judgement *why)
{
	struct egret_drop_place place = {.owner = now->owner};
	__u32 print = drops_print(&now->key);
	struct egret_drop_row *row;

	place.place = drops_place(now->owner, print);
	if (place.place >= EGRET_DROPS_PER_OWNER) {
		drops_make_room();
		place.place = drops_place(now->owner, print);
	}
	if (place.place >= EGRET_DROPS_PER_OWNER)
		return;
	if (state)
		state->drop_place = place.place + 1;
	row = bpf_map_lookup_elem(&drops, &place);
	if (row && drops_again(row, now))
		return;
	drop_fill(now, state, why);
	drops_name(now->owner, now->key.cgroup_id);
	if (!row && drops_insert(&place, now))
		return;
	row = bpf_map_lookup_elem(&drops, &place);
	if (row)
		drops_write(row, now);
}

/* Egret tries something itself there, or another version's programs still deny, and count. */
static __always_inline bool is_unaccounted(const struct egret_sock *state, const struct egret_config *cfg)
{
	__u64 cgroup_id = cfg->unaccounted_cgroup;

	return cgroup_id == EGRET_UNACCOUNTED_ALL || (cgroup_id && state && state->cgroup_id == cgroup_id);
}

/* Is what is denied counted, and passes all the same? @ifindex: of the device whose layer denies; 0 = a hook does. */
static __always_inline __u32 is_audited(const struct egret_sock *state, const struct ruling *ruling,
					const struct judgement *why, __u32 ifindex)
{
	bool alone = why->of_caller || egret_reason_guards_others(why->reason);
	const struct egret_sock *who = alone ? 0 : state; /* who called was found to be enforced */

	return subject_is_audited(who, who ? who->audience : EGRET_AUDIENCE_UNKNOWN, ruling) | (why->told_only & 1) |
	       (ifindex && ruling->settings->layers != EGRET_LAYERS_ENFORCE);
}

/* What counters tell of a denial. In audit a deny rule takes nothing away: its row in `drops` tells what it would. */
static __noinline int account_reason(__u32 reason, __u32 rule, __u32 len_bytes, __u32 audit)
{
	counter_add(&reasons, reason + audit * EGRET_REASONS_AUDITED, len_bytes);
	if (audit)
		counter_add(&counters, EGRET_RULE_AUDITED, len_bytes);
	else if (reason == EGRET_REASON_DENY_RULE)
		counter_add(&counters, rule, len_bytes);
	return 0;
}

/* The packet's row in `drops`. Apart from account_denied: few packets need the room for it. */
static __noinline int account_row(struct egret_sock *state, const struct packet *pkt, const struct judgement *why,
				  const struct ruling *ruling, __u64 audit_and_ifindex)
{
	struct egret_drop_row now = {};

	if (!pkt || !why || !ruling)
		return 0;
	now.owner = state ? state->owner : 0;
	now.key.cgroup_id = state ? state->cgroup_id : 0;
	now.key.addr = pkt->addr;
	now.key.port = pkt->port;
	now.key.l4_proto = pkt->l4_proto;
	now.key.reason = why->reason;
	now.key.rule = why->rule;
	now.key.audited = audit_and_ifindex >> 32;
	now.key.name_key = why->question ? why->question : name_of_drop(state, pkt, ruling->generation, why);
	now.drop.generation = ruling->generation;
	now.drop.ifindex = audit_and_ifindex;
	now.drop.last_tick = bpf_jiffies64(); /* 5.6 */
	drop_count(&now, state, why);
	return 0;
}

/* Counts what a hook denies. Does the packet pass all the same? 1 or 0. */
static __noinline int account_denied(struct egret_sock *state, const struct packet *pkt, const struct judgement *why,
				     const struct ruling *ruling)
{
	__u32 audit;

	if (!pkt || !why || !ruling)
		return 0;
	audit = is_audited(state, ruling, why, 0);
	if (is_unaccounted(state, ruling->cfg))
		return audit;
	account_reason(why->reason, why->rule, pkt->len_bytes, audit);
	if (!state || why->question || !drop_is_counted_again(state, pkt, why, &ruling->generation, audit))
		account_row(state, pkt, why, ruling, (__u64)audit << 32);
	return audit;
}

/* The same of the device @ifindex, whose layer denies. */
static __noinline int account_denied_at(struct egret_sock *state, const struct packet *pkt, const struct judgement *why,
					const struct ruling *ruling, __u32 ifindex)
{
	__u32 audit;

	if (!pkt || !why || !ruling)
		return 0;
	audit = is_audited(state, ruling, why, ifindex);
	if (is_unaccounted(state, ruling->cfg))
		return audit;
	account_reason(why->reason, why->rule, pkt->len_bytes, audit);
	account_row(state, pkt, why, ruling, (__u64)audit << 32 | ifindex);
	return audit;
}

#endif
