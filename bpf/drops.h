/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The rows of what was denied, for people: drops_count() counts a packet on the row of its owner that has its key.
 * include/egret_drops.h says what an owner may fill, and under which locks.
 *
 * A row's place is found by a print of its key, a hash. Where prints and rows do not agree, as when two keys have the
 * same print, or two CPUs give the same place away at once, the row that stands there is pushed out as any other:
 * what is in a row is always of that row.
 */
#ifndef EGRET_BPF_DROPS_H
#define EGRET_BPF_DROPS_H

#include "maps.h"

#define DROPS_NOWHERE    EGRET_DROPS_PER_OWNER
#define DROPS_CANDIDATES 8 /* owners that are looked at when room is needed */

/* What a new culprit begins with. By its size, for a lock cannot lie in .rodata. */
static const __u8 drops_blank[sizeof(struct egret_culprit)];
static const __u8 drops_no_path[sizeof(struct egret_subject_name)];

static __always_inline __u32 drops_print(const struct egret_drop_key *key)
{
	const __u64 *words = (const __u64 *)key;
	__u64 sum = 0;

	for (int i = 0; i < (int)(sizeof(*key) / sizeof(*words)); i++)
		sum += (words[i] ^ words[i] >> 29) * hash_keys[i];
	return sum >> 32 | 1;
}

static __always_inline bool drops_same(const struct egret_drop_key *a, const struct egret_drop_key *b)
{
	const __u64 *left = (const __u64 *)a, *right = (const __u64 *)b;
	__u64 differ = 0;

	for (int i = 0; i < (int)(sizeof(*a) / sizeof(*left)); i++)
		differ |= left[i] ^ right[i];
	return !differ;
}

/* --- room --- */

/* Global, as all that has loops: the verifier takes it once. */
__noinline int drops_forget(__u64 owner)
{
	struct egret_culprit *culprit = bpf_map_lookup_elem(&culprits, &owner);
	struct egret_drop_place place = {.owner = owner};

	if (culprit) {
		bpf_spin_lock(&culprit->lock); /* 5.1 */
		culprit->gone = 1;
		bpf_spin_unlock(&culprit->lock);
		bpf_map_delete_elem(&culprits, &owner);
	}
	for (__u32 i = 0; i < EGRET_DROPS_PER_OWNER; i++) {
		struct egret_drop_row *row;

		place.place = i;
		row = bpf_map_lookup_elem(&drops, &place);
		if (!row)
			continue;
		bpf_spin_lock(&row->lock);
		row->gone = 1;
		bpf_spin_unlock(&row->lock);
		bpf_map_delete_elem(&drops, &place);
	}
	return 0;
}

/* Of a few owners at the head of the queue, the one that was denied nothing for the longest time; the others move to
 * the end. Where there are none it is 0, those whose socket nobody knows. */
__noinline __u64 drops_oldest(void)
{
	__u64 owner, oldest = 0, oldest_tick = 0;
	struct egret_culprit *culprit;
	bool any = false;

	for (int i = 0; i < DROPS_CANDIDATES; i++) {
		if (bpf_map_pop_elem(&culprit_order, &owner)) /* 4.20 */
			break;
		culprit = bpf_map_lookup_elem(&culprits, &owner);
		if (!culprit)
			continue;
		if (any && (__s64)(culprit->last_tick - oldest_tick) >= 0) {
			bpf_map_push_elem(&culprit_order, &owner, BPF_EXIST);
			continue;
		}
		if (any)
			bpf_map_push_elem(&culprit_order, &oldest, BPF_EXIST);
		oldest = owner;
		oldest_tick = culprit->last_tick;
		any = true;
	}
	return oldest;
}

/* Not by one calling the other: 512 octets of stack are for the whole chain of calls. */
static __always_inline void drops_make_room(void)
{
	drops_forget(drops_oldest());
}

/* --- places --- */

static __always_inline struct egret_culprit *drops_culprit(__u64 owner)
{
	struct egret_culprit *culprit = bpf_map_lookup_elem(&culprits, &owner);

	if (culprit)
		return culprit;
	if (!bpf_map_update_elem(&culprits, &owner, drops_blank, BPF_NOEXIST))
		bpf_map_push_elem(&culprit_order, &owner, BPF_EXIST);
	return bpf_map_lookup_elem(&culprits, &owner);
}

/* The place of the row with this print, or the one that is given away for it. DROPS_NOWHERE: there is no room for
 * another owner. Global: a loop. */
__noinline __u32 drops_place(__u64 owner, __u32 print)
{
	struct egret_culprit *culprit = drops_culprit(owner);
	__u64 tick = bpf_jiffies64(); /* 5.6 */
	__u32 place = DROPS_NOWHERE;

	if (!culprit)
		return DROPS_NOWHERE;
	bpf_spin_lock(&culprit->lock);
	if (!culprit->owner)
		culprit->owner = owner;
	if (culprit->owner == owner && !culprit->gone) {
		culprit->last_tick = tick;
		for (place = 0; place < EGRET_DROPS_PER_OWNER; place++)
			if (culprit->prints[place & (EGRET_DROPS_PER_OWNER - 1)] == print)
				break;
		if (place == EGRET_DROPS_PER_OWNER) {
			place = culprit->next++ & (EGRET_DROPS_PER_OWNER - 1);
			culprit->prints[place] = print;
		}
	}
	bpf_spin_unlock(&culprit->lock);
	return place;
}

/* --- names --- */

/* Is the cgroup known to @culprit already? If not it is from now on, in the place of *@ret_old. */
static __always_inline bool drops_knows(struct egret_culprit *culprit, __u64 cgroup_id, __u64 *ret_old)
{
	__u32 place;

	for (int i = 0; i < EGRET_NAMES_PER_OWNER; i++)
		if (culprit->named[i] == cgroup_id)
			return true;
	place = culprit->next_named++ & (EGRET_NAMES_PER_OWNER - 1);
	*ret_old = culprit->named[place];
	culprit->named[place] = cgroup_id;
	return false;
}

/*
 * When something is denied to a cgroup for the first time, the agent is told, and writes down whose it is. Where no
 * agent runs, the end of the cgroup finds the place that is made here, and writes the path (cgroup_life.h). An owner
 * with many cgroups pushes out names of his own.
 */
__noinline int drops_name(__u64 owner, __u64 cgroup_id)
{
	struct egret_denied told = {.cgroup_id = cgroup_id, .owner = owner}; /* keys, too: the stack is short */
	struct egret_culprit *culprit = bpf_map_lookup_elem(&culprits, &told.owner);
	__u64 old = 0;
	bool known;

	if (!culprit || !cgroup_id)
		return 0;
	bpf_spin_lock(&culprit->lock);
	known = drops_knows(culprit, cgroup_id, &old);
	bpf_spin_unlock(&culprit->lock);
	if (known)
		return 0;
	if (old)
		bpf_map_delete_elem(&subject_names, &old);
	bpf_map_update_elem(&subject_names, &told.cgroup_id, drops_no_path, BPF_NOEXIST);
	bpf_ringbuf_output(&denied, &told, sizeof(told), 0); /* 5.8 */
	return 0;
}

/* --- rows --- */

/* A packet in the tick of the one before it: nothing but the count is new. */
static __always_inline bool drops_again(struct egret_drop_row *row, const struct egret_drop_row *now)
{
	bool same;

	bpf_spin_lock(&row->lock);
	same = !row->gone && drops_same(&row->key, &now->key) && row->drop.last_tick == now->drop.last_tick;
	if (same) {
		row->drop.packets++;
		row->drop.generation = now->drop.generation;
	}
	bpf_spin_unlock(&row->lock);
	return same;
}

/* The key's fourth word: all between the address and the name. */
static __always_inline __u64 drops_what(__u16 port, __u8 l4_proto, __u8 reason, __u16 rule, __u8 audited)
{
	return port | (__u64)l4_proto << 16 | (__u64)reason << 24 | (__u64)rule << 32 | (__u64)audited << 48;
}

/* The same of a row whose name may be another one. */
static __always_inline bool drops_again_but_for_name(struct egret_drop_row *row, __u64 cgroup_id,
						     const struct egret_addr *addr, __u64 what, const __u32 *generation)
{
	const __u64 *key = (const __u64 *)&row->key, *halves = (const __u64 *)addr;
	__u64 tick = bpf_jiffies64(), differ; /* 5.6 */

	bpf_spin_lock(&row->lock);
	differ = row->gone | (key[0] ^ cgroup_id) | (key[1] ^ halves[0]) | (key[2] ^ halves[1]) | (key[3] ^ what) |
		 (row->drop.last_tick ^ tick);
	if (!differ) {
		row->drop.packets++;
		row->drop.generation = *generation;
	}
	bpf_spin_unlock(&row->lock);
	return !differ;
}

static __always_inline void drops_push_out(__u64 owner, const struct egret_others *pushed, __u32 audited)
{
	struct egret_culprit *culprit = bpf_map_lookup_elem(&culprits, &owner);
	struct egret_others *others;

	if (!culprit)
		return;
	others = &culprit->others[audited & 1];
	__sync_fetch_and_add(&others->packets, pushed->packets);
	__sync_fetch_and_add(&others->rows, 1);
	others->last_ns = pushed->last_ns;
	others->generation = pushed->generation;
}

static __always_inline void drops_count_on(struct egret_drop *drop, const struct egret_drop *now)
{
	drop->packets++;
	drop->generation = now->generation;
	drop->last_tick = now->last_tick;
	drop->last_ns = now->last_ns;
	if (now->pid) {
		drop->pid = now->pid;
		__builtin_memcpy(drop->comm, now->comm, sizeof(drop->comm));
	}
}

/* Counts on the row that stands there, or else takes its place. */
static __always_inline void drops_write(struct egret_drop_row *row, const struct egret_drop_row *now)
{
	struct egret_others pushed = {};
	__u32 audited = 0;

	bpf_spin_lock(&row->lock);
	if (!row->gone && row->owner == now->owner) {
		if (drops_same(&row->key, &now->key)) {
			drops_count_on(&row->drop, &now->drop);
		} else {
			pushed.packets = row->drop.packets;
			pushed.last_ns = row->drop.last_ns;
			pushed.generation = row->drop.generation;
			audited = row->key.audited;
			row->key = now->key;
			row->drop = now->drop;
		}
	}
	bpf_spin_unlock(&row->lock);
	if (pushed.packets)
		drops_push_out(now->owner, &pushed, audited);
}

/* Under this place there is none yet. False: somebody else was faster. */
static __always_inline bool drops_insert(const struct egret_drop_place *place, const struct egret_drop_row *now)
{
	long rc = bpf_map_update_elem(&drops, place, now, BPF_NOEXIST);

	if (rc && rc != -EEXIST) {
		drops_make_room();
		rc = bpf_map_update_elem(&drops, place, now, BPF_NOEXIST);
	}
	return rc != -EEXIST;
}

#endif
