/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The answer section of a message (RFC 1035 section 4.1.3): notes in the buffer which aliases and addresses are in it,
 * for chain.h. Other sections are not read: what a resolver adds there is nothing that a client asked for.
 */
#ifndef EGRET_BPF_RECORDS_H
#define EGRET_BPF_RECORDS_H

#include "chain.h"
#include "hints.h"
#include "message.h"
#include "names.h"
#include "service.h"

#define DNS_TYPE_A      1
#define DNS_TYPE_CNAME  5
#define DNS_TYPE_AAAA   28
#define DNS_CLASS_IN    1
#define DNS_MAX_RECORDS 96 /* 64 addresses and what leads to them */

static __always_inline __u64 record_owner(__u32 buffer, struct answer *answer)
{
	struct record_reader *reader = &answer->records;
	__u32 pointer = answer_word(answer, reader->at);
	__u64 key;

	if (pointer == reader->last_pointer) {
		reader->at += 2;
		return reader->last_key;
	}
	key = answer_name_read(buffer, reader->at);
	if (!key)
		return 0;
	reader->at = answer->message.end;
	if (pointer >> 14 == 3) {
		reader->last_pointer = pointer;
		reader->last_key = key;
	}
	return key;
}

/* An alias that leads to what cannot be read leads nowhere; nor does one whose name is not all of its data. */
static __always_inline void record_alias(__u32 buffer, struct answer *answer, __u64 owner, __u32 at, __u32 end)
{
	__u64 target = answer_name_read(buffer, at);

	if (target && answer->message.end == end)
		alias_note(answer, owner, target);
	else
		lesson_count(EGRET_LESSON_MALFORMED);
}

/* One record. False: it has no end. Global: the verifier takes its ways once, and not for each record. */
__noinline int record_read(__u32 buffer)
{
	struct answer *answer = answer_of(buffer);
	struct record_reader *reader;
	__u32 at, class, data_len;
	__u64 owner;

	if (!answer)
		return false;
	reader = &answer->records;
	owner = record_owner(buffer, answer);
	at = reader->at;
	if (!owner || at + 10 > answer->message.len)
		return false;
	reader->type = answer_word(answer, at);
	class = answer_word(answer, at + 2);
	reader->ttl_sec = (__u32)answer_word(answer, at + 4) << 16 | answer_word(answer, at + 6);
	data_len = answer_word(answer, at + 8);
	at += 10;
	if (at + data_len > answer->message.len)
		return false;
	reader->at = at + data_len;
	if (class != DNS_CLASS_IN)
		return true;
	if (reader->type == DNS_TYPE_CNAME)
		record_alias(buffer, answer, owner, at, at + data_len);
	else if (reader->type == DNS_TYPE_A && data_len == 4)
		address_note(answer, owner, at, false);
	else if (reader->type == DNS_TYPE_AAAA && data_len == 16)
		address_note(answer, owner, at, true);
	else if (reader->type == DNS_TYPE_HTTPS || reader->type == DNS_TYPE_SVCB)
		hints_read(buffer, owner, at, at + data_len);
	return true;
}

/* All records from @at on. False: one of them has no end; what stands before it is noted. */
static __always_inline bool records_read(__u32 buffer, struct answer *answer, __u32 at)
{
	answer->records = (struct record_reader){.at = at};
	answer->alias_count = answer->address_count = 0;
	answer->unread = answer_word(answer, 6) > DNS_MAX_RECORDS;
	for (__u32 i = 0; i < DNS_MAX_RECORDS; i++) {
		if (i >= answer_word(answer, 6))
			break;
		if (!record_read(buffer))
			return false;
		asm volatile("" ::: "memory"); /* read anew what is in the map */
	}
	return true;
}

#endif
