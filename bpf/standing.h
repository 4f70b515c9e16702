/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a verdict stands on. A socket remembers a verdict with what that stood on (memory.h), and believes the verdict
 * only while all of it is still so. Everything that voids a remembered verdict is named here:
 *
 * | what moves                   | who moves it, and when                         | what is void then                |
 * |------------------------------|------------------------------------------------|----------------------------------|
 * | config.generation            | agent: by 1 for another policy, by 2 where the | every verdict but "came in"      |
 * |                              | same policy is to judge all again: an address  |                                  |
 * |                              | that brings a deny,  a subject that was late  |                                  |
 * | config.learned, and `epoch`: | agent, and programs for what an answer brings: | denials: what was added may      |
 * | additions (they are summed)  | an address was added                           | allow the destination            |
 * | config.denials               | programs: an answer gave an address to a name  | allowances: what was added may   |
 * |                              | that the policy denies                         | take the destination away        |
 * | time                         | memory_is_fresh: 30 s, or 180 s, of silence    | all that is known of a datagram  |
 * |                              |                                                | peer, but who spoke first where  |
 * |                              |                                                | a connected socket did           |
 *
 * Two more are compared elsewhere, and void no verdict: config.born says whether a socket whose cgroup is gone may keep
 * its audience (subject.h), and egret_rule.born says whether the id of the rule that allowed a flow under an earlier
 * generation means the same rule (policy_rule_stands).
 *
 * What is remembered is the verdict of the policy alone. What is found in one packet (its source, the question in it)
 * and that the agent is late (config.alive_tick) are looked at for each packet, after that verdict, and are never
 * remembered. So whatever looks into packets and wants to be asked only once needs a state of its own in memory.h:
 * it must not hide behind a remembered allowance.
 */
#ifndef EGRET_BPF_STANDING_H
#define EGRET_BPF_STANDING_H

#include "maps.h"
#include "policy.h"

struct standing {
	__u32 generation;
	__u32 additions;
	__u32 denials;
};

/* Counted by two writers: `epoch` is the programs', so that they need not write to the agent's word. */
static __always_inline __u32 standing_additions(const struct egret_config *cfg)
{
	__u32 zero = 0, *taught = bpf_map_lookup_elem(&epoch, &zero);

	return cfg->learned + (taught ? *taught : 0);
}

/* Before the verdict is made: what changes meanwhile must void it. */
static __always_inline void standing_take(const struct ruling *ruling, struct standing *ret)
{
	ret->generation = ruling->generation;
	ret->additions = standing_additions(ruling->cfg);
	ret->denials = ruling->cfg->denials;
	asm volatile("" ::: "memory");
}

/* Of a verdict that was made under @generation, and of which nothing else is known any more: the next packet is judged
 * anew. @now: what a verdict of this moment would stand on. */
static __always_inline struct standing standing_void(const struct standing *now, __u32 generation)
{
	return (struct standing){
	    .generation = generation, .additions = now->additions - 1, .denials = now->denials - 1};
}

#endif
