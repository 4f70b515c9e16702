/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How answers teach, written once for the programs, which read them, and for the agent, which teaches what the
 * programs could not read, and what an earlier policy passed over.
 */
#ifndef EGRET_INCLUDE_LEARN_H
#define EGRET_INCLUDE_LEARN_H

#include "egret_dns.h"

/* Where the last name of an address is kept. */
EGRET_INLINE __u32 egret_seen_index(const struct egret_learned_key *key, const volatile __u64 *hash_keys)
{
	const __u64 *words = (const __u64 *)key;
	__u64 hash = words[0] * hash_keys[0] + words[1] * hash_keys[1] + words[2] * hash_keys[2];

	return hash >> (64 - EGRET_SEEN_BUCKETS_LOG2);
}
_Static_assert(sizeof(struct egret_learned_key) == 3 * sizeof(__u64), "egret_seen_index covers three words");

#endif
