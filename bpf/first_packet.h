/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the policy says of a packet whose destination nobody remembers, for whichever hook: the list of its address,
 * then what was learned for it, then both together (include/egret_decide.h has the words). It needs who sends and where
 * to, and no socket.
 *
 * decide_first_packet() decides; explain_special() gives a denial the reason that says more; add_audit_lines() adds
 * what `audit` lines would change.
 */
#ifndef EGRET_BPF_FIRST_PACKET_H
#define EGRET_BPF_FIRST_PACKET_H

#include "kernel_words.h"

#include "egret_decide.h"
#include "learned.h"
#include "packet.h"
#include "policy.h"
#include "subject.h"

/* As egret_said_unpack takes it. */
static __always_inline __u64 said_of(const struct judgement *judgement)
{
	__u32 flags = (judgement->allow ? EGRET_SAID_ALLOW : 0) | (judgement->service ? EGRET_SAID_SERVICE : 0) |
		      (judgement->firm ? EGRET_SAID_FIRM : 0) | judgement->place << EGRET_SAID_PLACE_SHIFT;

	return egret_said_pack(judgement->rule, judgement->name, flags, judgement->reason);
}

/* As one word. Global: each hook would walk all ways out of both look-ups, connect and sendmsg twice. */
__noinline __u64 first_packet_look_up(__u64 first_half, __u64 last_half, __u32 port_key, __u32 audience, __u64 scope)
{
	__u64 by_names, v4, listed = policy_look_up_both(first_half, last_half, port_key, audience);
	const struct egret_config *cfg = policy_config();
	struct judgement ret = {}, by_name = {};

	egret_said_unpack(listed, &ret);
	if (!cfg || !egret_names_count(&ret, policy_settings(cfg, egret_port_key_slot(port_key))->has))
		return listed;
	by_names = learned_look_up(first_half, last_half, port_key, audience, scope);
	v4 = policy_nat64_v4(first_half, last_half, egret_port_key_slot(port_key));
	if (v4)
		by_names =
		    egret_names_of_both(by_names, learned_look_up(EGRET_V4_FIRST_HALF, v4, port_key, audience, scope) |
						      EGRET_PLACE_OF_V4 << EGRET_SAID_PLACE_SHIFT);
	asm volatile("" : "+r"(listed)); /* unpacked anew: 5.10 counts each octet that lies on the stack meanwhile */
	egret_said_unpack(listed, &ret);
	egret_said_unpack(by_names, &by_name);
	egret_add_names(&ret, &by_name);
	return said_of(&ret);
}

static __always_inline void decide_first_packet(const struct packet *pkt, const struct subject *subject,
						const struct ruling *ruling, struct judgement *ret)
{
	const __u64 *halves = (const __u64 *)&pkt->addr;

	egret_said_unpack(
	    first_packet_look_up(halves[0], halves[1], port_key(pkt, ruling->slot), subject->audience, subject->scope),
	    ret);
}

/* --- `audit` lines --- */

/* @ret: the policy without them. Becomes a denial that is only told (told_only) where one of them would change it. */
static __always_inline void add_audit_lines(const struct packet *pkt, const struct subject *subject,
					    const struct ruling *ruling, struct judgement *ret)
{
	__u64 sees = egret_audit_counts(ret, ruling->settings->has);
	const __u64 *halves = (const __u64 *)&pkt->addr;

	if (sees)
		egret_add_audit(ret,
				first_packet_look_up(halves[0], halves[1],
						     port_key(pkt, ruling->slot) | sees << EGRET_PORT_KEY_SEES_SHIFT,
						     subject->audience, subject->scope));
}

/* Where there is no memory to ask. */
static __always_inline void decide_by_policy(const struct packet *pkt, const struct subject *subject,
					     const struct ruling *ruling, struct judgement *ret)
{
	decide_first_packet(pkt, subject, ruling, ret);
	add_audit_lines(pkt, subject, ruling, ret);
}

/* --- why a special address is denied --- */

/* What the names that were learned for an address say, of a destination that they may not bring in; whether they ended,
 * or not. */
__noinline __u64 special_look_up(__u64 first_half, __u64 last_half, __u32 port_key, __u32 audience, __u64 scope)
{
	struct egret_learned_key key __attribute__((aligned(8))) = {.scope = scope};
	__u64 best = EGRET_REASON_NO_RULE;
	struct egret_learned *found;
	__u32 need = learned_need(first_half, last_half, egret_port_key_slot(port_key));

	if (!need)
		return best;
	addr_of_halves(&key.addr, first_half, last_half);
	found = bpf_map_lookup_elem(&learned, &key);
	for (int i = 0; i < EGRET_LEARNED_NAMES && found; i++) {
		__u64 name = found->names[i];

		if (name)
			best = egret_special_of_both(
			    best, learned_judge_name(name, port_key, audience, need | EGRET_NEED_EXPLAINS));
	}
	return best;
}

/* The same of the destination, and of the IPv4 address in it. */
__noinline __u64 first_packet_special(__u64 first_half, __u64 last_half, __u32 port_key, __u32 audience, __u64 scope)
{
	__u64 said = special_look_up(first_half, last_half, port_key, audience, scope);
	__u64 v4 = policy_nat64_v4(first_half, last_half, egret_port_key_slot(port_key));

	if (!v4)
		return said;
	return egret_special_of_both(said, special_look_up(EGRET_V4_FIRST_HALF, v4, port_key, audience, scope));
}

/* @ret is a denial and stays one: only its reason may change. */
static __always_inline void explain_special(const struct packet *pkt, const struct subject *subject, __u32 slot,
					    struct judgement *ret)
{
	const __u64 *halves = (const __u64 *)&pkt->addr;
	struct judgement special = {};

	if (!egret_special_counts(ret))
		return;
	egret_said_unpack(
	    first_packet_special(halves[0], halves[1], port_key(pkt, slot), subject->audience, subject->scope),
	    &special);
	egret_add_special(ret, &special);
}

#endif
