/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The name that was last resolved to an address: for people who ask what was denied, and
 * for the next policy. An array of buckets that forgets a bucket's oldest, since an
 * insertion into a kernel's LRU hash takes as long as all the rest of learning (600 of
 * 1200 ns, measured).
 */
#ifndef EGRET_BPF_SEEN_H
#define EGRET_BPF_SEEN_H

#include "egret_learn.h"
#include "maps.h"
#include "names.h"

static __always_inline struct egret_seen_bucket *seen_bucket(const struct egret_learned_key *key)
{
	__u32 index = egret_seen_index(key, hash_keys);

	return bpf_map_lookup_elem(&seen, &index);
}

static __always_inline bool seen_is(const struct egret_seen *entry, const struct egret_learned_key *key)
{
	return addr_equal(&entry->key.addr, &key->addr) && entry->key.scope == key->scope;
}

/* @untaught: enum egret_untaught */
static __always_inline void seen_add(const struct answer *message, const struct egret_learned_key *key,
				     __u64 expires_tick, __u64 untaught)
{
	struct egret_seen_bucket *bucket = seen_bucket(key);
	struct egret_seen *entry;
	__u32 place;

	if (!bucket)
		return;
	bpf_spin_lock(&bucket->lock); /* 5.1 */
	place = bucket->next;
	for (__u32 i = 0; i < EGRET_SEEN_PLACES; i++)
		if (seen_is(&bucket->places[i], key))
			place = i;
	entry = &bucket->places[place & (EGRET_SEEN_PLACES - 1)];
	if (place == bucket->next)
		bucket->next = (place + 1) & (EGRET_SEEN_PLACES - 1);
	entry->key = *key;
	entry->name = message->name;
	entry->subject = message->subject;
	entry->expires_tick = expires_tick;
	entry->untaught = untaught;
	for (int i = 0; i < EGRET_SUFFIXES; i++)
		entry->suffixes[i] = message->suffixes[i];
	bpf_spin_unlock(&bucket->lock);
}

/* Its place in the bucket; EGRET_SEEN_PLACES = it has none. */
static __always_inline __u32 seen_find(struct egret_seen_bucket *bucket, const struct egret_learned_key *key)
{
	__u32 place = EGRET_SEEN_PLACES;

	bpf_spin_lock(&bucket->lock);
	for (__u32 i = 0; i < EGRET_SEEN_PLACES; i++)
		if (seen_is(&bucket->places[i], key))
			place = i;
	bpf_spin_unlock(&bucket->lock);
	return place;
}

/* The key of the name, whatever the policy says of it; 0 = none. */
static __always_inline __u64 seen_name(const struct egret_learned_key *key)
{
	struct egret_seen_bucket *bucket = seen_bucket(key);
	__u64 name = 0;

	if (!bucket)
		return 0;
	bpf_spin_lock(&bucket->lock);
	for (int i = 0; i < EGRET_SEEN_PLACES; i++)
		if (seen_is(&bucket->places[i], key))
			name = bucket->places[i].name;
	bpf_spin_unlock(&bucket->lock);
	return name;
}

#endif
