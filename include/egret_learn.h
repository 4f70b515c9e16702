/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How answers teach, written once for the programs, which read them, and for the agent, which teaches what the
 * programs could not read, and what an earlier policy passed over.
 */
#ifndef EGRET_INCLUDE_LEARN_H
#define EGRET_INCLUDE_LEARN_H

#include "egret_config.h"
#include "egret_decide.h"
#include "egret_dns.h"

/* --- which lesson of an address gives way --- */

/* Do the same rules speak for it, under either policy? @rule_names: of egret_lesson. */
EGRET_INLINE bool egret_lesson_says_same(const struct egret_lesson *lesson, const __u64 *rule_names)
{
	return lesson->rule_names[0] == rule_names[0] && lesson->rule_names[1] == rule_names[1];
}

/* The lesson of this name; or else one that ended, one that the same rules speak for, or the one
 * that ends first, of which the address loses what its rules say. Free places ended at 0. */
EGRET_INLINE struct egret_lesson *egret_lesson_place(struct egret_lesson *lessons, __u64 name, const __u64 *rule_names,
						     __u64 now_tick)
{
	struct egret_lesson *first = &lessons[0], *same = 0;

	for (int i = 0; i < EGRET_LEARNED_NAMES; i++) {
		struct egret_lesson *lesson = &lessons[i];

		if (lesson->name == name)
			return lesson;
		if (egret_lesson_says_same(lesson, rule_names))
			same = lesson;
		if ((__s64)(lesson->expires_tick - first->expires_tick) < 0)
			first = lesson;
	}
	return same && !egret_is_over(first->expires_tick, now_tick) ? same : first;
}

/* @lesson: the place that was found. A shorter TTL of another resolver takes nothing from what an earlier answer
 * gave. */
EGRET_INLINE void egret_lesson_write(struct egret_lesson *lesson, __u64 name, const __u64 *rule_names,
				     const __u64 *suffixes, __u64 expires_tick)
{
	if ((lesson->name != name && !egret_lesson_says_same(lesson, rule_names)) ||
	    (__s64)(expires_tick - lesson->expires_tick) > 0)
		lesson->expires_tick = expires_tick;
	lesson->rule_names[0] = rule_names[0];
	lesson->rule_names[1] = rule_names[1];
	for (int i = 0; i < EGRET_SUFFIXES; i++)
		lesson->suffixes[i] = suffixes[i];
	lesson->name = name;
}

/* --- how long --- */

/* As `set min_ttl` and `set max_ttl` bound it. */
EGRET_INLINE __u64 egret_lesson_ends(__u32 ttl_sec, const struct egret_settings *settings, __u64 now_tick,
				     __u32 ticks_per_sec)
{
	if (ttl_sec < settings->min_ttl_sec)
		ttl_sec = settings->min_ttl_sec;
	if (ttl_sec > settings->max_ttl_sec)
		ttl_sec = settings->max_ttl_sec;
	return now_tick + (__u64)ttl_sec * ticks_per_sec;
}

/* --- whose quota --- */

/* The place of a subject's ring that its next address takes: the subject's oldest makes room. */
EGRET_INLINE __u32 egret_ring_place(const struct egret_teacher *teacher)
{
	return teacher->next % EGRET_LEARNED_PER_SUBJECT;
}

/* Does an address go with its place in the subject's ring? Not one that somebody else learned, too. */
EGRET_INLINE bool egret_goes_with_ring(const struct egret_learned *learned, __u64 subject)
{
	return learned->subject == subject && !learned->shared;
}

/* --- the last name of an address --- */

/* Where the last name of an address is kept. */
EGRET_INLINE __u32 egret_seen_index(const struct egret_learned_key *key, const volatile __u64 *hash_keys)
{
	const __u64 *words = (const __u64 *)key;
	__u64 hash = words[0] * hash_keys[0] + words[1] * hash_keys[1] + words[2] * hash_keys[2];

	return hash >> (64 - EGRET_SEEN_BUCKETS_LOG2);
}
_Static_assert(sizeof(struct egret_learned_key) == 3 * sizeof(__u64), "egret_seen_index covers three words");

#endif
