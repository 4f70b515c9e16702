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
static __always_inline void learn(__u32 buffer, const struct answer *answer, const __u64 *halves)
{
	__u32 slot = answer->slot;

	learned_add(buffer, halves[0], halves[1], slot, learned_need(halves[0], halves[1], slot));
}

static __always_inline void learn_v4(__u32 buffer, struct answer *answer, __u32 at)
{
	struct packet pkt = {};
	const __u64 *halves = (const __u64 *)&pkt.addr;
	__u32 addr = (__u32)answer_word(answer, at) << 16 | answer_word(answer, at + 2);

	packet_set_v4(&pkt, bpf_htonl(addr));
	learn(buffer, answer, halves);
}

static __always_inline void learn_v6(__u32 buffer, struct answer *answer, __u32 at)
{
	struct packet pkt = {};
	const __u64 *halves = (const __u64 *)&pkt.addr;
	__u32 words[4];

	for (int i = 0; i < 4; i++)
		words[i] =
		    bpf_htonl((__u32)answer_word(answer, at + 4 * i) << 16 | answer_word(answer, at + 4 * i + 2));
	packet_set_words(&pkt, words[0], words[1], words[2], words[3]);
	learn(buffer, answer, halves);
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

/* The header and the question: does the answer teach? Then @answer is about its name. */
static __always_inline bool answer_opens(struct __sk_buff *skb, __u32 buffer, struct answer *answer,
					 struct egret_queries *open, __u32 slot)
{
	__u16 flags = answer_word(answer, 2);

	if (!(flags & DNS_RESPONSE) || flags & DNS_OPCODE)
		return false;
	answer->name = answer_word(answer, 4) == 1 ? answer_name_read(buffer, DNS_HEADER) : 0;
	if (!answer->name || answer->message.end + 4 > answer->message.len) {
		lesson_count(EGRET_LESSON_MALFORMED);
		return false;
	}
	if (!addr_is_trusted(&answer->server, slot) ||
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
	answer->subject = sock->owner;
	return true;
}

/* The answer that lies in the buffer. Global: the verifier takes it once for all that bring one. */
__noinline int answer_take(struct __sk_buff *skb, __u32 buffer)
{
	struct answer *answer = answer_of(buffer);
	struct egret_queries *open = queries_of(skb, 0);
	struct ruling ruling;
	__u32 records, slot;

	if (!answer || !open || !ruling_take(&ruling))
		return 0;
	slot = ruling.slot;
	if (!answer_opens(skb, buffer, answer, open, slot) || !answer_has_subject(skb, answer))
		return 0;
	answer->slot = slot;
	records = answer->message.end + 4;
	name_note_suffixes(buffer);
	/* In both slots: the other one may be about to rule. */
	answer->rule_names[0] = name_find_rule(buffer, EGRET_DEST_TEACHES, 0);
	answer->rule_names[1] = name_find_rule(buffer, EGRET_DEST_TEACHES, 1);
	answer->outside = !answer->rule_names[slot & 1];
	answer->denies = !answer->outside && name_find_rule(buffer, EGRET_DEST_DENIES, slot);
	if (answer->outside)
		lesson_count(EGRET_LESSON_OUTSIDE);
	if (answer_word(answer, 6) > DNS_MAX_RECORDS)
		lesson_count(EGRET_LESSON_UNREAD);
	if (dns_read_records(buffer, records, 0))
		lesson_count(EGRET_LESSON_MALFORMED);
	else
		dns_read_records(buffer, records, 1);
	return 0;
}

#endif
