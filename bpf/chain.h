/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an answer's records say, in whatever order they stand: aliases and addresses are noted as they are read, and
 * then the names are found that the asked one leads to. An address counts when its record has one of these names.
 *
 * Servers that shuffle records, or put an alias behind the addresses, are read so by musl, Go and Node. Where a name
 * has several aliases, all of them count: which of them a client takes is its own affair, and the server that says so
 * could have said all of it of one name.
 */
#ifndef EGRET_BPF_CHAIN_H
#define EGRET_BPF_CHAIN_H

#include "message.h"

#define DNS_TYPE_ANY 255

/* --- noting --- */

static __always_inline void alias_note(struct answer *answer, __u64 owner, __u64 target)
{
	__u32 count = answer->alias_count;

	if (count >= ANSWER_ALIASES) {
		answer->unread = 1;
		return;
	}
	answer->aliases[count & (ANSWER_ALIASES - 1)] = (struct dns_alias){.owner = owner, .target = target};
	answer->alias_count = count + 1;
}

/* An address at @at, in the record under way, which is @owner's. */
static __always_inline void address_note(struct answer *answer, __u64 owner, __u32 at, bool is_v6)
{
	__u32 count = answer->address_count;
	struct dns_address *address = &answer->addresses[count & (ANSWER_ADDRESSES - 1)];

	if (count >= ANSWER_ADDRESSES) {
		answer->unread = 1;
		return;
	}
	address->owner = owner;
	address->ttl_sec = answer->records.ttl_sec;
	address->at = at;
	address->is_v6 = is_v6;
	address->of_asked_type = answer->records.type == answer->type || answer->type == DNS_TYPE_ANY;
	answer->address_count = count + 1;
}

/* --- the chain --- */

/* Adds what the name at @place is an alias of. Each alias is followed once: so a loop ends. Global: taken once. */
__noinline int chain_grow(__u32 buffer, __u32 place)
{
	struct answer *answer = answer_of(buffer);
	__u64 name;

	if (!answer)
		return 0;
	name = answer->chain[place & (ANSWER_CHAIN - 1)];
	for (__u32 i = 0; i < ANSWER_ALIASES; i++) {
		struct dns_alias *alias = &answer->aliases[i];
		__u32 count = answer->chain_count;

		if (i >= answer->alias_count)
			break;
		if (alias->owner != name)
			continue;
		alias->owner = 0;
		if (count < ANSWER_CHAIN) {
			answer->chain[count & (ANSWER_CHAIN - 1)] = alias->target;
			answer->chain_count = count + 1;
		} else {
			answer->unread = 1;
		}
		asm volatile("" ::: "memory"); /* read anew what is in the map */
	}
	return 0;
}

/* Finds all names that the first one leads to. Global: taken once. */
__noinline int chain_follow(__u32 buffer)
{
	struct answer *answer = answer_of(buffer);

	if (!answer)
		return 0;
	for (__u32 i = 0; i < ANSWER_CHAIN; i++) {
		if (i >= answer->chain_count)
			break;
		chain_grow(buffer, i);
		asm volatile("" ::: "memory"); /* as above */
	}
	return 0;
}

/* Is @name one of them? Global: called for each address. */
__noinline int chain_has(__u32 buffer, __u64 name)
{
	struct answer *answer = answer_of(buffer);

	if (!answer)
		return 0;
	for (__u32 i = 0; i < ANSWER_CHAIN; i++) {
		if (i >= answer->chain_count)
			break;
		if (answer->chain[i] == name)
			return 1;
	}
	return 0;
}

#endif
