/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names in a DNS message (RFC 1035 section 4.1.4), and what the policy says of them.
 *
 * question_name_read() and answer_name_read() make the key of a name; name_note_suffixes(), name_rule() and
 * name_remember() are about the name that was read last.
 */
#ifndef EGRET_BPF_NAMES_H
#define EGRET_BPF_NAMES_H

#include "asked.h"
#include "maps.h"
#include "message.h"
#include "policy.h"

#define DNS_POINTER 0xc0 /* RFC 1035 section 4.1.4 */
/* A name that is written behind each of its aliases takes a jump for each. c-ares follows 50. */
#define DNS_MAX_JUMPS 50
/* Octets of a name (RFC 1035 section 2.3.4) and jumps, 320 in all. */
#define NAME_STRIDE  16
#define NAME_STRIDES 20

static __always_inline __u8 lower_case(__u8 octet)
{
	return octet >= 'A' && octet <= 'Z' ? octet | 0x20 : octet;
}

/* One octet. 0: go on; 1: the root was reached; -1: this is no name that can be judged. @most: octets that @bytes have
 * room for, a power of two. */
static __always_inline int name_step(struct message *message, const __u8 *bytes, __u32 most)
{
	struct name_reader *reader = &message->reader;
	__u32 count;
	__u8 octet;

	if (reader->at >= message->len)
		return -1;
	octet = bytes[reader->at & (most - 1)];
	if (reader->left) {
		reader->label = egret_key_octet(reader->label, lower_case(octet), hash_keys);
		reader->at++;
		if (--reader->left)
			return 0;
		count = message->label_count;
		if (count >= EGRET_MAX_LABELS)
			return -1;
		message->labels[count] = reader->label;
		message->label_count = count + 1;
		return 0;
	}
	if ((octet & DNS_POINTER) == DNS_POINTER) {
		__u32 to = (octet << 8 | bytes[(reader->at + 1) & (most - 1)]) & 0x3fff;

		/* A pointer must lead back, so that following pointers ends; and never into the header,
		 * whose octets in an answer are not those of the question. */
		if (reader->whole || to < DNS_HEADER || to >= reader->at || ++reader->jumps > DNS_MAX_JUMPS)
			return -1;
		if (!reader->end)
			reader->end = reader->at + 2;
		reader->at = to;
		return 0;
	}
	if (octet & DNS_POINTER)
		return -1;
	reader->at++;
	if (!octet)
		return 1;
	reader->left = octet;
	reader->label = egret_key_length(octet);
	return 0;
}

static __always_inline int name_walk(struct message *message, const __u8 *bytes, __u32 most)
{
	int done = 0;

	for (int i = 0; i < NAME_STRIDE && !done; i++) {
		done = name_step(message, bytes, most);
		asm volatile("" ::: "memory"); /* read anew what is in the map */
	}
	return done;
}

/* A stride of steps: the verifier takes each of them, and would take all of a name's each time. */
__noinline int question_name_walk(__u32 buffer)
{
	struct question *question = question_of(buffer);

	return question ? name_walk(&question->message, question->bytes, QUESTION_BYTES) : -1;
}

__noinline int answer_name_walk(__u32 buffer)
{
	struct answer *answer = answer_of(buffer);

	return answer ? name_walk(&answer->message, answer->bytes, EGRET_DNS_BYTES) : -1;
}

static __always_inline void name_begin(struct message *message, __u32 at)
{
	message->begin = at;
	message->label_count = 0;
	message->reader = (struct name_reader){.at = at, .whole = at == DNS_HEADER};
}

/* The key of the name that was walked through. */
static __always_inline __u64 name_key(struct message *message)
{
	__u64 key = 0;

	message->end = message->reader.end ? message->reader.end : message->reader.at;
	for (int i = 0; i < EGRET_MAX_LABELS; i++) {
		__u32 label = message->label_count - 1 - i;

		if (label >= EGRET_MAX_LABELS)
			break;
		key = egret_key_label(key, message->labels[label], hash_keys);
	}
	return key;
}

/* The key of the name at @at of a question, or 0. */
__noinline __u64 question_name_read(__u32 buffer, __u32 at)
{
	struct question *question = question_of(buffer);
	int done = 0;

	if (!question)
		return 0;
	name_begin(&question->message, at);
	for (int i = 0; i < NAME_STRIDES && !done; i++)
		done = question_name_walk(buffer);
	return done == 1 ? name_key(&question->message) : 0;
}

/* The key of the name at @at of an answer, or 0. */
__noinline __u64 answer_name_read(__u32 buffer, __u32 at)
{
	struct answer *answer = answer_of(buffer);
	int done = 0;

	if (!answer)
		return 0;
	name_begin(&answer->message, at);
	for (int i = 0; i < NAME_STRIDES && !done; i++)
		done = answer_name_walk(buffer);
	return done == 1 ? name_key(&answer->message) : 0;
}

/* Keys of the domains above the name that was read last: what patterns are looked for with. */
__noinline int name_note_suffixes(__u32 buffer)
{
	struct answer *answer = answer_of(buffer);
	__u64 key = 0;

	if (!answer)
		return 0;
	for (int i = 0; i < EGRET_SUFFIXES; i++) {
		__u32 label = answer->message.label_count - 1 - i;

		answer->suffixes[i] = 0;
		if (!label || label >= EGRET_MAX_LABELS)
			continue;
		key = egret_key_label(key, answer->message.labels[label], hash_keys);
		answer->suffixes[i] = key;
	}
	return 0;
}

/* Beside EGRET_DEST_*: the policy has the name itself. */
#define NAME_RULE_EXACT (1U << 16)
/* And: packets cannot find what the policy has, unless it is left for them (name_copy). */
#define NAME_RULE_DEEP (1U << 17)

/* The key of the narrowest pattern over the name that was read last; 0 = none. *ret_deep: by more labels than
 * egret_known keeps. */
static __always_inline __u64 name_pattern(const struct message *message, void *table, bool *ret_deep)
{
	__u64 key = 0, found = 0;

	*ret_deep = false;
	for (int i = 0; i < EGRET_MAX_LABELS; i++) {
		__u32 label = message->label_count - 1 - i;
		__u64 pattern;

		if (!label || label >= EGRET_MAX_LABELS)
			break;
		key = egret_key_label(key, message->labels[label], hash_keys);
		pattern = egret_key_pattern(key, hash_keys);
		if (!bpf_map_lookup_elem(table, &pattern))
			continue;
		found = pattern;
		*ret_deep = i >= EGRET_SUFFIXES;
	}
	return found;
}

/* What the policy of @slot has for the name that was read last, whose key is @name: the flags of its own list, or of
 * that of the narrowest pattern over it; 0 = nothing. */
__noinline __u32 name_rule(__u32 buffer, __u64 name, __u32 slot)
{
	struct message *message = message_of(buffer);
	void *table = policy_table(&lists, slot);
	struct egret_target *target;
	__u64 pattern;
	__u32 own = 0;
	bool deep;

	if (!message || !table)
		return 0;
	target = bpf_map_lookup_elem(table, &name);
	if (target && !(target->dest.flags & EGRET_DEST_OF_PATTERN))
		return target->dest.flags | NAME_RULE_EXACT;
	if (target && target->dest.count)
		return target->dest.flags;
	if (target)
		own = NAME_RULE_DEEP;
	pattern = name_pattern(message, table, &deep);
	target = pattern ? bpf_map_lookup_elem(table, &pattern) : 0;
	if (!target)
		return 0;
	return target->dest.flags | own | (deep ? NAME_RULE_DEEP : 0);
}

/* Of a name that NAME_RULE_DEEP is said of: who has all of its labels leaves what the pattern over it says under the
 * name's own key, for packets. 0: there is no room. */
__noinline int name_copy(__u32 buffer, __u64 name, __u32 slot)
{
	struct message *message = message_of(buffer);
	void *table = policy_table(&lists, slot);
	struct egret_target *target, copy;
	__u64 pattern;
	bool deep;

	if (!message || !table)
		return 0;
	pattern = name_pattern(message, table, &deep);
	target = bpf_map_lookup_elem(table, &pattern);
	if (!target)
		return 0;
	copy = *target;
	copy.dest.flags |= EGRET_DEST_OF_PATTERN;
	return !bpf_map_update_elem(table, &name, &copy, BPF_ANY);
}

/* An octet of the name that was read last, for its text. 0: go on; 1: the text is whole; -1: the name has no end. */
static __always_inline int text_step(struct question *question)
{
	struct text_writer *writer = &question->writer;
	__u8 octet = lower_case(question->bytes[writer->at & (QUESTION_BYTES - 1)]);
	bool first = writer->at == question->message.begin;

	if (writer->at >= question->message.len)
		return -1;
	writer->at++;
	if (writer->left) {
		writer->left--;
		/* The text is only shown to people; what decides is the key. */
		if (octet <= ' ' || octet > '~' || octet == '.')
			octet = '?';
	} else {
		if (!octet || octet & DNS_POINTER)
			return 1;
		writer->left = octet;
		if (first)
			return 0;
		octet = '.';
	}
	question->text.name[writer->to++ & (EGRET_NAME_SIZE - 1)] = octet;
	return 0;
}

/* A stride of steps, as question_name_walk. */
__noinline int text_walk(__u32 buffer)
{
	struct question *question = question_of(buffer);
	int done = 0;

	if (!question)
		return -1;
	for (int i = 0; i < NAME_STRIDE && !done; i++) {
		done = text_step(question);
		asm volatile("" ::: "memory"); /* read anew what is in the map */
	}
	return done;
}

/* For people: the name that was read last, with dots. True: its text is new and lies in the buffer, for asked_add. Not
 * by calling that: 512 octets of stack are for the whole chain of calls. */
__noinline int name_remember(__u32 buffer, __u64 key)
{
	struct question *question = question_of(buffer);
	int done = 0;

	if (!question || asked_again(question, key))
		return 0;
	question->writer = (struct text_writer){.at = question->message.begin};
	for (int i = 0; i < NAME_STRIDES && !done; i++)
		done = text_walk(buffer);
	if (done != 1)
		return 0;
	question->text.name[question->writer.to & (EGRET_NAME_SIZE - 1)] = 0;
	return 1;
}

#endif
