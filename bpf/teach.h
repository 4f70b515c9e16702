/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an answer teaches: the addresses of the name and type that were asked for, along the answer's own aliases. Only
 * if the socket that it reaches asked this very question of a server that the policy trusts, and such a server answers;
 * what cannot be understood is delivered all the same, teaches nothing, and is counted.
 *
 * answer_take() reads the answer that lies in the buffer; learned.h keeps what it finds.
 */
#ifndef EGRET_BPF_TEACH_H
#define EGRET_BPF_TEACH_H

#include "chain.h"
#include "dns.h"
#include "learned.h"
#include "memory.h"
#include "names.h"
#include "packet.h"
#include "query.h"
#include "records.h"
#include "service.h"
#include "socket.h"
#include "subject.h"

#define DNS_TRUNCATED 0x0200
#define DNS_RCODE     0x000f

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

/* The halves of a noted address, as they lie in memory; an IPv4 address stands behind ::ffff:0:0/96. */
static __always_inline void address_read(struct answer *answer, const struct dns_address *address)
{
	__u32 at = address->at;

	answer->ttl_sec = address->ttl_sec;
	if (address->is_v6) {
		answer->halves[0] = answer_four(answer, at + 4) << 32 | answer_four(answer, at);
		answer->halves[1] = answer_four(answer, at + 12) << 32 | answer_four(answer, at + 8);
	} else {
		answer->halves[0] = 0;
		answer->halves[1] = answer_four(answer, at) << 32 | 0xffff0000;
	}
}

/* Is the noted address of the asked name, and of the type that was asked for? Then its halves and its TTL are in the
 * buffer. Global: the verifier takes its ways once, and not for each address. */
__noinline int address_teaches(__u32 buffer, __u32 index)
{
	struct answer *answer = answer_of(buffer);
	const struct dns_address *address;

	if (!answer)
		return false;
	address = &answer->addresses[index & (ANSWER_ADDRESSES - 1)];
	if (!chain_has(buffer, address->owner)) {
		lesson_count(EGRET_LESSON_STRAY);
		return false;
	}
	if (!address->of_asked_type) {
		lesson_count(EGRET_LESSON_OTHER_TYPE);
		return false;
	}
	address_read(answer, address);
	return true;
}

/* All that were noted. Global: the verifier takes its loop once. */
__noinline int answer_teach(__u32 buffer)
{
	struct answer *answer = answer_of(buffer);

	if (!answer)
		return 0;
	for (__u32 i = 0; i < ANSWER_ADDRESSES; i++) {
		if (i >= answer->address_count)
			break;
		if (address_teaches(buffer, i))
			learn(buffer, answer, answer->halves[0], answer->halves[1]);
		asm volatile("" ::: "memory"); /* read anew what is in the map */
	}
	return 0;
}

/* The name and the type that were asked for, and the name that it teaches. False: they cannot be read. */
static __always_inline bool answer_names(__u32 buffer, struct answer *answer)
{
	__u64 asked = answer_word(answer, 4) == 1 ? answer_name_read(buffer, DNS_HEADER) : 0;
	__u32 service;

	if (!asked || answer->message.end + 4 > answer->message.len)
		return false;
	answer->type = answer_word(answer, answer->message.end);
	answer->chain[0] = asked;
	answer->chain_count = 1;
	service = answer_service(buffer);
	answer->name = service ? answer_name_read(buffer, DNS_HEADER + service) : asked;
	return true;
}

/* Whoever was asked may answer, and whoever is trusted, at port 53, unless its address is another machine on each
 * link. */
static __always_inline bool answer_was_asked(struct __sk_buff *skb, const struct answer *answer,
					     struct egret_queries *open)
{
	__u32 about = (__u32)answer_word(answer, 0) << 16 | answer->type;
	__u64 server = query_server(skb, &answer->server, answer->server_port_be);
	bool trusted = answer->server_port_be == bpf_htons(DNS_PORT) && !addr_is_link_local(&answer->server) &&
		       addr_is_trusted(&answer->server, answer->slot);

	return query_find(skb, open, about, answer->chain[0], server, QUERY_CLOSES | (trusted ? QUERY_ANYWHERE : 0));
}

/* The header and the question: does the answer teach? Then it is about its name. Global: its stack must not add to
 * that of the records. */
__noinline int answer_opens(struct __sk_buff *skb, __u32 buffer)
{
	struct answer *answer = answer_of(buffer);
	struct egret_queries *open = queries_of(skb);
	__u16 flags;

	if (!answer || !open)
		return false;
	flags = answer_word(answer, 2);
	if (!(flags & DNS_RESPONSE) || flags & DNS_OPCODE)
		return false;
	if (!answer_names(buffer, answer)) {
		lesson_count(EGRET_LESSON_MALFORMED);
		return false;
	}
	if (!answer_was_asked(skb, answer, open)) {
		lesson_count(EGRET_LESSON_MISMATCH);
		return false;
	}
	/* Some clients use what is there (musl before 1.2.4, Netty before 4.1.37); who asks again by TCP opens another
	 * question. */
	answer->is_cut = flags & DNS_TRUNCATED || answer->message.len == EGRET_DNS_BYTES;
	if (flags & DNS_TRUNCATED)
		lesson_count(EGRET_LESSON_TRUNCATED);
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

/* What is in the records from @at on. False: they cannot be read. Of an answer that is cut, those count that are whole.
 */
static __always_inline bool answer_read(__u32 buffer, struct answer *answer, __u32 at)
{
	if (!records_read(buffer, answer, at)) {
		if (!answer->is_cut)
			return false;
		answer->unread |= answer->message.len == EGRET_DNS_BYTES;
	}
	chain_follow(buffer);
	if (answer->unread)
		lesson_count(EGRET_LESSON_UNREAD);
	return true;
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
	answer->ttl_sec = 0; /* until an address is read */
	if (!lesson_begins(answer, buffer))
		return 0;
	if (!(answer->rules[answer->slot & 1] & EGRET_DEST_TEACHES))
		lesson_count(EGRET_LESSON_OUTSIDE);
	if (!answer_read(buffer, answer, records)) {
		lesson_count(EGRET_LESSON_MALFORMED);
		return 0;
	}
	answer_teach(buffer);
	known_extend(answer);
	return 0;
}

#endif
