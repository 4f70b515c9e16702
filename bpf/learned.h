/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Addresses that answers taught: for the pod or the network namespace that asked, each until its own
 * TTL ends, on the ports that the policy has for the name. What the policy lists is not
 * here, and cannot be pushed out by it.
 */
#ifndef EGRET_BPF_LEARNED_H
#define EGRET_BPF_LEARNED_H

#include "egret_learn.h"
#include "maps.h"
#include "memory.h"
#include "names.h"
#include "packet.h"
#include "policy.h"
#include "seen.h"

/* --- what an address asks of a name --- */

/* Global: inlined, the verifier would take all that follows once for each of its ways out. */
__noinline __u32 learned_need(__u64 first_half, __u64 last_half, __u32 slot)
{
	struct egret_addr addr __attribute__((aligned(8)));
	struct egret_config *cfg = policy_config();
	struct egret_target *target;
	__u32 need;

	addr_of_halves(&addr, first_half, last_half);
	need = egret_need_of_purpose(&addr);
	if (need)
		return need;
	if (!cfg || !(policy_settings(cfg, slot)->has & EGRET_HAS_INTERNAL))
		return EGRET_NEED_NOTHING;
	target = policy_find((const __u64 *)&addr, cfg, slot);
	return target ? egret_need_inside(target->dest.flags) : EGRET_NEED_NOTHING;
}

/* --- a verdict by what was learned --- */

/* What the rules say of one name, at an address of this enum egret_need. Global: the verifier takes its
 * loop once. */
__noinline __u64 learned_judge_name(__u64 rule_name, __u32 port_key, __u32 audience, __u32 need)
{
	const struct egret_audience *who = policy_audience(audience, egret_port_key_slot(port_key));
	void *table = policy_table(&lists, egret_port_key_slot(port_key));
	struct egret_target *target = table ? bpf_map_lookup_elem(table, &rule_name) : 0;
	struct egret_scan scan;

	if (!target || !target->dest.count || !who)
		return EGRET_REASON_NO_RULE;
	scan = egret_scan_of_name(&target->dest, port_key, who, need);
	return policy_scan(target, &scan);
}

__noinline __u64 learned_look_up(__u64 first_half, __u64 last_half, __u32 port_key, __u32 audience, __u64 scope)
{
	struct egret_learned_key key = {.scope = scope};
	__u64 best = EGRET_REASON_NO_RULE, now = bpf_jiffies64();
	__u32 slot = egret_port_key_slot(port_key) & (EGRET_POLICY_SLOTS - 1);
	struct egret_learned *found;
	__u32 need;

	if (!scope)
		return best;
	addr_of_halves(&key.addr, first_half, last_half);
	found = bpf_map_lookup_elem(&learned, &key);
	if (!found)
		return best;
	need = egret_need_of_learned(&key.addr);
	for (int i = 0; i < EGRET_LEARNED_NAMES; i++) {
		struct egret_lesson *lesson = &found->lessons[i];
		__u64 said, rule_name = lesson->rule_names[slot];

		if (!rule_name || egret_is_over(lesson->expires_tick, now))
			continue;
		said = learned_judge_name(rule_name, port_key, audience, need);
		/* A deleted element may be given to another address at once: the verdict counts only if this
		 * address still has the same element. */
		if (said & EGRET_SAID_ALLOW && bpf_map_lookup_elem(&learned, &key) == found)
			return said;
		best = egret_denial_of_both(best, said);
	}
	return best;
}

/* --- learning --- */

static __always_inline void lesson_count(__u32 kind)
{
	struct egret_counter *counter = bpf_map_lookup_elem(&lessons, &kind);

	if (counter)
		counter->packets++;
}

/* A place in the subject's ring; who had it before goes, if it is this subject's alone. */
static __always_inline void ring_enter(__u64 subject, const struct egret_learned_key *key)
{
	struct egret_ring_key place = {.subject = subject};
	struct egret_teacher *teacher = bpf_map_lookup_elem(&teachers, &subject), fresh = {};
	struct egret_learned_key *before;
	struct egret_learned *old;

	if (!teacher) {
		bpf_map_update_elem(&teachers, &subject, &fresh, BPF_NOEXIST);
		teacher = bpf_map_lookup_elem(&teachers, &subject);
		if (!teacher)
			return;
	}
	place.place = egret_ring_place(teacher);
	teacher->next++;
	before = bpf_map_lookup_elem(&rings, &place);
	if (before) {
		struct egret_learned_key gone = *before;

		old = bpf_map_lookup_elem(&learned, &gone);
		if (old && egret_goes_with_ring(old, subject))
			bpf_map_delete_elem(&learned, &gone);
	}
	bpf_map_update_elem(&rings, &place, key, BPF_ANY);
}

/* Finds a place for the name under way, and counts what the address loses by it. */
static __always_inline struct egret_lesson *lesson_of(struct egret_learned *entry, const struct answer *message,
						      __u64 now)
{
	struct egret_lesson *lesson = egret_lesson_place(entry->lessons, message->name, message->taught, now);

	if (lesson->name != message->name && !egret_is_over(lesson->expires_tick, now) &&
	    !egret_lesson_says_same(lesson, message->taught))
		lesson_count(EGRET_LESSON_NAMES);
	return lesson;
}

/* A name that the policy denies has got this address: what allows it otherwise is judged again. */
static __always_inline void lesson_denies(const struct answer *message, const struct egret_lesson *lesson,
					  struct egret_config *cfg, __u64 now)
{
	if (!message->denies || (lesson->name == message->name && !egret_is_over(lesson->expires_tick, now)))
		return;
	__sync_fetch_and_add(&cfg->denials, 1);
}

/* How often do applications get other addresses of an exact name than the agent does? */
static __always_inline void exact_count(const struct answer *message, const struct egret_addr *addr,
					const struct egret_config *cfg, __u32 slot)
{

	if (message->rule_names[slot & (EGRET_POLICY_SLOTS - 1)] != message->name)
		return;
	lesson_count(EGRET_LESSON_EXACT);
	if (!policy_find_addr((const __u64 *)addr, cfg, slot))
		lesson_count(EGRET_LESSON_DIFFERS);
}

/* What the policy of @slot teaches of the name under way at a private address; 0 = nothing. */
static __always_inline __u64 private_rule_name(const struct answer *message, __u32 slot)
{
	__u64 rule_name = message->rule_names[slot & (EGRET_POLICY_SLOTS - 1)];
	void *table = policy_table(&lists, slot);
	struct egret_target *target = table ? bpf_map_lookup_elem(table, &rule_name) : 0;

	return target && egret_meets(target->dest.flags, EGRET_NEED_PRIVATE) ? rule_name : 0;
}

/* Sets what the address is learned for, in either slot; enum egret_untaught. */
static __always_inline __u64 answer_teaches(struct answer *message, __u32 slot, __u32 need)
{
	if (message->outside)
		return EGRET_UNTAUGHT_OUTSIDE;
	if (need == EGRET_NEED_ADDRESS)
		return EGRET_UNTAUGHT_SPECIAL;
	for (__u32 i = 0; i < EGRET_POLICY_SLOTS; i++)
		message->taught[i] = need ? private_rule_name(message, i) : message->rule_names[i];
	return message->taught[slot] ? EGRET_UNTAUGHT_NOT : EGRET_UNTAUGHT_SPECIAL;
}

/* One address of the answer under way. Global: called once for each record of it. */
__noinline int learned_add(__u32 buffer, __u64 first_half, __u64 last_half, __u32 slot, __u32 need)
{
	struct answer *message = answer_of(buffer);
	struct egret_config *cfg = policy_config();
	struct egret_learned_key key __attribute__((aligned(8))) = {};
	struct egret_learned *entry;
	struct egret_lesson *lesson;
	__u64 expires_tick, untaught, now = bpf_jiffies64();
	__u32 zero = 0, *moved;

	if (!message || !cfg)
		return 0;
	key.scope = message->scope;
	addr_of_halves(&key.addr, first_half, last_half);
	expires_tick = egret_lesson_ends(message->ttl_sec, policy_settings(cfg, slot), now, ticks_per_sec);
	untaught = answer_teaches(message, slot & (EGRET_POLICY_SLOTS - 1), need);
	seen_add(message, &key, expires_tick, untaught);
	if (untaught) {
		if (untaught == EGRET_UNTAUGHT_SPECIAL)
			lesson_count(EGRET_LESSON_REBINDING);
		return 0;
	}
	exact_count(message, &key.addr, cfg, slot);
	entry = bpf_map_lookup_elem(&learned, &key);
	if (!entry) {
		message->fresh.subject = message->subject;
		ring_enter(message->subject, &key);
		if (bpf_map_update_elem(&learned, &key, &message->fresh, BPF_NOEXIST) ||
		    !(entry = bpf_map_lookup_elem(&learned, &key))) {
			lesson_count(EGRET_LESSON_FULL);
			return 0;
		}
	}
	if (entry->subject != message->subject)
		entry->shared = 1;
	lesson = lesson_of(entry, message, now);
	lesson_denies(message, lesson, cfg, now);
	egret_lesson_write(lesson, message->name, message->taught, message->suffixes, expires_tick);
	lesson_count(EGRET_LESSON_ADDRESS);
	moved = bpf_map_lookup_elem(&epoch, &zero);
	if (moved)
		__sync_fetch_and_add(moved, 1);
	return 0;
}

#endif
