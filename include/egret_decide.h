/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What decides about a first packet, written once: the programs compile these lines, and so does what tells
 * people what the programs do (`explain`, `check`, the agent), looking up in their own ways. tests/model says the
 * same in other words, on purpose. Three steps:
 *   1. The list of the address, or of the narrowest CIDR around the address: the first entry that matches decides.
 *   2. The list of each name that was learned for the address: egret_names_count says whether they are asked.
 *   3. Both together: egret_add_names; then, of a denial, a reason that says more: egret_add_special.
 */
#ifndef EGRET_INCLUDE_DECIDE_H
#define EGRET_INCLUDE_DECIDE_H
#ifndef EGRET_VMLINUX_H
#include <netinet/in.h>
#include <stdbool.h>
#endif
#include "egret_config.h"
#include "egret_limits.h"
#include "egret_policy.h"
#include "egret_reasons.h"
#include "egret_special.h"

/* What is said of a packet. */
struct judgement {
	__u32 rule; /* that allowed or denied, or would allow but for a special address; 0 = none */
	__u32 name; /* index into `names`, 0 = none: for people only */
	__u8 allow;
	__u8 reason;    /* enum egret_reason; EGRET_REASON_NONE if allowed */
	__u8 service;   /* NAT will change the destination */
	__u8 firm;      /* allowed by a name, or for the node to live: no denied name takes it away */
	__u64 question; /* EGRET_REASON_DNS_NAME: egret_drop_key.question */
};

/* --- a judgement as one word: global functions of programs return no more --- */

#define EGRET_SAID_NAME_SHIFT 16
#define EGRET_SAID_RULE_SHIFT 40
#define EGRET_SAID_ALLOW      (1U << 8)
#define EGRET_SAID_SERVICE    (1U << 9)
#define EGRET_SAID_FIRM       (1U << 10)
_Static_assert(EGRET_MAX_NAMES < 1 << 24 && EGRET_RULE_FIRST + EGRET_MAX_RULES < 1 << 24, "a word has room for both");
_Static_assert(EGRET_REASON_COUNT <= EGRET_SAID_ALLOW, "a word has room for the reason");

EGRET_INLINE __u64 egret_said_pack(__u32 rule, __u32 name, __u32 flags, __u8 reason)
{
	return (__u64)rule << EGRET_SAID_RULE_SHIFT | (__u64)name << EGRET_SAID_NAME_SHIFT | flags | reason;
}

EGRET_INLINE __u8 egret_said_reason(__u64 said)
{
	return said & 0xff;
}

EGRET_INLINE void egret_said_unpack(__u64 said, struct judgement *ret)
{
	ret->rule = said >> EGRET_SAID_RULE_SHIFT;
	ret->name = said >> EGRET_SAID_NAME_SHIFT & 0xffffff;
	ret->allow = !!(said & EGRET_SAID_ALLOW);
	ret->service = !!(said & EGRET_SAID_SERVICE);
	ret->firm = !!(said & EGRET_SAID_FIRM);
	ret->reason = egret_said_reason(said);
}

/* --- what a packet asks of a list --- */

/* Slot, protocol and port as one argument: global functions of programs take five. */
#define EGRET_PORT_KEY_SLOT_SHIFT  24
#define EGRET_PORT_KEY_PROTO_SHIFT 16

/* A rule says `icmp` for both families. */
EGRET_INLINE __u32 egret_port_key(__u32 slot, __u8 l4_proto, __u16 port)
{
	if (l4_proto == IPPROTO_ICMPV6)
		l4_proto = IPPROTO_ICMP;
	return slot << EGRET_PORT_KEY_SLOT_SHIFT | (__u32)l4_proto << EGRET_PORT_KEY_PROTO_SHIFT | port;
}

EGRET_INLINE __u32 egret_port_key_slot(__u32 port_key)
{
	return port_key >> EGRET_PORT_KEY_SLOT_SHIFT;
}

EGRET_INLINE __u8 egret_port_key_proto(__u32 port_key)
{
	return port_key >> EGRET_PORT_KEY_PROTO_SHIFT;
}

/* Two arguments, though callers have a port key: what is taken out of the key here is taken out anew in the verifier's
 * eyes for each entry (10,000 instructions more of a call's hook, measured on 5.10). */
EGRET_INLINE bool egret_port_matches(const struct egret_port *entry, __u8 l4_proto, __u16 port)
{
	if (entry->l4_proto == EGRET_L4_ANY)
		return true;
	if (entry->l4_proto != l4_proto)
		return false;
	if (l4_proto == IPPROTO_ICMP)
		return true;
	return entry->lo <= port && port <= entry->hi;
}

/* Does the entry of a rule that allowed a connection still allow it? */
EGRET_INLINE bool egret_port_stands(const struct egret_port *entry, __u32 port_key, const struct egret_audience *who)
{
	return entry->action == EGRET_ALLOW &&
	       egret_port_matches(entry, port_key >> EGRET_PORT_KEY_PROTO_SHIFT, port_key) &&
	       egret_set_has(entry->set, who);
}

/* --- one list: the first entry that matches decides --- */

/*
 * What a scan has seen so far. Nothing of it is branched on in the loop but `blocked`, whose
 * value comes from a map: the verifier walks the loop once for each combination of constants
 * that a branch depends on (326,000 instructions instead of 62,000 a call's hook, measured on 6.18).
 */
struct egret_scan {
	const struct egret_audience *who;
	__u32 port_key, name;
	__u32 flags; /* EGRET_SAID_SERVICE, EGRET_SAID_FIRM */
	__u32 need;  /* enum egret_need, of an address that was learned */
	__u32 blocked;
	__u64 other_class; /* 1: an allow is for other subjects */
	__u64 special;     /* rule that would allow another address of the name */
};

/* Of an address or a CIDR. */
EGRET_INLINE struct egret_scan egret_scan_of_addr(const struct egret_dest *dest, __u32 port_key,
						  const struct egret_audience *who)
{
	return (struct egret_scan){
	    .port_key = port_key,
	    .who = who,
	    .flags = (dest->flags & EGRET_DEST_SERVICE ? EGRET_SAID_SERVICE : 0) |
		     (dest->flags & (EGRET_DEST_RESOLVER | EGRET_DEST_FLOOR) ? EGRET_SAID_FIRM : 0),
	    .name = dest->name,
	};
}

/* Of a name, at an address of this enum egret_need. */
EGRET_INLINE struct egret_scan egret_scan_of_name(const struct egret_dest *dest, __u32 port_key,
						  const struct egret_audience *who, __u32 need)
{
	return (struct egret_scan){.port_key = port_key, .who = who, .need = need, .name = dest->name};
}

/* Does @entry decide? Then @ret is what it says. */
EGRET_INLINE bool egret_scan_entry(struct egret_scan *scan, const struct egret_port *entry, __u64 *ret)
{
	bool allows = entry->action == EGRET_ALLOW && entry->private >= scan->need;

	if (!egret_port_matches(entry, scan->port_key >> EGRET_PORT_KEY_PROTO_SHIFT, scan->port_key) ||
	    (scan->blocked && entry->group == scan->blocked))
		return false;
	if (!egret_set_has(entry->set, scan->who)) {
		if (allows)
			scan->other_class = 1;
		return false;
	}
	if (entry->action == EGRET_SKIP) {
		scan->blocked = entry->group;
		return false;
	}
	if (allows) {
		*ret = egret_said_pack(entry->rule, scan->name,
				       scan->flags | EGRET_SAID_ALLOW | (entry->group ? EGRET_SAID_FIRM : 0),
				       EGRET_REASON_NONE);
		return true;
	}
	if (entry->action == EGRET_DENY) {
		*ret = egret_said_pack(entry->rule, scan->name, scan->flags, EGRET_REASON_DENY_RULE);
		return true;
	}
	/* Keeps the first such rule, without a branch: (0 - 1) >> 63 is 1 while there is none, and 0 once there is. */
	scan->special |= entry->rule * ((scan->special - 1) >> 63);
	return false;
}

/* No entry decided: why the packet is denied. The reason that says most wins. By arithmetic and not by branches:
 * the verifier would take all that follows once for each of them. */
EGRET_INLINE __u64 egret_scan_denies(const struct egret_scan *scan)
{
	__u64 is_special = (0 - scan->special) >> 63;
	__u64 reason =
	    is_special * EGRET_REASON_SPECIAL_ADDRESS + (1 - is_special) * (EGRET_REASON_PORT + scan->other_class);

	return egret_said_pack(scan->special, scan->name, scan->flags, reason);
}
_Static_assert(EGRET_REASON_CLASS == EGRET_REASON_PORT + 1, "egret_scan_denies adds one");

/* The list is empty. */
EGRET_INLINE __u64 egret_scan_nothing(const struct egret_scan *scan)
{
	return egret_said_pack(0, scan->name, scan->flags, EGRET_REASON_NO_RULE);
}

/* --- what an address asks of a name --- */

/* By its purpose alone. An address of no special purpose asks only if it is EGRET_DEST_INTERNAL: egret_need_inside. */
EGRET_INLINE __u32 egret_need_of_purpose(const struct egret_addr *addr)
{
	if (!egret_addr_is_special(addr))
		return EGRET_NEED_NOTHING;
	return egret_addr_is_private(addr) ? EGRET_NEED_PRIVATE : EGRET_NEED_ADDRESS;
}

/* @flags: of the address, or of the narrowest CIDR around the address. */
EGRET_INLINE __u32 egret_need_inside(__u16 flags)
{
	return flags & EGRET_DEST_INTERNAL ? EGRET_NEED_ADDRESS : EGRET_NEED_NOTHING;
}

/* May a name with these flags bring in an address of this need? */
EGRET_INLINE bool egret_meets(__u16 flags, __u32 need)
{
	if (need == EGRET_NEED_PRIVATE)
		return flags & EGRET_DEST_PRIVATE;
	return need == EGRET_NEED_NOTHING;
}

/* Of a name that may not bring in an address: can its rules say why the address is denied? */
EGRET_INLINE bool egret_name_explains(__u16 flags)
{
	return flags & EGRET_DEST_ALLOWS;
}

/* --- time: seconds of bpf_jiffies64, which begins near 2^32 ticks: no machine runs until they wrap --- */
EGRET_INLINE __u32 egret_sec_of(__u64 tick, __u32 ticks_per_sec)
{
	return tick / ticks_per_sec;
}
EGRET_INLINE bool egret_is_over(__u32 ends_sec, __u32 now_sec)
{
	return (__s32)(ends_sec - now_sec) <= 0;
}

/* --- names of an address: each stands for itself, a deny of one takes nothing from another --- */

/* Can names change what is said of the address? @has: EGRET_HAS_* of the policy. A denied name takes an address
 * away from the rules that allow it as an address, and not from those that allow another name of the address, or what
 * a node needs to live. */
EGRET_INLINE bool egret_names_count(const struct judgement *listed, __u32 has)
{
	if (listed->reason == EGRET_REASON_DENY_RULE)
		return false;
	return !listed->allow || (!listed->firm && has & EGRET_HAS_NAME_DENY);
}

/* enum egret_reason goes up with how much it says; but a deny is final, whatever merely explains. */
EGRET_INLINE __u64 egret_denial_weight(__u64 said)
{
	return egret_said_reason(said) == EGRET_REASON_DENY_RULE ? 0xff : egret_said_reason(said);
}

/* Of what two names say, neither of which allows: the one that says more. */
EGRET_INLINE __u64 egret_denial_of_both(__u64 said, __u64 other)
{
	return egret_denial_weight(other) > egret_denial_weight(said) ? other : said;
}

/* --- all together --- */

/* @listed: what the policy lists; becomes what is said with the names, too. */
EGRET_INLINE void egret_add_names(struct judgement *listed, const struct judgement *by_name)
{
	bool denies = by_name->reason == EGRET_REASON_DENY_RULE;
	__u8 service = listed->service;

	if (listed->allow && !denies)
		return;
	/* A deny is final: what merely explains does not stand before it. */
	if (!by_name->allow && !denies && by_name->reason <= listed->reason)
		return;
	*listed = *by_name;
	listed->service = service;
}

/* Can names of a special address say more of its denial? */
EGRET_INLINE bool egret_special_counts(const struct judgement *denial)
{
	return denial->reason != EGRET_REASON_DENY_RULE && denial->reason != EGRET_REASON_SPECIAL_ADDRESS;
}

/* Of two names that may not bring it in: what says more. A deny of theirs says only that other ports were meant. */
EGRET_INLINE __u64 egret_special_of_both(__u64 said, __u64 other)
{
	if (egret_said_reason(other) == EGRET_REASON_DENY_RULE)
		other = (other & ~0xffULL) | EGRET_REASON_PORT;
	return egret_said_reason(other) > egret_said_reason(said) ? other : said;
}

/* @special: of egret_special_of_both; @denial stays a denial. */
EGRET_INLINE void egret_add_special(struct judgement *denial, const struct judgement *special)
{
	if (special->reason <= denial->reason)
		return;
	denial->reason = special->reason;
	denial->rule = special->reason == EGRET_REASON_SPECIAL_ADDRESS ? special->rule : 0;
	denial->name = special->name;
}

#endif
