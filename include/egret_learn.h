/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What was learned, in words that both halves need: how long it lives, whose share it is in, which name of an address
 * gives way.
 */
#ifndef EGRET_INCLUDE_LEARN_H
#define EGRET_INCLUDE_LEARN_H

#include "egret_config.h"
#include "egret_decide.h"
#include "egret_dns.h"

/* --- how long --- */

/* As `set min_ttl` and `set max_ttl` bound it. A second more: the one under way may be nearly over. */
EGRET_INLINE __u32 egret_lesson_ends(__u32 ttl_sec, const struct egret_settings *settings, __u32 now_sec)
{
	if (ttl_sec < settings->min_ttl_sec)
		ttl_sec = settings->min_ttl_sec;
	if (ttl_sec > settings->max_ttl_sec)
		ttl_sec = settings->max_ttl_sec;
	return now_sec + ttl_sec + 1;
}

/* Of an address: does no name stand any more? */
EGRET_INLINE bool egret_learned_ended(const struct egret_learned *learned, __u32 now_sec)
{
	bool stands = false;

	for (int i = 0; i < EGRET_LEARNED_NAMES; i++)
		stands |= learned->names[i] && !egret_is_over(learned->expires_sec[i], now_sec);
	return !stands;
}

/* --- which name of an address gives way --- */

/* The place of this name; or else a free one, or the one that ends first. */
EGRET_INLINE __u32 egret_lesson_place(const struct egret_learned *learned, __u64 name, __u32 now_sec)
{
	__s32 left_least = 0x7fffffff;
	__u32 place = 0;

	for (int i = 0; i < EGRET_LEARNED_NAMES; i++) {
		__s32 left = learned->names[i] ? (__s32)(learned->expires_sec[i] - now_sec) : -0x7fffffff;

		if (learned->names[i] == name)
			return i;
		if (left < left_least) {
			left_least = left;
			place = i;
		}
	}
	return place;
}

/* --- shares --- */

EGRET_INLINE __u32 egret_hold_where(__u32 ring, __u32 place)
{
	return ring << EGRET_HOLD_RING_SHIFT | (place & EGRET_HOLD_PLACE);
}

EGRET_INLINE __u32 egret_hold_ring(__u32 hold)
{
	return hold >> EGRET_HOLD_RING_SHIFT & (EGRET_SHARE_RINGS - 1);
}

EGRET_INLINE bool egret_ring_is_outside(__u32 ring)
{
	return ring & 1;
}

EGRET_INLINE bool egret_ring_is_of_names(__u32 ring)
{
	return ring >= EGRET_NAMES_INSIDE;
}
_Static_assert(EGRET_ADDRS_OUTSIDE == 1 && EGRET_NAMES_INSIDE == 2 && EGRET_NAMES_OUTSIDE == 3,
	       "a ring's lowest bit says inside or outside, the other one addresses or names");

/* Which index of `names` was answered last. */
EGRET_INLINE __u32 egret_learned_last(const struct egret_learned *learned)
{
	return learned->hold >> EGRET_HOLD_LAST_SHIFT & (EGRET_LEARNED_NAMES - 1);
}
_Static_assert(EGRET_LEARNED_NAMES == 8, "egret_learned.hold has three bits for the last one");

/* How much of a ring is the owner's, whoever needs room. @owner 0 is what many share. */
EGRET_INLINE __u32 egret_share_of(__u64 owner, __u32 ring)
{
	if (egret_ring_is_outside(ring))
		return EGRET_SHARE_OUTSIDE;
	if (!owner)
		return EGRET_SHARE_COMMON;
	return egret_ring_is_of_names(ring) ? EGRET_SHARE_NAMES : EGRET_SHARE_ADDRS;
}

/* And how much it may have while there is room. */
EGRET_INLINE __u32 egret_share_max(__u32 ring)
{
	if (egret_ring_is_outside(ring))
		return EGRET_SHARE_MAX_OUTSIDE;
	return egret_ring_is_of_names(ring) ? EGRET_SHARE_MAX_NAMES : EGRET_SHARE_MAX_ADDRS;
}

#endif
