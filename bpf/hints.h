/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The addresses in HTTPS and SVCB records (RFC 9460 section 2.2): a client that reads ipv4hint and ipv6hint may connect
 * to them before it knows any other address. They are of the name that it asked for, whatever the record's TargetName.
 */
#ifndef EGRET_BPF_HINTS_H
#define EGRET_BPF_HINTS_H

#include "chain.h"
#include "learned.h"
#include "message.h"

#define HINT_KEY_V4     4 /* RFC 9460 section 14.3.2 */
#define HINT_KEY_V6     6
#define HINT_MAX_PARAMS 32 /* ten are registered */
#define HINT_MAX_ADDRS  64 /* of a family, in a record */

/* Past the TargetName, which has no pointers. False: it has no end. */
static __always_inline bool hint_skip_target(const struct answer *answer, struct hint_reader *reader)
{
	for (int i = 0; i <= EGRET_MAX_LABELS; i++) {
		__u8 len = answer->bytes[reader->at & (EGRET_DNS_BYTES - 1)];

		if (reader->at >= reader->end || len > EGRET_LABEL_MAX)
			return false;
		reader->at += 1 + len;
		if (!len)
			return true;
		asm volatile("" ::: "memory"); /* read anew what is in the map */
	}
	return false;
}

/* One parameter. False: none that can be read. */
static __always_inline bool hint_param(const struct answer *answer, struct hint_reader *reader, bool first)
{
	__u32 at = reader->at, key = answer_word(answer, at), len = answer_word(answer, at + 2);

	if (at + 4 > reader->end || at + 4 + len > reader->end || (!first && key <= reader->key))
		return false;
	at += 4;
	reader->key = key;
	reader->at = at + len;
	if (key == HINT_KEY_V4) {
		reader->v4_at = at;
		reader->v4_bytes = len;
		return len && len % 4 == 0;
	}
	if (key == HINT_KEY_V6) {
		reader->v6_at = at;
		reader->v6_bytes = len;
		return len && len % 16 == 0;
	}
	return true;
}

/* All of them, to the end of the record. */
static __always_inline bool hint_params(const struct answer *answer, struct hint_reader *reader)
{
	for (int i = 0; i < HINT_MAX_PARAMS; i++) {
		if (reader->at >= reader->end)
			break;
		if (!hint_param(answer, reader, !i))
			return false;
		asm volatile("" ::: "memory"); /* as above */
	}
	return reader->at == reader->end;
}

static __always_inline void hint_note(struct answer *answer, __u64 owner)
{
	struct hint_reader *reader = &answer->hints;

	for (__u32 i = 0; i < HINT_MAX_ADDRS; i++) {
		if (4 * i < reader->v4_bytes)
			address_note(answer, owner, reader->v4_at + 4 * i, false);
		if (16 * i < reader->v6_bytes)
			address_note(answer, owner, reader->v6_at + 16 * i, true);
		asm volatile("" ::: "memory"); /* as above */
	}
	if (reader->v4_bytes > 4 * HINT_MAX_ADDRS || reader->v6_bytes > 16 * HINT_MAX_ADDRS)
		answer->unread = 1;
}

/* The record of @owner whose data is from @at to @end. What is malformed has no hints, and AliasMode (priority 0) has
 * none to give. Global: the verifier takes its loops once. */
__noinline int hints_read(__u32 buffer, __u64 owner, __u32 at, __u32 end)
{
	struct answer *answer = answer_of(buffer);
	struct hint_reader *reader;

	if (!answer)
		return 0;
	reader = &answer->hints;
	*reader = (struct hint_reader){.at = at + 2, .end = end};
	if (at + 2 < end && !answer_word(answer, at))
		return 0;
	if (hint_skip_target(answer, reader) && hint_params(answer, reader))
		hint_note(answer, owner);
	else
		lesson_count(EGRET_LESSON_PARAMETERS);
	return 0;
}

#endif
