/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Addresses that answers taught: for the pod or the network namespace that asked, each until its own
 * TTL ends, on the ports that the policy has for the name. What the policy lists is not
 * here, and cannot be pushed out by it; nor can what another owner learned (share.h).
 *
 * Every address of an answer is kept, also of names that no rule has, and special ones: what it may be used for is
 * found when it is used (learned_look_up), under the policy that rules then. So a reload changes nothing here.
 */
#ifndef EGRET_BPF_LEARNED_H
#define EGRET_BPF_LEARNED_H

#include "egret_learn.h"
#include "maps.h"
#include "memory.h"
#include "names.h"
#include "packet.h"
#include "policy.h"
#include "share.h"

/* --- what an address asks of a name --- */

/* Global: inlined, the verifier would take all that follows once for each of its ways out. */
__noinline __u32 learned_need(__u64 first_half, __u64 last_half, __u32 slot)
{
	struct egret_addr addr __attribute__((aligned(8)));
	struct egret_config *cfg = policy_config();
	__u64 v4 = policy_nat64_v4(first_half, last_half, slot);
	struct egret_target *target;
	__u32 need;

	addr_of_halves(&addr, v4 ? EGRET_V4_FIRST_HALF : first_half, v4 ? v4 : last_half);
	need = egret_need_of_purpose(&addr);
	if (need)
		return need;
	if (!cfg || !(policy_settings(cfg, slot)->has & EGRET_HAS_INTERNAL))
		return EGRET_NEED_NOTHING;
	target = policy_find((const __u64 *)&addr, cfg, slot);
	return target ? egret_need_inside(target->dest.flags) : EGRET_NEED_NOTHING;
}

/* --- a verdict by what was learned --- */

/* What the policy of @slot has for a name: the key of its own list, or of that of the narrowest pattern over it; or
 * else the name. Global, and a key: a list that may be any of thirteen would be scanned thirteen times by the verifier.
 */
__noinline __u64 name_list_key(__u64 name, __u32 slot)
{
	void *table = policy_table(&lists, slot);
	struct egret_known *entry = bpf_map_lookup_elem(&known, &name);

	if (!table || !entry || bpf_map_lookup_elem(table, &name))
		return name;
	for (int i = EGRET_SUFFIXES - 1; i >= 0; i--) {
		__u64 suffix = entry->suffixes[i], pattern = egret_key_pattern(suffix, hash_keys);

		if (suffix && bpf_map_lookup_elem(table, &pattern))
			return pattern;
	}
	return name;
}

/* What the rules say of one name, at an address of this enum egret_need; with EGRET_NEED_EXPLAINS, of a name that may
 * not bring in the address; with EGRET_NEED_ENDED, of one whose answer is over. Global: the verifier takes its loops
 * once. */
__noinline __u64 learned_judge_name(__u64 name, __u32 port_key, __u32 audience, __u32 need)
{
	void *table = policy_table(&lists, egret_port_key_slot(port_key));
	__u64 key = name_list_key(name, egret_port_key_slot(port_key));
	struct egret_target *target = table ? bpf_map_lookup_elem(table, &key) : 0;
	__u64 asks, said;

	if (!target || !egret_dest_has_list(&target->dest, port_key) || !egret_name_counts(target->dest.flags, need))
		return EGRET_REASON_NO_RULE;
	asks = scan_asks(target->dest.name, 0, need & ~(EGRET_NEED_EXPLAINS | EGRET_NEED_ENDED));
	said = policy_scan_list(target->dest.first, target->dest.count, asks, port_key, audience);
	return need & EGRET_NEED_ENDED ? egret_said_of_ended(said) : said;
}

__noinline __u64 learned_look_up(__u64 first_half, __u64 last_half, __u32 port_key, __u32 audience, __u64 scope)
{
	struct egret_learned_key key = {.scope = scope};
	__u64 best = EGRET_REASON_NO_RULE;
	struct egret_learned *found;
	__u32 need;

	if (!scope)
		return best;
	addr_of_halves(&key.addr, first_half, last_half);
	found = bpf_map_lookup_elem(&learned, &key);
	if (!found)
		return best;
	need = learned_need(first_half, last_half, egret_port_key_slot(port_key));
	for (int i = 0; i < EGRET_LEARNED_NAMES; i++) {
		__u64 said, name = found->names[i];
		__u32 over;

		if (!name)
			continue;
		over = egret_is_over(found->expires_sec[i], now_sec());
		said = learned_judge_name(name, port_key, audience, need | over * EGRET_NEED_ENDED);
		said |= (__u64)(i + 1) << EGRET_SAID_PLACE_SHIFT;
		/* A deleted element may be given to another address at once: the verdict counts only if this
		 * address still has the same element. */
		if (said & EGRET_SAID_ALLOW && bpf_map_lookup_elem(&learned, &key) == found)
			return said;
		best = egret_denial_of_both(best, said);
	}
	return best;
}

/* The key of the name that was last resolved to an address, whatever the policy says of it; 0 = none. */
static __always_inline __u64 learned_last_name(const struct egret_learned_key *key)
{
	struct egret_learned *found = bpf_map_lookup_elem(&learned, key);

	return found ? found->names[egret_learned_last(found)] : 0;
}

/* --- learning --- */

static __always_inline void lesson_count(__u32 kind)
{
	struct egret_counter *counter = bpf_map_lookup_elem(&lessons, &kind);

	if (counter)
		counter->packets++;
}

/* Notes that a chunk was begun, for share_tidy. Returns where the place is. */
static __always_inline __u32 learned_enter(struct answer *answer, __u32 ring, __u64 first, __u64 second, __u64 third)
{
	__u32 where = share_enter(answer->owner, ring, first, second, third);

	if (where == SHARE_NOWHERE)
		return where;
	if (where & SHARE_MADE)
		answer->chunks_made++;
	return where & EGRET_HOLD_WHERE;
}

/*
 * The name under way is known from now on, to the end of what it brings. False: there is no room. Global: called from
 * answers and from the agent's lessons.
 */
__noinline int known_note(__u32 buffer)
{
	struct answer *answer = answer_of(buffer);
	struct egret_known *entry, *fresh;
	__u32 where, ring;
	__u64 name;

	if (!answer)
		return 0;
	name = answer->name;
	ring = answer->outside ? EGRET_NAMES_OUTSIDE : EGRET_NAMES_INSIDE;
	entry = bpf_map_lookup_elem(&known, &name);
	if (entry) {
		where = egret_ring_is_outside(egret_hold_ring(entry->hold)) && !answer->outside
			    ? learned_enter(answer, ring, name, 0, 0)
			    : SHARE_NOWHERE;
		bpf_spin_lock(&entry->lock);
		if (entry->owner != answer->owner)
			entry->hold |= EGRET_HOLD_SHARED;
		entry->hold |= EGRET_HOLD_AGAIN;
		if (where != SHARE_NOWHERE) {
			entry->hold = (entry->hold & ~EGRET_HOLD_WHERE) | where;
			entry->owner = answer->owner;
		}
		bpf_spin_unlock(&entry->lock);
		if (bpf_map_lookup_elem(&known, &name) == entry)
			return 1;
	}
	where = learned_enter(answer, ring, name, 0, 0);
	if (where == SHARE_NOWHERE)
		return 0;
	fresh = (struct egret_known *)answer->fresh;
	for (int i = 0; i < EGRET_SUFFIXES; i++)
		fresh->suffixes[i] = answer->suffixes[i];
	fresh->owner = answer->owner;
	fresh->hold = where;
	fresh->expires_sec = answer->ends_sec;
	fresh->ttl_sec = answer->ttl_sec;
	answer->made_known = 1;
	if (!bpf_map_update_elem(&known, &name, fresh, BPF_NOEXIST))
		fill_add(EGRET_FILL_NAMES, 1);
	return bpf_map_lookup_elem(&known, &name) != 0;
}

/* It is known for as long as what it brought. */
static __always_inline void known_extend(const struct answer *answer)
{
	__u64 name = answer->name;
	struct egret_known *entry = bpf_map_lookup_elem(&known, &name);

	if (!entry)
		return;
	if ((__s32)(answer->ends_sec - entry->expires_sec) > 0)
		entry->expires_sec = answer->ends_sec;
	if (answer->ttl_sec)
		entry->ttl_sec = answer->ttl_sec;
}

/* How often do applications get other addresses of an exact name than the agent does? */
static __always_inline void exact_count(const struct answer *answer, const struct egret_addr *addr,
					const struct egret_config *cfg, __u32 slot)
{
	if (!(answer->rules[slot] & NAME_RULE_EXACT))
		return;
	lesson_count(EGRET_LESSON_EXACT);
	if (!policy_find_addr((const __u64 *)addr, cfg, slot))
		lesson_count(EGRET_LESSON_DIFFERS);
}

/* What became of a name of an address. */
enum lesson {
	LESSON_KNOWN,  /* it stood, and stands longer */
	LESSON_NEW,    /* or it had ended */
	LESSON_PUSHED, /* it took the place of a name that stood */
};

/* Adds the name under way to an address that is there. */
static __always_inline enum lesson learned_write(struct egret_learned *entry, const struct answer *answer,
						 __u32 ends_sec, __u32 sec, __u32 where)
{
	enum lesson ret = LESSON_KNOWN;
	__u32 place;
	bool stood;

	bpf_spin_lock(&entry->lock);
	place = egret_lesson_place(entry, answer->name, sec) & (EGRET_LEARNED_NAMES - 1);
	stood = entry->names[place] && !egret_is_over(entry->expires_sec[place], sec);
	if (entry->names[place] != answer->name) {
		ret = stood ? LESSON_PUSHED : LESSON_NEW;
		entry->expires_sec[place] = 0; /* who reads meanwhile must not take one's time for the other's */
		entry->names[place] = answer->name;
		stood = false;
	} else if (!stood) {
		ret = LESSON_NEW;
	}
	/* A shorter TTL of another resolver takes nothing from what an earlier answer gave. */
	if (!stood || (__s32)(ends_sec - entry->expires_sec[place]) > 0)
		entry->expires_sec[place] = ends_sec;
	if (entry->owner != answer->owner)
		entry->hold |= EGRET_HOLD_SHARED;
	entry->hold =
	    (entry->hold & ~(7U << EGRET_HOLD_LAST_SHIFT)) | EGRET_HOLD_AGAIN | place << EGRET_HOLD_LAST_SHIFT;
	if (where != SHARE_NOWHERE) {
		entry->hold = (entry->hold & ~EGRET_HOLD_WHERE) | where;
		entry->owner = answer->owner;
	}
	bpf_spin_unlock(&entry->lock);
	return ret;
}

/* Adds the address. Not 0: another CPU did so first, or there is no room. */
static __always_inline long learned_make(struct answer *answer, const struct egret_learned_key *key, __u32 ends_sec)
{
	__u32 ring = answer->outside ? EGRET_ADDRS_OUTSIDE : EGRET_ADDRS_INSIDE;
	struct egret_learned *fresh = (struct egret_learned *)answer->fresh;
	const __u64 *words = (const __u64 *)key;
	__u32 where = learned_enter(answer, ring, words[0], words[1], words[2]);
	long rc;

	if (where == SHARE_NOWHERE)
		return -1;
	for (int i = 0; i < EGRET_LEARNED_NAMES; i++) {
		fresh->names[i] = 0;
		fresh->expires_sec[i] = 0;
	}
	fresh->names[0] = answer->name;
	fresh->expires_sec[0] = ends_sec;
	fresh->owner = answer->owner;
	fresh->hold = where;
	rc = bpf_map_update_elem(&learned, key, fresh, BPF_NOEXIST);
	if (!rc)
		fill_add(EGRET_FILL_ADDRS, 1);
	return rc;
}

/* The address is there, with the name under way; or else there is no room. */
static __always_inline bool learned_put(struct answer *answer, const struct egret_learned_key *key, __u32 ends_sec,
					enum lesson *ret)
{
	struct egret_learned *entry = bpf_map_lookup_elem(&learned, key);
	const __u64 *words = (const __u64 *)key;
	__u32 where = SHARE_NOWHERE;

	*ret = LESSON_NEW;
	if (!entry) {
		if (!learned_make(answer, key, ends_sec))
			return true;
		entry = bpf_map_lookup_elem(&learned, key);
		if (!entry)
			return false;
	}
	if (egret_ring_is_outside(egret_hold_ring(entry->hold)) && !answer->outside)
		where = learned_enter(answer, EGRET_ADDRS_INSIDE, words[0], words[1], words[2]);
	*ret = learned_write(entry, answer, ends_sec, now_sec(), where);
	/* It may have been given up between the look and the writing. */
	return bpf_map_lookup_elem(&learned, key) == entry || !learned_make(answer, key, ends_sec);
}

/* What follows for verdicts that are remembered: of denials, and, where the policy denies the name, of allowances. */
static __always_inline void lesson_moves(const struct answer *answer, struct egret_config *cfg, __u32 slot)
{
	__u32 zero = 0, *moved = bpf_map_lookup_elem(&epoch, &zero);

	if (answer->rules[slot] & EGRET_DEST_DENIES)
		__sync_fetch_and_add(&cfg->denials, 1);
	if (moved)
		__sync_fetch_and_add(moved, 1);
}

/* One address of the answer under way; @need: what it asks of a name under the policy of @slot. Global: called once
 * for each record of it. */
__noinline int learned_add(__u32 buffer, __u64 first_half, __u64 last_half, __u32 slot, __u32 need)
{
	struct answer *answer = answer_of(buffer);
	struct egret_config *cfg = policy_config();
	struct egret_learned_key key __attribute__((aligned(8))) = {};
	enum lesson lesson;
	__u32 ends_sec;

	if (!answer || !cfg)
		return 0;
	slot &= EGRET_POLICY_SLOTS - 1;
	key.scope = answer->scope;
	addr_of_halves(&key.addr, first_half, last_half);
	ends_sec = egret_lesson_ends(answer->ttl_sec, policy_settings(cfg, slot), now_sec());
	if ((__s32)(ends_sec - answer->ends_sec) > 0)
		answer->ends_sec = ends_sec;
	if (!learned_put(answer, &key, ends_sec, &lesson)) {
		lesson_count(EGRET_LESSON_FULL);
		return 0;
	}
	if (lesson == LESSON_PUSHED)
		lesson_count(EGRET_LESSON_NAMES);
	if (!(answer->rules[slot] & EGRET_DEST_TEACHES))
		return 0;
	if (!egret_meets(answer->rules[slot], need)) {
		lesson_count(EGRET_LESSON_REBINDING);
		return 0;
	}
	exact_count(answer, &key.addr, cfg, slot);
	if (lesson != LESSON_KNOWN || answer->made_known)
		lesson_moves(answer, cfg, slot);
	lesson_count(EGRET_LESSON_ADDRESS);
	return 0;
}

#endif
