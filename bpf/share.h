/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whose what was learned is. Each owner (a pod, a service) has a share: rings of places (enum egret_share_ring), each
 * place with the key of an entry of `learned` or `known`. An owner's newer entries push out its own older ones, never
 * another's. Where there is no room for any more, those give way that are over their owner's share, whose owner is
 * gone, or that ended: share_tidy() of room.h, after each answer. Each new chunk of places looks through an older one
 * of somebody's (share_turn there); no agent is needed.
 *
 * What several owners were answered is not pushed out with the first one's: it passes to the common share, owner 0.
 */
#ifndef EGRET_BPF_SHARE_H
#define EGRET_BPF_SHARE_H

#include "kernel_words.h"

#include "egret_learn.h"
#include "maps.h"
#include "policy.h"

/* No place was found. */
#define SHARE_NOWHERE (~0U)
static const struct egret_chunk no_keys;
/* Words, since a value with a lock is no constant. */
static const __u64 no_share[(sizeof(struct egret_share) + 7) / 8];

static __always_inline __u32 now_sec(void)
{
	return egret_sec_of(bpf_jiffies64(), ticks_per_sec); /* 5.6 */
}

/* --- how full it is --- */

static __always_inline void fill_add(__u32 which, __s32 count)
{
	__u32 *entries = bpf_map_lookup_elem(&fill, &which);

	if (entries)
		__sync_fetch_and_add(entries, count);
}

/* Is it time to make room? Long before there is none: an answer never waits for it. */
static __always_inline bool share_is_short(void)
{
	__u32 addrs = EGRET_FILL_ADDRS, names = EGRET_FILL_NAMES;
	__u32 *addr_count = bpf_map_lookup_elem(&fill, &addrs), *name_count = bpf_map_lookup_elem(&fill, &names);

	return addr_count && name_count &&
	       (*addr_count > EGRET_MAX_LEARNED - EGRET_LEARNED_RESERVE ||
		*name_count > EGRET_MAX_KNOWN - EGRET_KNOWN_RESERVE);
}

/* --- places --- */

static __always_inline struct egret_share *share_make(__u64 owner)
{
	/* It fails where another CPU was faster, or there is no room. */
	if (!bpf_map_update_elem(&shares, &owner, &no_share, BPF_NOEXIST))
		bpf_map_push_elem(&turns, &owner, 0);
	return bpf_map_lookup_elem(&shares, &owner);
}

/* Over its share, it is among those that give way. */
static __always_inline void share_list(struct egret_share *share, __u64 owner)
{
	bool listed;

	bpf_spin_lock(&share->lock); /* 5.1 */
	listed = share->flags & EGRET_SHARE_LISTED;
	share->flags |= EGRET_SHARE_LISTED;
	bpf_spin_unlock(&share->lock);
	if (!listed)
		bpf_map_push_elem(&spare, &owner, 0);
}

/*
 * The next place of a ring, with this key in it: as egret_learned.hold has it, or SHARE_NOWHERE. The lowest bit above
 * (SHARE_MADE) says that a new chunk was begun: then share_tidy is due. Global: taken once.
 */
#define SHARE_MADE (1U << 31)
__noinline __u32 share_enter(__u64 owner, __u32 ring, __u64 first, __u64 second, __u64 third)
{
	struct egret_share *share = bpf_map_lookup_elem(&shares, &owner);
	struct egret_chunk_key at = {.owner = owner, .ring = ring & (EGRET_SHARE_RINGS - 1)};
	__u32 place, has, made = 0, sec = now_sec();
	struct egret_chunk *chunk;
	__u64 *key;
	bool dead;

	if (!share)
		share = share_make(owner);
	if (!share)
		return SHARE_NOWHERE;
	ring = at.ring;
	bpf_spin_lock(&share->lock);
	dead = share->flags & EGRET_SHARE_DEAD;
	place = share->head[ring];
	has = place - share->tail[ring];
	if (!dead)
		share->head[ring] = place + 1;
	share->entered_sec = sec;
	bpf_spin_unlock(&share->lock);
	if (dead)
		return SHARE_NOWHERE;
	place &= EGRET_HOLD_PLACE;
	at.chunk = place / EGRET_CHUNK_PLACES;
	chunk = bpf_map_lookup_elem(&chunks, &at);
	if (!chunk) {
		bpf_map_update_elem(&chunks, &at, &no_keys, BPF_NOEXIST);
		chunk = bpf_map_lookup_elem(&chunks, &at);
		if (!chunk)
			return SHARE_NOWHERE;
		made = SHARE_MADE;
		if (has >= egret_share_of(owner, ring))
			share_list(share, owner);
	}
	key = (__u64 *)&chunk->keys[place % EGRET_CHUNK_PLACES];
	key[0] = first;
	key[1] = second;
	key[2] = third;
	return made | egret_hold_where(ring, place);
}

#endif
