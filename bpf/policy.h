/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the running policy says of a destination, whoever asks and whatever was
 * said before: exact address, then CIDR, then no.
 */
#ifndef EGRET_BPF_POLICY_H
#define EGRET_BPF_POLICY_H

#include "maps.h"
#include "packet.h"

struct judgement {
	__u32 rule; /* that allowed or denied, or would allow but for a special address; 0 = none */
	__u32 name;
	__u8 allow;
	__u8 reason;
	__u8 service;   /* NAT will change the destination */
	__u8 firm;      /* allowed by a name, or for the node to live: no denied name takes it away */
	__u64 question; /* EGRET_REASON_DNS_NAME: egret_drop_key.question */
};

/*
 * The two look-ups below are global functions of scalars (5.6): the verifier then
 * takes them once, for any argument, instead of once for each way to come here.
 * (Pointers could be passed to global functions from 5.12 only.) So a judgement
 * travels as one word.
 */
#define JUDGEMENT_NAME_SHIFT 16
#define JUDGEMENT_RULE_SHIFT 40
#define JUDGEMENT_ALLOW      (1U << 8)
#define JUDGEMENT_SERVICE    (1U << 9)
#define JUDGEMENT_FIRM       (1U << 10)
_Static_assert(EGRET_MAX_NAMES < 1 << 24 && EGRET_RULE_FIRST + EGRET_MAX_RULES < 1 << 24, "a judgement packs both");

static __always_inline __u64 judgement_pack(__u32 rule, __u32 name, __u32 flags, __u8 reason)
{
	return (__u64)rule << JUDGEMENT_RULE_SHIFT | (__u64)name << JUDGEMENT_NAME_SHIFT | flags | reason;
}

static __always_inline void judgement_unpack(__u64 packed, struct judgement *ret)
{
	ret->rule = packed >> JUDGEMENT_RULE_SHIFT;
	ret->name = packed >> JUDGEMENT_NAME_SHIFT & 0xffffff;
	ret->allow = !!(packed & JUDGEMENT_ALLOW);
	ret->service = !!(packed & JUDGEMENT_SERVICE);
	ret->firm = !!(packed & JUDGEMENT_FIRM);
	ret->reason = packed & 0xff;
}

static __always_inline struct egret_config *policy_config(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&config, &zero);
}

/*
 * The slot of the policy that rules. A packet is judged by one slot from its beginning to its end,
 * so it is taken once: the agent may switch at any moment.
 */
static __always_inline __u32 policy_slot(const struct egret_config *cfg)
{
	return cfg->generation & (EGRET_POLICY_SLOTS - 1);
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
	__u32 shift = cfg->bucket_shift[slot & (EGRET_POLICY_SLOTS - 1)];
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

/* An exact address holds what its CIDRs say too, so a hit is the last word. */
static __always_inline struct egret_target *policy_find(const __u64 halves[2], const struct egret_config *cfg,
							__u32 slot)
{
	struct egret_target *target = policy_find_addr(halves, cfg, slot);

	return target ? target : policy_find_cidr(halves, slot);
}

static __always_inline bool port_matches(const struct egret_port *entry, __u8 l4_proto, __u16 port)
{
	if (entry->l4_proto == EGRET_L4_ANY)
		return true;
	if (entry->l4_proto != l4_proto)
		return false;
	if (l4_proto == IPPROTO_ICMP)
		return true;
	return entry->lo <= port && port <= entry->hi;
}

/* Slot, protocol and port as one argument: global functions take five. A rule says `icmp` for
 * both families. */
#define PORT_KEY_SLOT_SHIFT 24

static __always_inline __u32 port_key(const struct packet *pkt, __u32 slot)
{
	__u8 l4_proto = pkt->l4_proto == IPPROTO_ICMPV6 ? IPPROTO_ICMP : pkt->l4_proto;

	return slot << PORT_KEY_SLOT_SHIFT | (__u32)l4_proto << 16 | pkt->port;
}

/*
 * What a scan has seen so far. Nothing of it is branched on in the loop but `blocked`, whose
 * value comes from a map: the verifier walks the loop once for each combination of constants
 * that a branch depends on (326,000 instructions instead of 62,000 a call's hook, measured on 6.18).
 */
struct scan {
	__u32 port_key, subject_classes, name;
	__u32 flags; /* JUDGEMENT_SERVICE, JUDGEMENT_FIRM */
	__u32 need;  /* enum egret_need, of an address that was learned */
	__u32 blocked;
	__u64 other_class; /* 1: an allow is for other subjects */
	__u64 special;     /* rule that would allow another address of the name */
};

/* Does @entry decide? Then @ret is what it says. */
static __always_inline bool scan_entry(struct scan *scan, const struct egret_port *entry, __u64 *ret)
{
	bool allows = entry->action == EGRET_ALLOW && entry->private >= scan->need;

	if (!port_matches(entry, scan->port_key >> 16, scan->port_key) ||
	    (scan->blocked && entry->group == scan->blocked))
		return false;
	if (!(entry->classes & scan->subject_classes)) {
		if (allows)
			scan->other_class = 1;
		return false;
	}
	if (entry->action == EGRET_SKIP) {
		scan->blocked = entry->group;
		return false;
	}
	if (allows) {
		*ret = judgement_pack(entry->rule, scan->name,
				      scan->flags | JUDGEMENT_ALLOW | (entry->group ? JUDGEMENT_FIRM : 0),
				      EGRET_REASON_NONE);
		return true;
	}
	if (entry->action == EGRET_DENY) {
		*ret = judgement_pack(entry->rule, scan->name, scan->flags, EGRET_REASON_DENY_RULE);
		return true;
	}
	/* The first of them: (0 - 1) >> 63 is 1, and 0 of any rule's id. */
	scan->special |= entry->rule * ((scan->special - 1) >> 63);
	return false;
}

/* Why nothing of it decided; what says most goes first. By arithmetic, as above. */
static __always_inline __u64 scan_reason(const struct scan *scan)
{
	__u64 is_special = (0 - scan->special) >> 63;

	return is_special * EGRET_REASON_SPECIAL_ADDRESS + (1 - is_special) * (EGRET_REASON_PORT + scan->other_class);
}
_Static_assert(EGRET_REASON_CLASS == EGRET_REASON_PORT + 1, "scan_reason adds one");

/* The first entry that matches decides. */
static __always_inline __u64 policy_scan(const struct egret_target *target, struct scan *scan)
{
	__u32 first = target->dest.first, count = target->dest.count;
	__u64 ret = 0;
	void *table;

	if (scan_entry(scan, &target->head, &ret))
		return ret;
	table = policy_table(&ports, scan->port_key >> PORT_KEY_SLOT_SHIFT);
	for (__u32 i = 1; i < EGRET_MAX_PORTS_PER_DEST && table; i++) {
		__u32 index = first + i;
		struct egret_port *entry;

		if (i >= count)
			break;
		entry = bpf_map_lookup_elem(table, &index);
		if (!entry)
			break;
		if (scan_entry(scan, entry, &ret))
			return ret;
	}
	return judgement_pack(scan->special, scan->name, scan->flags, scan_reason(scan));
}

__noinline __u64 policy_look_up(__u64 first_half, __u64 last_half, __u32 port_key, __u32 subject_classes)
{
	const __u64 halves[2] = {first_half, last_half};
	struct egret_config *cfg = policy_config();
	struct egret_target *target;
	struct scan scan;

	if (!cfg)
		return EGRET_REASON_NO_RULE;
	target = policy_find(halves, cfg, port_key >> PORT_KEY_SLOT_SHIFT);
	if (!target)
		return EGRET_REASON_NO_RULE;
	scan =
	    (struct scan){.port_key = port_key,
			  .subject_classes = subject_classes,
			  .flags = (target->dest.flags & EGRET_DEST_SERVICE ? JUDGEMENT_SERVICE : 0) |
				   (target->dest.flags & (EGRET_DEST_RESOLVER | EGRET_DEST_FLOOR) ? JUDGEMENT_FIRM : 0),
			  .name = target->dest.name};
	if (!target->dest.count)
		return judgement_pack(0, scan.name, scan.flags, EGRET_REASON_NO_RULE);
	return policy_scan(target, &scan);
}

static __always_inline void policy_judge(const struct packet *pkt, __u32 slot, __u32 subject_classes,
					 struct judgement *ret)
{
	const __u64 *halves = (const __u64 *)&pkt->addr;

	judgement_unpack(policy_look_up(halves[0], halves[1], port_key(pkt, slot), subject_classes), ret);
}

/* Is it part of what a node needs to live? */
static __always_inline bool policy_rule_is_floor(__u32 rule, __u32 slot)
{
	void *table = policy_table(&rules, slot);
	__u32 index = rule - EGRET_RULE_FIRST;
	struct egret_rule *found = table ? bpf_map_lookup_elem(table, &index) : 0;

	return found && found->flags & EGRET_RULE_FLOOR;
}

/* Has nobody looked after the policy for as long as it allows? */
static __always_inline bool policy_is_stale(const struct egret_config *cfg)
{
	return cfg->stale_tick && (__s64)(bpf_jiffies64() - cfg->stale_tick) > 0;
}

/*
 * A connection that @rule allowed under @generation: does the rule still stand, with
 * this port and for this subject? Its address is not looked up: it may have gone
 * from the name since, and a live connection survives that.
 */
__noinline int policy_rule_stands(__u32 rule, __u32 generation, __u32 port_key, __u32 subject_classes)
{
	void *table = policy_table(&rules, port_key >> PORT_KEY_SLOT_SHIFT);
	void *entries = policy_table(&ports, port_key >> PORT_KEY_SLOT_SHIFT);
	__u32 index = rule - EGRET_RULE_FIRST;
	struct egret_rule *found;

	found = table ? bpf_map_lookup_elem(table, &index) : 0;
	if (!found || !entries || (__s32)(found->born - generation) > 0)
		return 0;
	for (__u32 i = 0; i < EGRET_MAX_PORTS_PER_DEST; i++) {
		__u32 at = found->first + i;
		struct egret_port *entry;

		if (i >= found->count)
			break;
		entry = bpf_map_lookup_elem(entries, &at);
		if (!entry)
			break;
		if (entry->action == EGRET_ALLOW && port_matches(entry, port_key >> 16, port_key) &&
		    entry->classes & subject_classes)
			return 1;
	}
	return 0;
}

#endif
