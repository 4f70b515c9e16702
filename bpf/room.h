/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Room for what answers teach (share.h): what gives way, and when. share_tidy() comes after each answer.
 */
#ifndef EGRET_BPF_ROOM_H
#define EGRET_BPF_ROOM_H

#include "kernel_words.h"

#include "egret_learn.h"
#include "asked.h"
#include "maps.h"
#include "message.h"
#include "policy.h"
#include "share.h"

/* A place that was given a moment ago has no entry yet, and must not be taken for one that was given up: so the newest
 * places are looked through only when their owner learned nothing for a while. */
#define SHARE_SETTLES_SEC 2
#define SHARE_YOUNG       (2 * EGRET_CHUNK_PLACES)
/* Owners that are asked for room after one answer, and chunks that one answer begins; each gives a chunk of each ring.
 */
#define SHARE_ASKS 8

/* Why an entry is to go. Beside the place, in the argument of share_drop; and beside it the answer's buffer, counted
 * from the first one, which has room for an entry (answer.fresh). */
enum share_why {
	SHARE_ENDED,      /* if it ended */
	SHARE_ENDED_LONG, /* if it ended so long ago that nobody asks any more why it is denied */
	SHARE_OVER,       /* its owner has more than its share */
	SHARE_LEFT,       /* its owner is gone */
};
#define SHARE_WHY_SHIFT    28
#define SHARE_WHYS         3U
#define SHARE_BUFFER_SHIFT 2

/* --- one entry --- */

/* Does only what ended go? */
static __always_inline bool share_sweeps(__u32 why)
{
	return why <= SHARE_ENDED_LONG;
}

/* What ended then or before goes. */
static __always_inline __u32 share_ended_by(__u32 why)
{
	return now_sec() - (why == SHARE_ENDED_LONG ? EGRET_ENDED_KEPT_SEC : 0);
}

/* Does the entry hold this place? */
static __always_inline bool share_holds(__u64 owner, __u32 hold, __u64 asked_owner, __u32 where)
{
	return owner == asked_owner && (hold & EGRET_HOLD_WHERE) == where;
}

/* Where an entry goes that is not to go yet; SHARE_NOWHERE: it goes. @ret_owner: in whose share. */
static __always_inline __u32 share_spares(__u64 owner, __u32 hold, __u32 why, const __u64 *key, __u64 *ret_owner)
{
	__u32 ring = egret_hold_ring(hold);

	*ret_owner = owner;
	if (owner && hold & EGRET_HOLD_SHARED)
		*ret_owner = 0;
	else if (why != SHARE_OVER || !(hold & EGRET_HOLD_AGAIN))
		return SHARE_NOWHERE;
	return share_enter(*ret_owner, ring, key[0], key[1], key[2]);
}

/* It was learned again between the look and the deletion: it is put back. */
static __always_inline void share_put_back_addr(const struct egret_learned_key *key, const struct egret_learned *entry,
						__u32 buffer)
{
	struct answer *answer = answer_of(QUESTION_BUFFERS + buffer);
	struct egret_learned *again;

	if (!answer)
		return;
	again = (struct egret_learned *)answer->fresh;
	for (int i = 0; i < EGRET_LEARNED_NAMES; i++) {
		again->names[i] = entry->names[i];
		again->expires_sec[i] = entry->expires_sec[i];
	}
	again->owner = entry->owner;
	again->hold = entry->hold;
	if (!bpf_map_update_elem(&learned, key, again, BPF_NOEXIST))
		fill_add(EGRET_FILL_ADDRS, 1);
}

/* Of an address. True: it stands where it was. */
static __always_inline bool share_drop_addr(__u64 owner, __u32 where, __u32 why, __u32 buffer,
					    const struct egret_learned_key *key)
{
	struct egret_learned *entry = bpf_map_lookup_elem(&learned, key);
	__u32 sec = share_ended_by(why), to;
	__u64 to_owner;

	if (!entry || !share_holds(entry->owner, entry->hold, owner, where))
		return false;
	if (!egret_learned_ended(entry, sec)) {
		if (share_sweeps(why))
			return true;
		to = share_spares(owner, entry->hold, why, (const __u64 *)key, &to_owner);
		if (to != SHARE_NOWHERE) {
			bpf_spin_lock(&entry->lock);
			entry->owner = to_owner;
			entry->hold = (entry->hold & ~(EGRET_HOLD_WHERE | EGRET_HOLD_SHARED | EGRET_HOLD_AGAIN)) |
				      (to & EGRET_HOLD_WHERE);
			bpf_spin_unlock(&entry->lock);
			return false;
		}
	}
	if (!bpf_map_delete_elem(&learned, key))
		fill_add(EGRET_FILL_ADDRS, -1);
	/* Its memory may be another entry's by now, which has another place. */
	if (share_sweeps(why) && share_holds(entry->owner, entry->hold, owner, where) &&
	    !egret_learned_ended(entry, now_sec()))
		share_put_back_addr(key, entry, buffer);
	return false;
}

/* What programs wrote into lists for the name alone (name_rule of names.h). */
static __always_inline void known_forget_copies(__u64 name)
{
	for (__u32 slot = 0; slot < EGRET_POLICY_SLOTS; slot++) {
		void *table = policy_table(&lists, slot);
		struct egret_target *target = table ? bpf_map_lookup_elem(table, &name) : 0;

		if (target && target->dest.flags & EGRET_DEST_OF_PATTERN)
			bpf_map_delete_elem(table, &name);
	}
}

/* As share_put_back_addr. */
static __always_inline void share_put_back_name(const __u64 *key, const struct egret_known *entry, __u32 buffer)
{
	struct answer *answer = answer_of(QUESTION_BUFFERS + buffer);
	struct egret_known *again;

	if (!answer)
		return;
	again = (struct egret_known *)answer->fresh;
	for (int i = 0; i < EGRET_SUFFIXES; i++)
		again->suffixes[i] = entry->suffixes[i];
	again->owner = entry->owner;
	again->hold = entry->hold;
	again->expires_sec = entry->expires_sec;
	if (!bpf_map_update_elem(&known, key, again, BPF_NOEXIST))
		fill_add(EGRET_FILL_NAMES, 1);
}

/* Of a name. */
static __always_inline bool share_drop_name(__u64 owner, __u32 where, __u32 why, __u32 buffer, const __u64 *key)
{
	struct egret_known *entry = bpf_map_lookup_elem(&known, key);
	__u32 sec = share_ended_by(why), to;
	__u64 to_owner;
	bool deep;

	if (!entry || !share_holds(entry->owner, entry->hold, owner, where))
		return false;
	if (!egret_is_over(entry->expires_sec, sec)) {
		if (share_sweeps(why))
			return true;
		to = share_spares(owner, entry->hold, why, key, &to_owner);
		if (to != SHARE_NOWHERE) {
			bpf_spin_lock(&entry->lock);
			entry->owner = to_owner;
			entry->hold = to & EGRET_HOLD_WHERE;
			bpf_spin_unlock(&entry->lock);
			return false;
		}
	}
	deep = entry->suffixes[EGRET_SUFFIXES - 1];
	if (!bpf_map_delete_elem(&known, key))
		fill_add(EGRET_FILL_NAMES, -1);
	asked_forget(key);
	if (share_sweeps(why) && share_holds(entry->owner, entry->hold, owner, where) &&
	    !egret_is_over(entry->expires_sec, now_sec()))
		share_put_back_name(key, entry, buffer);
	else if (deep)
		known_forget_copies(key[0]);
	return false;
}

/* What stands in this place, with this key. Not 0: it goes on standing there. */
__noinline int share_drop(__u64 owner, __u32 where_why, __u64 first, __u64 second, __u64 third)
{
	__u64 key[3] = {first, second, third};
	__u32 where = where_why & EGRET_HOLD_WHERE, why = where_why >> SHARE_WHY_SHIFT & SHARE_WHYS;
	__u32 buffer = where_why >> (SHARE_WHY_SHIFT + SHARE_BUFFER_SHIFT);

	if (egret_ring_is_of_names(egret_hold_ring(where)))
		return share_drop_name(owner, where, why, buffer, key);
	return share_drop_addr(owner, where, why, buffer, (const struct egret_learned_key *)key);
}

/* --- one chunk --- */

/* All that stands in a chunk; @begin: its first place. Returns how many go on standing there. */
__noinline int share_drop_chunk(__u64 owner, __u32 ring, __u32 begin, __u32 count, __u32 why)
{
	struct egret_chunk_key at = {
	    .owner = owner, .ring = ring, .chunk = (begin & EGRET_HOLD_PLACE) / EGRET_CHUNK_PLACES};
	int stand = 0;

	for (__u32 i = 0; i < EGRET_CHUNK_PLACES; i++) {
		struct egret_chunk *chunk = bpf_map_lookup_elem(&chunks, &at);
		const __u64 *key;

		if (!chunk || i >= count)
			break;
		key = (const __u64 *)&chunk->keys[i];
		if (key[0] | key[1] | key[2])
			stand += share_drop(owner, egret_hold_where(ring, begin + i) | why << SHARE_WHY_SHIFT, key[0],
					    key[1], key[2]);
	}
	if (!stand && count == EGRET_CHUNK_PLACES)
		bpf_map_delete_elem(&chunks, &at);
	return stand;
}

/* The part of a ring that may be looked through. */
struct share_span {
	__u32 begin, end; /* places, counted on */
};

static __always_inline struct share_span share_span_of(struct egret_share *share, __u32 ring)
{
	struct share_span span;
	bool settled;

	ring &= EGRET_SHARE_RINGS - 1;
	settled = egret_is_over(share->entered_sec + SHARE_SETTLES_SEC, now_sec());
	bpf_spin_lock(&share->lock);
	span.begin = share->tail[ring];
	span.end = share->head[ring];
	bpf_spin_unlock(&share->lock);
	if (!settled)
		span.end = span.end - span.begin > SHARE_YOUNG ? span.end - SHARE_YOUNG : span.begin;
	return span;
}

/* Gives up the oldest chunk of a ring: the tail moves first, so that no other CPU gives up the same. */
static __always_inline void share_take(struct egret_share *share, __u64 owner, __u32 ring, __u32 why, __u32 buffer)
{
	struct share_span span;
	__u32 count = 0;

	ring &= EGRET_SHARE_RINGS - 1;
	span = share_span_of(share, ring);
	if (span.begin == span.end)
		return;
	bpf_spin_lock(&share->lock);
	if (share->tail[ring] == span.begin) {
		count = EGRET_CHUNK_PLACES - span.begin % EGRET_CHUNK_PLACES;
		if (count > span.end - span.begin)
			count = span.end - span.begin;
		share->tail[ring] = span.begin + count;
	}
	bpf_spin_unlock(&share->lock);
	/* A tail in the midst of a chunk: all before it was given up already, and holds nothing. */
	span.begin -= span.begin % EGRET_CHUNK_PLACES;
	if (count)
		share_drop_chunk(owner, ring, span.begin, EGRET_CHUNK_PLACES, why | buffer << SHARE_BUFFER_SHIFT);
}

/* Looks through one chunk of a ring for what ended, the next one each time. */
static __always_inline void share_sweep(struct egret_share *share, __u64 owner, __u32 ring, __u32 why, __u32 buffer)
{
	struct share_span span;
	__u32 at, next, count;

	ring &= EGRET_SHARE_RINGS - 1;
	span = share_span_of(share, ring);
	if (span.begin == span.end)
		return;
	at = share->sweep[ring];
	if (at - span.begin >= span.end - span.begin)
		at = span.begin;
	at -= at % EGRET_CHUNK_PLACES;
	next = at + EGRET_CHUNK_PLACES;
	count = span.end - at < EGRET_CHUNK_PLACES ? span.end - at : EGRET_CHUNK_PLACES;
	share->sweep[ring] = next;
	if (share_drop_chunk(owner, ring, at, count, why | buffer << SHARE_BUFFER_SHIFT))
		return;
	if (at + count - span.begin > EGRET_CHUNK_PLACES) /* not the oldest one */
		return;
	bpf_spin_lock(&share->lock);
	/* Nothing may have entered what was looked through. */
	if (share->tail[ring] == span.begin && share->head[ring] - span.begin >= at + count - span.begin &&
	    (count == EGRET_CHUNK_PLACES || share->head[ring] == span.end))
		share->tail[ring] = at + count;
	bpf_spin_unlock(&share->lock);
}

/* --- room --- */

/* A share in which nothing stands goes. True: it is gone. */
static __always_inline bool share_remove_empty(struct egret_share *share, __u64 owner)
{
	struct egret_chunk_key at = {.owner = owner};
	bool empty = true;

	bpf_spin_lock(&share->lock);
	for (int ring = 0; ring < EGRET_SHARE_RINGS; ring++)
		empty &= share->head[ring] == share->tail[ring];
	if (empty)
		share->flags |= EGRET_SHARE_DEAD;
	bpf_spin_unlock(&share->lock);
	if (!empty)
		return false;
	/* First what is left of its rings: then the owner may begin anew, with the same chunks. */
	for (__u32 ring = 0; ring < EGRET_SHARE_RINGS; ring++) {
		at.ring = ring;
		at.chunk = (share->head[ring] & EGRET_HOLD_PLACE) / EGRET_CHUNK_PLACES;
		bpf_map_delete_elem(&chunks, &at);
	}
	bpf_map_delete_elem(&shares, &owner);
	return true;
}

/* The cgroup of an owner was removed: what it has serves nobody any more, and gives way first. The program that sees
 * the cgroup go cannot say it to the share: none of its kind may use a map with a lock. */
static __always_inline bool share_is_left(__u64 owner)
{
	return owner && !bpf_map_lookup_elem(&subjects, &owner);
}

/* The next owner's turn: what ended goes; of names that a rule has, after a while, unless room is short: until then a
 * denial can say that it ended. An owner that is gone is among those that give way. */
__noinline int share_turn(__u32 buffer)
{
	__u32 why = share_is_short() ? SHARE_ENDED : SHARE_ENDED_LONG;
	struct egret_share *share;
	__u64 owner;

	if (bpf_map_pop_elem(&turns, &owner))
		return 0;
	share = bpf_map_lookup_elem(&shares, &owner);
	if (!share)
		return 0;
	if (share_is_left(owner))
		share_list(share, owner);
	for (__u32 ring = 0; ring < EGRET_SHARE_RINGS; ring++)
		share_sweep(share, owner, ring, egret_ring_is_outside(ring) ? SHARE_ENDED : why, buffer);
	if (!share_remove_empty(share, owner))
		bpf_map_push_elem(&turns, &owner, 0);
	return 0;
}

/* Gives up a chunk of each ring that has more than @keeps of it says; true: a ring has more still. */
static __always_inline bool share_trim(struct egret_share *share, __u64 owner, bool all, __u32 buffer)
{
	/* Who was answered a moment ago is there, whether or not anybody knows its cgroup. */
	bool more = false, gone = all && share_is_left(owner);

	for (__u32 ring = 0; ring < EGRET_SHARE_RINGS; ring++) {
		__u32 keeps = gone ? 0 : all ? egret_share_of(owner, ring) : egret_share_max(ring);

		if (share->head[ring] - share->tail[ring] <= keeps)
			continue;
		share_take(share, owner, ring, gone ? SHARE_LEFT : SHARE_OVER, buffer);
		more |= share->head[ring] - share->tail[ring] > keeps;
	}
	return more;
}

/* What an owner has over its share, a chunk of each ring: @owner's where it has more than anybody may have; @owner 0:
 * of whoever is next among those who are over theirs. */
__noinline int share_give(__u64 owner, __u32 buffer)
{
	struct egret_share *share;
	bool asked = !owner;

	if (asked && bpf_map_pop_elem(&spare, &owner))
		return 0;
	share = bpf_map_lookup_elem(&shares, &owner);
	if (!share)
		return 0;
	if (share_trim(share, owner, asked, buffer)) {
		if (asked)
			bpf_map_push_elem(&spare, &owner, 0);
	} else if (asked) {
		bpf_spin_lock(&share->lock);
		share->flags &= ~EGRET_SHARE_LISTED;
		bpf_spin_unlock(&share->lock);
	}
	return 0;
}

/* After each answer, whose owner began so many chunks. */
static __always_inline void share_tidy(__u64 owner, __u32 chunks_made, __u32 buffer)
{
	buffer -= QUESTION_BUFFERS;
	if (share_is_short()) {
		for (int i = 0; i < SHARE_ASKS; i++) {
			share_give(0, buffer);
			share_turn(buffer);
		}
	}
	for (__u32 i = 0; i < SHARE_ASKS && i < chunks_made; i++) {
		share_give(owner, buffer);
		share_turn(buffer);
	}
}

#endif
