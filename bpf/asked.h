/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The texts of names that were asked for, for people. Each owner has a ring of the names that it asked for last: its
 * newer ones push out its own older ones, never another's. The text of a name that is known (answered, room.h) stays
 * as long as that, and then goes with it. What several owners asked for passes to a ring of them all, that of owner 0.
 *
 * `asked` is an LRU map all the same: what nobody's ring holds any more, as when a ring was given to another owner,
 * ends there.
 */
#ifndef EGRET_BPF_ASKED_H
#define EGRET_BPF_ASKED_H

#include "maps.h"
#include "message.h"
#include "share.h"

static const struct egret_asked_ring no_names;

/* Is the text there already? */
static __always_inline bool asked_again(const struct question *question, __u64 name)
{
	struct egret_asked *entry = bpf_map_lookup_elem(&asked, &name);

	if (entry && entry->owner != question->message.owner && !entry->shared)
		entry->shared = 1;
	return entry;
}

/* Two CPUs that took the same place would lose what one of them wrote there: hence the share's lock. */
static __always_inline __u32 asked_next_place(__u64 owner)
{
	struct egret_share *share = bpf_map_lookup_elem(&shares, &owner);
	__u32 place;

	if (!share)
		share = share_make(owner);
	if (!share)
		return EGRET_ASKED_NOWHERE;
	bpf_spin_lock(&share->lock); /* 5.1 */
	place = share->asked++;
	bpf_spin_unlock(&share->lock);
	return place & (EGRET_SHARE_ASKED - 1);
}

static __always_inline struct egret_asked_ring *asked_ring_of(__u64 owner)
{
	struct egret_asked_ring *ring = bpf_map_lookup_elem(&asked_rings, &owner);

	if (ring)
		return ring;
	bpf_map_update_elem(&asked_rings, &owner, &no_names, BPF_NOEXIST);
	return bpf_map_lookup_elem(&asked_rings, &owner);
}

/* Gives the name a place in the ring of question.text's owner, and notes it there. Returns the name that stood in it;
 * 0 = none. */
static __always_inline __u64 asked_enter(struct question *question, __u64 name)
{
	struct egret_asked_ring *ring;
	__u64 old;
	__u32 place;

	question->text.place = EGRET_ASKED_NOWHERE;
	ring = asked_ring_of(question->text.owner);
	place = asked_next_place(question->text.owner);
	if (!ring || place == EGRET_ASKED_NOWHERE)
		return 0;
	question->text.place = place;
	old = ring->names[place & (EGRET_SHARE_ASKED - 1)];
	ring->names[place & (EGRET_SHARE_ASKED - 1)] = name;
	return old;
}

/* The text of a name that lost its place, question.text's, and has to go; NULL: it stands elsewhere, or is known. */
static __always_inline struct egret_asked *asked_leaves(const struct question *question, const __u64 *name)
{
	struct egret_asked *entry = bpf_map_lookup_elem(&asked, name);

	if (!entry || entry->owner != question->text.owner || entry->place != question->text.place)
		return 0;
	/* Before the look into `known`: whoever removes the name there meanwhile looks here afterwards. */
	*(volatile __u32 *)&entry->place = EGRET_ASKED_NOWHERE;
	return bpf_map_lookup_elem(&known, name) ? 0 : entry;
}

/* Of the name that lost its place. */
static __always_inline void asked_push_out(struct question *question, __u64 name)
{
	struct egret_asked *entry;
	__u64 older;

	entry = asked_leaves(question, &name);
	if (!entry)
		return;
	if (entry->shared && question->text.owner) {
		question->text.owner = 0;
		older = asked_enter(question, name);
		entry->owner = 0;
		entry->place = question->text.place;
		name = older;
		if (!asked_leaves(question, &name))
			return;
	}
	bpf_map_delete_elem(&asked, &name);
}

/* The text that lies in the buffer is this name's. Global: the verifier takes it once; and all in one, since a
 * chain of calls may have 8 frames. */
__noinline int asked_add(__u32 buffer, __u64 name)
{
	struct question *question = question_of(buffer);
	__u64 old;

	if (!question)
		return 0;
	question->text.owner = question->message.owner;
	question->text.shared = 0;
	old = asked_enter(question, name);
	if (question->text.place == EGRET_ASKED_NOWHERE)
		return 0;
	bpf_map_update_elem(&asked, &name, &question->text, BPF_ANY);
	if (old && old != name)
		asked_push_out(question, old);
	return 0;
}

/* The name is known no more: its text goes, too, unless a ring holds it. */
static __always_inline void asked_forget(const __u64 *name)
{
	struct egret_asked *entry = bpf_map_lookup_elem(&asked, name);

	if (entry && entry->place == EGRET_ASKED_NOWHERE)
		bpf_map_delete_elem(&asked, name);
}

#endif
