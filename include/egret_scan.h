/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One list, and what it says of a packet: the first entry that matches decides. The list is of an address, of the
 * narrowest CIDR around the address, or of a name; which lists are asked, and what they say together, is in
 * egret_decide.h.
 */
#ifndef EGRET_INCLUDE_SCAN_H
#define EGRET_INCLUDE_SCAN_H

#ifndef EGRET_VMLINUX_H
#include <netinet/in.h>
#include <stdbool.h>
#endif
#include "egret_limits.h"
#include "egret_policy.h"
#include "egret_reasons.h"

/* What is said of a packet. */
struct judgement {
	__u32 rule;      /* that allowed or denied, or would allow but for a special address; 0 = none */
	__u32 passes_by; /* told_only: what lets it pass, and stands while the connection lives; 0 = nothing is kept */
	__u32 name;      /* index into `names`, 0 = none: for people only */
	__u8 allow;
	__u8 reason;    /* enum egret_reason; EGRET_REASON_NONE if allowed */
	__u8 service;   /* NAT will change the destination */
	__u8 firm;      /* allowed by a name, or for the node to live: no denied name takes it away */
	__u8 told_only; /* what is denied passes, whatever the mode, and is counted as would-be denied */
	__u8 place;     /* EGRET_REASON_EXPIRED: which name of the address is over; 0 = not known */
	__u8 of_caller; /* denied to another one than the socket's subject, who called */
	__u64 question; /* EGRET_REASON_DNS_NAME: egret_drop_key.question */
};

EGRET_INLINE bool egret_passes(const struct judgement *judgement)
{
	return judgement->allow || judgement->told_only;
}

/* --- a judgement as one word: global functions of programs return no more --- */

#define EGRET_SAID_NAME_SHIFT 16
#define EGRET_SAID_RULE_SHIFT 40
#define EGRET_SAID_ALLOW      (1U << 8)
#define EGRET_SAID_SERVICE    (1U << 9)
#define EGRET_SAID_FIRM       (1U << 10)
/* judgement.place: 1 and which of egret_learned.names, and whether of the IPv4 address that NAT64 translates to. */
#define EGRET_SAID_PLACE_SHIFT 11
#define EGRET_SAID_PLACE_BITS  0x1f
#define EGRET_PLACE_OF_V4      0x10
_Static_assert(EGRET_MAX_NAMES < 1 << 24 && EGRET_RULE_FIRST + EGRET_MAX_RULES < 1 << 23,
	       "a word has room for both, and a bit is left");
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
	ret->place = said >> EGRET_SAID_PLACE_SHIFT & EGRET_SAID_PLACE_BITS;
	ret->reason = egret_said_reason(said);
	ret->told_only = said >> 63; /* no id is that large: 0, which the verifier does not walk apart from 1 */
}

/* --- what a packet asks of a list --- */

/* Slot, protocol and port as one argument: global functions of programs take five. Above the slot, which all who use it
 * cut to its bit, is which `audit` lines are seen. */
#define EGRET_PORT_KEY_SLOT_SHIFT  24
#define EGRET_PORT_KEY_PROTO_SHIFT 16
#define EGRET_PORT_KEY_SEES_SHIFT  25
_Static_assert(EGRET_POLICY_SLOTS == 2, "a slot is one bit of a port key");

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

/* Is it an `audit` line that is not asked for? Of the key in each entry anew: kept, it would take its place on the
 * stack of programs, which is full there. */
EGRET_INLINE bool egret_port_is_hidden(const struct egret_port *entry, __u32 port_key)
{
	asm volatile("" : "+r"(port_key));
	return entry->audit & ~(port_key >> EGRET_PORT_KEY_SEES_SHIFT);
}

/* Does the entry of a rule that allowed a connection still allow it? */
EGRET_INLINE bool egret_port_stands(const struct egret_port *entry, __u32 port_key, const struct egret_audience *who)
{
	return entry->action == EGRET_ALLOW &&
	       egret_port_matches(entry, port_key >> EGRET_PORT_KEY_PROTO_SHIFT, port_key) &&
	       egret_set_has(entry->set, who);
}

/* Has the destination a list for who asks so? */
EGRET_INLINE bool egret_dest_has_list(const struct egret_dest *dest, __u32 port_key)
{
	return dest->count && (!(dest->flags & EGRET_DEST_AUDIT) || port_key >> EGRET_PORT_KEY_SEES_SHIFT);
}

/* --- one list: the first entry that matches decides --- */

/*
 * What a scan has seen so far. In the loop it is numbers and not branches wherever that can be: up to 6.2 the verifier
 * walks the rest of the loop once for each combination of constants that may be in here (on 5.10 a call took 74,000
 * steps so, and 526,000 with branches).
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
	__u32 service = !!(dest->flags & EGRET_DEST_SERVICE);
	__u32 firm = !!(dest->flags & (EGRET_DEST_RESOLVER | EGRET_DEST_FLOOR));

	return (struct egret_scan){
	    .port_key = port_key,
	    .who = who,
	    .flags = service * EGRET_SAID_SERVICE | firm * EGRET_SAID_FIRM,
	    .name = dest->name,
	};
}

/* Of a name, at an address of this enum egret_need. */
EGRET_INLINE struct egret_scan egret_scan_of_name(const struct egret_dest *dest, __u32 port_key,
						  const struct egret_audience *who, __u32 need)
{
	return (struct egret_scan){.port_key = port_key, .who = who, .need = need, .name = dest->name};
}

/* 1: what is @private, or not, gives what the address asks. 0: it does not. A shift: whoever compares @need teaches the
 * verifier what it is. */
EGRET_INLINE __u32 egret_gives(__u32 private, __u32 need)
{
	return (1 | private << EGRET_NEED_PRIVATE) >> need & 1;
}
_Static_assert(!EGRET_NEED_NOTHING && EGRET_NEED_PRIVATE == 1 && EGRET_NEED_ADDRESS == 2, "a bit for each need");

/* Does @entry decide? Then @ret is what it says. */
EGRET_INLINE bool egret_scan_entry(struct egret_scan *scan, const struct egret_port *entry, __u64 *ret)
{
	/* Of a special address, too: that a rule is for others comes before what the address would need. */
	__u32 is_allow = (1U << EGRET_ALLOW | 1U << EGRET_SPECIAL) >> (entry->action & 7) & 1;
	__u32 allows = (1U << EGRET_ALLOW) >> (entry->action & 7) & egret_gives(entry->private, scan->need);
	__u32 is_for_it;

	if (egret_port_is_hidden(entry, scan->port_key) ||
	    !egret_port_matches(entry, scan->port_key >> EGRET_PORT_KEY_PROTO_SHIFT, scan->port_key) ||
	    (scan->blocked && entry->group == scan->blocked))
		return false;
	is_for_it = egret_set_has(entry->set, scan->who);
	scan->other_class |= is_allow & ~is_for_it;
	if (!is_for_it)
		return false;
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
	/* Keeps the first such rule: (0 - 1) >> 63 is 1 while there is none, and 0 once there is. */
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

#endif
