/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an answer teaches (RFC 1035 section 4.1.3): the addresses of the name that was asked for, along the answer's own
 * aliases. Only if the socket that it reaches asked this very question of a server that the policy trusts, and such a
 * server answers; what cannot be understood is delivered all the same, teaches nothing, and is counted.
 *
 * answer_take() reads the answer that lies in the buffer; learned.h keeps what it finds.
 */
#ifndef EGRET_BPF_TEACH_H
#define EGRET_BPF_TEACH_H

#include "dns.h"
#include "learned.h"
#include "memory.h"
#include "names.h"
#include "packet.h"
#include "query.h"
#include "socket.h"
#include "subject.h"

#define DNS_TRUNCATED   0x0200
#define DNS_RCODE       0x000f
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

/* What the address asks of a name is found here, and not by learned_add: there the stack of all calls
 * would be over the 512 octets that a chain of them may have (5.10). */
static __always_inline void learn(__u32 buffer, const struct answer *answer, __u64 first_half, __u64 last_half)
{
	__u32 slot = answer->slot;

	learned_add(buffer, first_half, last_half, slot, learned_need(first_half, last_half, slot));
}

/* Four octets of the message, as they lie there. */
static __always_inline __u64 answer_four(struct answer *answer, __u32 at)
{
	return bpf_htonl((__u32)answer_word(answer, at) << 16 | answer_word(answer, at + 2));
}

/* Halves of addresses, as they lie in memory; an IPv4 address stands behind ::ffff:0:0/96. */
static __always_inline void learn_v4(__u32 buffer, struct answer *answer, __u32 at)
{
	learn(buffer, answer, 0, answer_four(answer, at) << 32 | 0xffff0000);
}

static __always_inline void learn_v6(__u32 buffer, struct answer *answer, __u32 at)
{
	learn(buffer, answer, answer_four(answer, at + 4) << 32 | answer_four(answer, at),
	      answer_four(answer, at + 12) << 32 | answer_four(answer, at + 8));
}

/* One record. False: the message ends within it. */
static __always_inline bool record_read(__u32 buffer, struct answer *answer)
{
	struct record_reader *reader = &answer->records;
	__u64 owner = record_owner(buffer, answer);
	__u32 at = reader->at, type, class, data_len;

	if (!owner || at + 10 > answer->message.len)
		return false;
	type = answer_word(answer, at);
	class = answer_word(answer, at + 2);
	answer->ttl_sec = (__u32)answer_word(answer, at + 4) << 16 | answer_word(answer, at + 6);
	data_len = answer_word(answer, at + 8);
	at += 10;
	if (at + data_len > answer->message.len)
		return false;
	reader->at = at + data_len;
	if (class != DNS_CLASS_IN)
		return true;
	if (owner != reader->owner) {
		if (reader->teaches)
			lesson_count(EGRET_LESSON_STRAY);
		return true;
	}
	if (type == DNS_TYPE_CNAME) {
		reader->owner = answer_name_read(buffer, at);
		return reader->owner != 0;
	}
	if (!reader->teaches)
		return true;
	if (type == DNS_TYPE_A && data_len == 4)
		learn_v4(buffer, answer, at);
	else if (type == DNS_TYPE_AAAA && data_len == 16)
		learn_v6(buffer, answer, at);
	return true;
}

/* All records of the answer section; 0 if they can be read. Once without teaching: an answer
 * that cannot be understood to its end teaches nothing. Global: the verifier takes its loop once. */
__noinline int dns_read_records(__u32 buffer, __u32 at, __u32 teaches)
{
	struct answer *answer = answer_of(buffer);

	if (!answer)
		return -1;
	answer->records = (struct record_reader){.at = at, .owner = answer->name, .teaches = teaches};
	for (__u32 i = 0; i < DNS_MAX_RECORDS; i++) {
		if (i >= answer_word(answer, 6))
			break;
		if (!record_read(buffer, answer))
			return -1;
		asm volatile("" ::: "memory"); /* read anew what is in the map */
	}
	return 0;
}

/* The header and the question: does the answer teach? Then it is about its name. Global: its stack must not add to
 * that of the records. */
__noinline int answer_opens(struct __sk_buff *skb, __u32 buffer)
{
	struct answer *answer = answer_of(buffer);
	struct egret_queries *open = queries_of(skb, 0);
	__u16 flags;

	if (!answer || !open)
		return false;
	flags = answer_word(answer, 2);
	if (!(flags & DNS_RESPONSE) || flags & DNS_OPCODE)
		return false;
	answer->name = answer_word(answer, 4) == 1 ? answer_name_read(buffer, DNS_HEADER) : 0;
	if (!answer->name || answer->message.end + 4 > answer->message.len) {
		lesson_count(EGRET_LESSON_MALFORMED);
		return false;
	}
	if (!addr_is_trusted(&answer->server, answer->slot) ||
	    !was_asked(skb, open, answer_word(answer, 0), answer->name, answer_word(answer, answer->message.end))) {
		lesson_count(EGRET_LESSON_MISMATCH);
		return false;
	}
	if (flags & DNS_TRUNCATED) {
		lesson_count(EGRET_LESSON_TRUNCATED);
		return false;
	}
	if (flags & DNS_RCODE) {
		lesson_count(EGRET_LESSON_FAILED);
		return false;
	}
	return true;
}

/* Whose answer this is, and whom it serves. */
static __always_inline bool answer_has_subject(struct __sk_buff *skb, struct answer *answer)
{
	struct egret_sock *sock = memory_of(skb);

	if (!sock || !sock->scope) {
		lesson_count(EGRET_LESSON_SCOPELESS);
		return false;
	}
	answer->scope = sock->scope;
	answer->owner = sock->owner;
	return true;
}

/* What the policy of @slot has for the name. False: packets could not find it, and a wider pattern must not speak for
 * the name. */
static __always_inline bool lesson_rule(struct answer *answer, __u32 buffer, __u32 slot)
{
	answer->rules[slot] = name_rule(buffer, answer->name, slot);
	return !(answer->rules[slot] & NAME_RULE_DEEP) || name_copy(buffer, answer->name, slot);
}

/* What is learned of one name, from an answer or from the agent, begins with what the policy has for the name. False:
 * there is no room. */
static __always_inline bool lesson_begins(struct answer *answer, __u32 buffer)
{
	name_note_suffixes(buffer);
	/* In both slots: the other one may be about to rule. */
	if (!lesson_rule(answer, buffer, 0) || !lesson_rule(answer, buffer, 1)) {
		lesson_count(EGRET_LESSON_FULL);
		return false;
	}
	answer->outside = !((answer->rules[0] | answer->rules[1]) & EGRET_DEST_TEACHES);
	answer->made_known = 0;
	answer->ends_sec = now_sec() + SHARE_SETTLES_SEC;
	if (known_note(buffer))
		return true;
	lesson_count(EGRET_LESSON_FULL);
	return false;
}

/* The answer that lies in the buffer. Global: the verifier takes it once for all that bring one. */
__noinline int answer_take(struct __sk_buff *skb, __u32 buffer)
{
	struct answer *answer = answer_of(buffer);
	struct ruling ruling;
	__u32 records;

	if (!answer || !ruling_take(&ruling))
		return 0;
	answer->slot = ruling.slot;
	if (!answer_opens(skb, buffer) || !answer_has_subject(skb, answer))
		return 0;
	records = answer->message.end + 4;
	if (answer_word(answer, 6) > DNS_MAX_RECORDS)
		lesson_count(EGRET_LESSON_UNREAD);
	if (!lesson_begins(answer, buffer))
		return 0;
	if (!(answer->rules[answer->slot & 1] & EGRET_DEST_TEACHES))
		lesson_count(EGRET_LESSON_OUTSIDE);
	if (dns_read_records(buffer, records, 0)) {
		lesson_count(EGRET_LESSON_MALFORMED);
		return 0;
	}
	dns_read_records(buffer, records, 1);
	known_extend(answer);
	return 0;
}

#endif
