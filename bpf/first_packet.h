/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the policy says of a packet whose destination nobody remembers, for whichever hook: the list of its address,
 * then what was learned for it, then both together (include/egret_decide.h has the words). It needs who sends and where
 * to, and no socket.
 *
 * decide_first_packet() decides; explain_special() gives a denial the reason that says more.
 */
#ifndef EGRET_BPF_FIRST_PACKET_H
#define EGRET_BPF_FIRST_PACKET_H

#include "kernel_words.h"

#include "egret_decide.h"
#include "learned.h"
#include "packet.h"
#include "policy.h"
#include "seen.h"
#include "subject.h"

static __always_inline void decide_first_packet(const struct packet *pkt, const struct subject *subject,
						const struct ruling *ruling, struct judgement *ret)
{
	const __u64 *halves = (const __u64 *)&pkt->addr;
	__u32 key = port_key(pkt, ruling->slot);
	struct judgement by_name = {};

	egret_said_unpack(policy_look_up(halves[0], halves[1], key, subject->audience), ret);
	if (!egret_names_count(ret, ruling->settings->has))
		return;
	egret_said_unpack(learned_look_up(halves[0], halves[1], key, subject->audience, subject->scope), &by_name);
	egret_add_names(ret, &by_name);
}

/* --- why a special address is denied --- */

/* What the running policy has for the name that was last resolved to the address, as name_find_rule; 0 =
 * nothing. Without the bucket's lock: a name that is replaced meanwhile gives another reason, and no other
 * verdict. */
__noinline __u64 seen_rule_name(__u64 first_half, __u64 last_half, __u64 scope, __u32 slot)
{
	struct egret_learned_key key __attribute__((aligned(8))) = {.scope = scope};
	void *table = policy_table(&lists, slot);
	struct egret_seen_bucket *bucket;
	const struct egret_seen *entry;
	__u64 name, found = 0;
	__u32 place;

	addr_of_halves(&key.addr, first_half, last_half);
	bucket = seen_bucket(&key);
	place = bucket ? seen_find(bucket, &key) : EGRET_SEEN_PLACES;
	if (!table || !bucket || place >= EGRET_SEEN_PLACES)
		return 0;
	entry = &bucket->places[place];
	name = entry->name;
	if (bpf_map_lookup_elem(table, &name))
		return name;
	for (int i = 0; i < EGRET_SUFFIXES; i++) {
		__u64 suffix = entry->suffixes[i], pattern = egret_key_pattern(suffix, hash_keys);

		if (suffix && bpf_map_lookup_elem(table, &pattern))
			found = pattern;
	}
	return found;
}

/* A rule that would allow this, if the name that was last resolved to it could bring it in. */
__noinline __u64 special_look_up(__u64 first_half, __u64 last_half, __u32 port_key, __u32 audience, __u64 scope)
{
	__u32 slot = egret_port_key_slot(port_key) & (EGRET_POLICY_SLOTS - 1), need;
	void *table = policy_table(&lists, slot);
	struct egret_target *target;
	__u64 rule_name;

	need = learned_need(first_half, last_half, slot);
	if (!need || !table)
		return 0;
	rule_name = seen_rule_name(first_half, last_half, scope, slot);
	target = rule_name ? bpf_map_lookup_elem(table, &rule_name) : 0;
	if (!target || !egret_name_explains(target->dest.flags))
		return 0;
	return learned_judge_name(rule_name, port_key, audience, need);
}

/* @ret is a denial and stays one: only its reason may change. */
static __always_inline void explain_special(const struct packet *pkt, const struct subject *subject, __u32 slot,
					    struct judgement *ret)
{
	const __u64 *halves = (const __u64 *)&pkt->addr;
	struct judgement special = {};

	if (!egret_special_counts(ret))
		return;
	egret_said_unpack(special_look_up(halves[0], halves[1], port_key(pkt, slot), subject->audience, subject->scope),
			  &special);
	egret_add_special(ret, &special);
}

#endif
