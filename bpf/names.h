/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names in a DNS message (RFC 1035 section 4.1.4), and what the policy says of them.
 *
 * name_read() makes the key of a name; name_note_suffixes(), name_find_rule() and name_remember() are about the name
 * that it read last.
 */
#ifndef EGRET_BPF_NAMES_H
#define EGRET_BPF_NAMES_H

#include "maps.h"
#include "message.h"
#include "policy.h"

#define DNS_POINTER    0xc0 /* RFC 1035 section 4.1.4 */
#define DNS_MAX_JUMPS  8
#define DNS_NAME_STEPS 256 /* octets of a name and jumps; RFC 1035 section 2.3.4 */

static __always_inline __u8 lower_case(__u8 octet)
{
	return octet >= 'A' && octet <= 'Z' ? octet | 0x20 : octet;
}

/* One octet. 0: go on; 1: the root was reached; -1: this is no name that can be judged. */
static __always_inline int name_step(struct message *message)
{
	struct name_reader *reader = &message->reader;
	__u32 count;
	__u8 octet;

	if (reader->at >= message->len)
		return -1;
	octet = message->bytes[reader->at & (EGRET_DNS_BYTES - 1)];
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
		__u32 to = message_word(message, reader->at) & 0x3fff;

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

/* The key of the name at @at, or 0. Global, as what has loops is: the verifier takes it once. */
__noinline __u64 name_read(__u32 side, __u32 at)
{
	struct message *message = message_of(side);
	__u64 key = 0;
	int done = 0;

	if (!message)
		return 0;
	message->label_count = 0;
	message->reader = (struct name_reader){.at = at, .whole = at == DNS_HEADER};
	for (int i = 0; i < DNS_NAME_STEPS && !done; i++) {
		done = name_step(message);
		asm volatile("" ::: "memory"); /* read anew what is in the map */
	}
	if (done != 1)
		return 0;
	message->end = message->reader.end ? message->reader.end : message->reader.at;
	for (int i = 0; i < EGRET_MAX_LABELS; i++) {
		__u32 label = message->label_count - 1 - i;

		if (label >= EGRET_MAX_LABELS)
			break;
		key = egret_key_label(key, message->labels[label], hash_keys);
	}
	return key;
}

/* Keys of the domains above the name that was read last: what name_find_rule and later policies
 * look for. */
__noinline int name_note_suffixes(__u32 side)
{
	struct message *message = message_of(side);
	__u64 key = 0;

	if (!message)
		return 0;
	for (int i = 0; i < EGRET_SUFFIXES; i++) {
		__u32 label = message->label_count - 1 - i;

		message->suffixes[i] = 0;
		if (!label || label >= EGRET_MAX_LABELS)
			continue;
		key = egret_key_label(key, message->labels[label], hash_keys);
		message->suffixes[i] = key;
	}
	return 0;
}

/* What the policy of @slot has for the name that was read last: its own key, or that of the
 * narrowest pattern over it; 0 = nothing, or none with one of @flags (EGRET_DEST_*). */
__noinline __u64 name_find_rule(__u32 side, __u32 flags, __u32 slot)
{
	struct message *message = message_of(side);
	void *table = policy_table(&lists, slot);
	__u64 key = 0, pattern, found = 0;
	struct egret_target *target;

	if (!message || !table)
		return 0;
	for (int i = 0; i < EGRET_MAX_LABELS; i++) {
		__u32 label = message->label_count - 1 - i;

		if (label >= EGRET_MAX_LABELS)
			break;
		key = egret_key_label(key, message->labels[label], hash_keys);
		pattern = egret_key_pattern(key, hash_keys);
		if (label && bpf_map_lookup_elem(table, &pattern))
			found = pattern;
	}
	if (bpf_map_lookup_elem(table, &key))
		found = key;
	if (!found)
		return 0;
	target = bpf_map_lookup_elem(table, &found);
	return target && target->dest.flags & flags ? found : 0;
}

/* For people: the question's name, with dots. */
__noinline int name_remember(__u32 side, __u64 key)
{
	struct message *message = message_of(side);
	__u32 left = 0, at = DNS_HEADER, to = 0;

	if (!message || bpf_map_lookup_elem(&asked, &key))
		return 0;
	for (int i = 0; i < EGRET_NAME_MAX + 1; i++, at++) {
		__u8 octet = lower_case(message->bytes[at & (EGRET_DNS_BYTES - 1)]);

		if (at >= message->len)
			return 0;
		if (!left) {
			if (!octet || octet & DNS_POINTER)
				break;
			left = octet;
			octet = '.';
			if (!i)
				continue;
		} else {
			left--;
			/* The text is only shown to people; what decides is the key. */
			if (octet <= ' ' || octet > '~' || octet == '.')
				octet = '?';
		}
		message->text[to & (EGRET_NAME_SIZE - 1)] = octet;
		to++;
	}
	message->text[to & (EGRET_NAME_SIZE - 1)] = 0;
	bpf_map_update_elem(&asked, &key, message->text, BPF_ANY);
	return 0;
}

#endif
