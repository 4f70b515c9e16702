/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Places of maps that many sockets share (struct egret_place). Each owner has places of its own, so what one makes the
 * maps remember pushes out nothing but its own. Nobody holds a lock: sockets of one owner may write to a place at once,
 * and a map may give a place to another owner while somebody still writes to it. So whatever lies there carries a check
 * word that only its own socket can know, and that only what was written whole has.
 */
#ifndef EGRET_BPF_PLACE_H
#define EGRET_BPF_PLACE_H

#include "maps.h"

/* A check word takes in one word after the other, each with another of hash_keys. */
static __always_inline __u64 check_add(__u64 check, __u64 word, __u64 key)
{
	check = (check ^ word) * key;
	return check ^ check >> 32;
}

/* The place of @key in @map, made of @empty when it is not there yet; NULL: there was no room for it. */
static __always_inline void *place_make(void *map, const struct egret_place *key, const void *empty)
{
	void *found = bpf_map_lookup_elem(map, key);

	if (found)
		return found;
	bpf_map_update_elem(map, key, empty, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, key);
}

#endif
