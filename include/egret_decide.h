/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What decides about a first packet, written once: the programs compile these lines, and so does what tells
 * people what the programs do (`explain`, `check`, the agent), looking up in their own ways. tests/model says the
 * same in other words, on purpose. Three steps:
 *   1. The list of the address, or of the narrowest CIDR around the address: the first entry that matches decides.
 *   2. The list of each name that was learned for the address: egret_names_count says whether they are asked.
 *   3. Both together: egret_add_names; then, of a denial, a reason that says more: egret_add_special.
 * Of an address that NAT64 translates (egret_nat64.h), each step is done for the address and for the IPv4 address in
 * it, and both are put together before the next step: egret_listed_of_both, egret_names_of_both.
 */
#ifndef EGRET_INCLUDE_DECIDE_H
#define EGRET_INCLUDE_DECIDE_H

#include "egret_config.h"
#include "egret_scan.h"
#include "egret_special.h"

/* --- what an address asks of a name --- */

/* By its purpose alone; of an address that NAT64 translates, ask for the IPv4 address in it. An address of no special
 * purpose asks only if it is EGRET_DEST_INTERNAL: egret_need_inside. */
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
	return egret_gives(!!(flags & EGRET_DEST_PRIVATE), need);
}

/* Is a name with these flags asked? Only a name that is allowed something can say why what it does not give, or gives
 * no more, is denied. @need: enum egret_need, with EGRET_NEED_EXPLAINS or EGRET_NEED_ENDED. */
EGRET_INLINE bool egret_name_counts(__u16 flags, __u32 need)
{
	bool explains = need & EGRET_NEED_EXPLAINS;

	if (egret_meets(flags, need & ~(EGRET_NEED_EXPLAINS | EGRET_NEED_ENDED)) == explains)
		return false;
	return !(need & (EGRET_NEED_EXPLAINS | EGRET_NEED_ENDED)) || flags & EGRET_DEST_ALLOWS;
}

/* What a name says once its answer is over. It allows nothing and takes nothing away: a deny of it says only that other
 * ports were meant. */
EGRET_INLINE __u64 egret_said_of_ended(__u64 said)
{
	__u32 rule = said >> EGRET_SAID_RULE_SHIFT, name = said >> EGRET_SAID_NAME_SHIFT & 0xffffff;

	if (said & EGRET_SAID_ALLOW)
		return egret_said_pack(rule, name, 0, EGRET_REASON_EXPIRED);
	return egret_said_reason(said) == EGRET_REASON_DENY_RULE ? egret_said_pack(0, name, 0, EGRET_REASON_PORT)
								 : said;
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

/* What the names of two addresses say, which are one destination. */
EGRET_INLINE __u64 egret_names_of_both(__u64 said, __u64 other)
{
	if (said & EGRET_SAID_ALLOW)
		return said;
	return other & EGRET_SAID_ALLOW ? other : egret_denial_of_both(said, other);
}

/* What the lists of an address and of the IPv4 address in it say: first every deny, then what allows either. Whether
 * NAT changes the destination is said of the address that the packet has. */
EGRET_INLINE __u64 egret_listed_of_both(__u64 said, __u64 of_v4)
{
	__u64 service = said & EGRET_SAID_SERVICE;
	__u64 firm = 0, ret;

	if (said & EGRET_SAID_ALLOW)
		firm |= said & EGRET_SAID_FIRM;
	if (of_v4 & EGRET_SAID_ALLOW)
		firm |= of_v4 & EGRET_SAID_FIRM;
	if (egret_said_reason(said) == EGRET_REASON_DENY_RULE)
		return said;
	if (egret_said_reason(of_v4) == EGRET_REASON_DENY_RULE)
		ret = of_v4;
	else
		ret = egret_names_of_both(said, of_v4) | firm;
	return (ret & ~(__u64)EGRET_SAID_SERVICE) | service;
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
	if (denial->told_only)
		return; /* its rule is the line that lets it pass */
	denial->rule = special->reason == EGRET_REASON_SPECIAL_ADDRESS ? special->rule : 0;
	denial->name = special->name;
}

/* --- `audit` lines: what each would change is counted, and nothing else --- */

/* What the policy's lines say when they do not allow: of no other reason an `audit allow` may say that it passes. */
EGRET_INLINE bool egret_reason_is_of_lines(__u32 reason)
{
	return reason == EGRET_REASON_NO_RULE || reason == EGRET_REASON_PORT || reason == EGRET_REASON_CLASS ||
	       reason == EGRET_REASON_SPECIAL_ADDRESS || reason == EGRET_REASON_EXPIRED ||
	       reason == EGRET_REASON_BEFORE_ATTACH;
}

/* Denials for the sake of others, whom such a packet would deceive: that its sender is only audited does not let it
 * pass. */
EGRET_INLINE bool egret_reason_guards_others(__u32 reason)
{
	return reason == EGRET_REASON_FORGED || reason == EGRET_REASON_FOREIGN_SOURCE ||
	       reason == EGRET_REASON_NOT_SERVER;
}

/* Of a verdict without them: which of them may change it (EGRET_AUDIT_*)? A deny takes nothing from what answers. */
EGRET_INLINE __u32 egret_audit_counts(const struct judgement *said, __u32 has)
{
	if (said->allow)
		return has & EGRET_HAS_AUDIT_DENY && said->rule != EGRET_RULE_INBOUND ? EGRET_AUDIT_DENY : 0;
	if (!egret_reason_is_of_lines(said->reason) || said->told_only)
		return 0;
	return has & EGRET_HAS_AUDIT_ALLOW ? EGRET_AUDIT_ALLOW : 0;
}

/* @with: what is said to who sees these lines. */
EGRET_INLINE void egret_add_audit(struct judgement *said, __u64 with)
{
	if (said->allow ? egret_said_reason(with) != EGRET_REASON_DENY_RULE : !(with & EGRET_SAID_ALLOW))
		return;
	said->passes_by = said->allow ? said->rule : with >> EGRET_SAID_RULE_SHIFT;
	said->reason = said->allow ? EGRET_REASON_DENY_RULE : said->reason;
	said->rule = with >> EGRET_SAID_RULE_SHIFT;
	said->name = with >> EGRET_SAID_NAME_SHIFT & 0xffffff;
	said->told_only = 1;
	said->allow = 0;
}

#endif
