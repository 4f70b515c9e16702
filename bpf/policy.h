/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the running policy lists for a destination: the exact address is looked up first, then the narrowest CIDR, and
 * what neither has is not allowed. What was learned or remembered plays no part here.
 */
#ifndef EGRET_BPF_POLICY_H
#define EGRET_BPF_POLICY_H

#include "kernel_words.h"

#include "egret_decide.h"
#include "maps.h"
#include "packet.h"

static __always_inline struct egret_config *policy_config(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&config, &zero);
}

/*
 * The policy that rules at this moment. The agent may switch at any time, so whoever judges a packet takes it once, at
 * the entry, and hands it on: tables and settings of the packet's whole way are then those of one policy.
 */
struct ruling {
	struct egret_config *cfg;              /* what no policy brings */
	const struct egret_settings *settings; /* of this policy */
	__u32 generation;
	__u32 slot; /* of its tables */
};

static __always_inline const struct egret_settings *policy_settings(const struct egret_config *cfg, __u32 slot)
{
	return &cfg->settings[slot & (EGRET_POLICY_SLOTS - 1)];
}

/* False: there is no configuration to judge by. */
static __always_inline bool ruling_take(struct ruling *ret)
{
	ret->cfg = policy_config();
	if (!ret->cfg)
		return false;
	ret->generation = *(volatile __u32 *)&ret->cfg->generation;
	ret->slot = ret->generation & (EGRET_POLICY_SLOTS - 1);
	ret->settings = policy_settings(ret->cfg, ret->slot);
	return true;
}

static __always_inline void *policy_table(void *outer, __u32 slot)
{
	slot &= EGRET_POLICY_SLOTS - 1;
	return bpf_map_lookup_elem(outer, &slot);
}

static __always_inline struct egret_target *policy_find_cidr(const __u64 halves[2], __u32 slot)
{
	struct egret_cidr_key key = {.prefix_len = 128};
	void *table = policy_table(&cidrs, slot);

	key.addr.word_be[0] = halves[0];
	key.addr.word_be[1] = halves[0] >> 32;
	key.addr.word_be[2] = halves[1];
	key.addr.word_be[3] = halves[1] >> 32;
	return table ? bpf_map_lookup_elem(table, &key) : 0;
}

static __always_inline struct egret_target *policy_find_addr(const __u64 halves[2], const struct egret_config *cfg,
							     __u32 slot)
{
	__u32 shift = policy_settings(cfg, slot)->bucket_shift;
	__u32 index = egret_bucket_index(halves[0], halves[1], hash_keys, shift);
	void *table = policy_table(&addrs, slot);

	if (!table)
		return 0;
	for (int probe = 0; probe < EGRET_BUCKET_PROBES; probe++, index++) {
		struct egret_bucket *bucket = bpf_map_lookup_elem(table, &index);

		if (!bucket)
			return 0;
		for (int i = 0; i < EGRET_BUCKET_PLACES; i++) {
			const __u64 *addr = (const __u64 *)&bucket->addrs[i];

			if (addr[1] == halves[1] && addr[0] == halves[0] &&
			    bucket->targets[i].dest.flags & EGRET_DEST_LIVE)
				return &bucket->targets[i];
		}
		if (!(bucket->targets[EGRET_BUCKET_PLACES - 1].dest.flags & EGRET_DEST_USED))
			return 0;
	}
	return 0;
}

/* The list of an exact address has the entries of the CIDRs around it, too: when it is found, no CIDR is asked. */
static __always_inline struct egret_target *policy_find(const __u64 halves[2], const struct egret_config *cfg,
							__u32 slot)
{
	struct egret_target *target = policy_find_addr(halves, cfg, slot);

	return target ? target : policy_find_cidr(halves, slot);
}

static __always_inline __u32 port_key(const struct packet *pkt, __u32 slot)
{
	return egret_port_key(slot, pkt->l4_proto, pkt->port);
}

/* 0, which verifiers without ranges of negated numbers (up to 6.17) take for any number. They keep apart what a loop
 * begins with from what the loop makes of it, and walk the loop for both. */
static __always_inline __u64 zero_unknown(void)
{
	__u64 zero = 0;

#ifdef __bpf__ /* tests/native compiles this for the machine */
	asm volatile("%0 = -%0" : "+r"(zero));
#endif
	return zero;
}

/* As egret_nat64_v4, under the policy of @slot. */
static __always_inline __u64 policy_nat64_v4(__u64 first_half, __u64 last_half, __u32 slot)
{
	const struct egret_config *cfg = policy_config();

	return cfg ? egret_nat64_v4(first_half, last_half, &cfg->nat64[slot & (EGRET_POLICY_SLOTS - 1)]) : 0;
}

/* The sets that an audience is in; NULL = the policy has none such. */
static __always_inline const struct egret_audience *policy_audience(__u32 audience, __u32 slot)
{
	void *table = policy_table(&sets, slot);

	return table ? bpf_map_lookup_elem(table, &audience) : 0;
}

/* What else is asked of a list, as one word: egret_scan.name, flags, need. */
static __always_inline __u64 scan_asks(__u32 name, __u32 flags, __u32 need)
{
	return (__u64)need << 48 | (__u64)flags << 32 | name;
}

static __always_inline struct egret_scan scan_that_asks(__u64 asks, __u32 port_key, const struct egret_audience *who)
{
	return (struct egret_scan){
	    .who = who,
	    .port_key = port_key,
	    .name = asks,
	    .flags = asks >> 32 & 0xffff,
	    .need = asks >> 48,
	    .blocked = zero_unknown(),
	    .other_class = zero_unknown(),
	    .special = zero_unknown(),
	};
}

/* The list of @count entries from @first: the first entry that matches decides. Global: lists of addresses and of names
 * are scanned by it, and the verifier takes its loop once for both. */
__noinline __u64 policy_scan_list(__u32 first, __u32 count, __u64 asks, __u32 port_key, __u32 audience)
{
	const struct egret_audience *who = policy_audience(audience, egret_port_key_slot(port_key));
	void *table = policy_table(&ports, egret_port_key_slot(port_key));
	struct egret_scan scan;
	__u64 said = 0;

	if (!who || !table)
		return EGRET_REASON_NO_RULE;
	scan = scan_that_asks(asks, port_key, who);
	for (__u32 i = 0; i < EGRET_MAX_PORTS_PER_DEST; i++) {
		__u32 index = first + i;
		struct egret_port *entry;

		if (i >= count)
			break;
		entry = bpf_map_lookup_elem(table, &index);
		if (!entry)
			break;
		if (egret_scan_entry(&scan, entry, &said))
			return said;
	}
	return egret_scan_denies(&scan);
}

/* 1: what is denied to this audience passes, and is counted as would-be denied. Global: one way out, for verifiers. */
__noinline __u32 policy_audits(__u32 audience, __u32 slot)
{
	const struct egret_config *cfg = policy_config();
	const struct egret_audience *who;

	if (!cfg || policy_settings(cfg, slot)->audit & 1)
		return !!cfg;
	if (!(policy_settings(cfg, slot)->has & EGRET_HAS_AUDITED))
		return 0;
	who = policy_audience(audience, slot);
	return who ? who->flags & EGRET_AUDIENCE_AUDITED : 0;
}

/*
 * What the policy lists for an address, as one word. Global, of scalars (5.6): the verifier then takes it
 * once, for any argument, instead of once for each way to come here. (Pointers could be passed to
 * global functions from 5.12 only.)
 */
__noinline __u64 policy_look_up(__u64 first_half, __u64 last_half, __u32 port_key, __u32 audience)
{
	const __u64 halves[2] = {first_half, last_half};
	const struct egret_audience *who = policy_audience(audience, egret_port_key_slot(port_key));
	struct egret_config *cfg = policy_config();
	struct egret_target *target;
	struct egret_scan scan;
	__u64 said = 0;

	if (!cfg || !who)
		return EGRET_REASON_NO_RULE;
	target = policy_find(halves, cfg, egret_port_key_slot(port_key));
	if (!target)
		return EGRET_REASON_NO_RULE;
	scan = egret_scan_of_addr(&target->dest, port_key, who);
	if (!egret_dest_has_list(&target->dest, port_key))
		return egret_scan_nothing(&scan);
	/* Of the first entry a copy stands here: mostly it decides. */
	if (egret_scan_entry(&scan, &target->head, &said))
		return said;
	if (target->dest.count == 1)
		return egret_scan_denies(&scan);
	return policy_scan_list(target->dest.first, target->dest.count, scan_asks(scan.name, scan.flags, 0), port_key,
				audience);
}

/* The same of a destination: of its address, and of the IPv4 address in it. */
__noinline __u64 policy_look_up_both(__u64 first_half, __u64 last_half, __u32 port_key, __u32 audience)
{
	__u64 said = policy_look_up(first_half, last_half, port_key, audience);
	__u64 v4 = policy_nat64_v4(first_half, last_half, egret_port_key_slot(port_key));

	if (!v4)
		return said;
	return egret_listed_of_both(said, policy_look_up(EGRET_V4_FIRST_HALF, v4, port_key, audience));
}

/* Is the rule one of the floor, which a node needs to live? */
static __always_inline bool policy_rule_is_floor(__u32 rule, __u32 slot)
{
	void *table = policy_table(&rules, slot);
	__u32 index = rule - EGRET_RULE_FIRST;
	struct egret_rule *found = table ? bpf_map_lookup_elem(table, &index) : 0;

	return found && found->flags & EGRET_RULE_FLOOR;
}

/* Has the agent given no sign of life for longer than `set stale_after` allows? */
static __always_inline bool policy_is_stale(const struct ruling *ruling)
{
	__u32 ticks = ruling->settings->stale_ticks;

	return ticks && (__s64)(bpf_jiffies64() - ruling->cfg->alive_tick) > ticks;
}

/*
 * A connection that @rule allowed under @generation: does the rule still stand, with
 * this port and for this subject? RULE_STANDS_AUDIT: it does, and lets pass as an `audit` line. Its address is not
 * looked up: it may have gone from the name since, and a live connection survives that.
 */
#define RULE_STANDS_AUDIT 2
__noinline int policy_rule_stands(__u32 rule, __u32 generation, __u32 port_key, __u32 audience)
{
	const struct egret_audience *who = policy_audience(audience, egret_port_key_slot(port_key));
	void *table = policy_table(&rules, egret_port_key_slot(port_key));
	void *entries = policy_table(&ports, egret_port_key_slot(port_key));
	__u32 index = rule - EGRET_RULE_FIRST;
	struct egret_rule *found;

	found = table ? bpf_map_lookup_elem(table, &index) : 0;
	if (!found || !entries || !who || (__s32)(found->born - generation) > 0)
		return 0;
	for (__u32 i = 0; i < EGRET_MAX_PORTS_PER_DEST; i++) {
		__u32 at = found->first + i;
		struct egret_port *entry;

		if (i >= found->count)
			break;
		entry = bpf_map_lookup_elem(entries, &at);
		if (!entry)
			break;
		if (egret_port_stands(entry, port_key, who))
			return entry->audit ? RULE_STANDS_AUDIT : 1;
	}
	return 0;
}

#endif
