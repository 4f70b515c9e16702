/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Questions as they leave and answers as they reach the socket that asked (RFC 1035
 * section 4). An answer teaches only if its socket asked this very question of this
 * very server, which the policy trusts; what cannot be understood is delivered all the
 * same, teaches nothing, and is counted.
 */
#ifndef EGRET_BPF_DNS_H
#define EGRET_BPF_DNS_H

#include "learned.h"
#include "maps.h"
#include "names.h"
#include "packet.h"
#include "socket.h"

#define DNS_PORT         53
#define UDP_HEADER       8
#define DNS_RESPONSE     0x8000
#define DNS_OPCODE       0x7800
#define DNS_TRUNCATED    0x0200
#define DNS_RCODE        0x000f
#define DNS_TYPE_A       1
#define DNS_TYPE_CNAME   5
#define DNS_TYPE_AAAA    28
#define DNS_CLASS_IN     1
#define DNS_MAX_RECORDS  96  /* 64 addresses and what leads to them */
#define DNS_MAX_QUESTION 272 /* a header, a name, type and class */
#define QUERY_LIVES_SEC  30  /* resolv.conf(5) allows no longer time-out */

enum dns_side { DNS_LEAVES, DNS_COMES_IN };

static __always_inline bool is_dns(const struct packet *pkt)
{
	return pkt->l4_proto == IPPROTO_UDP && pkt->port == DNS_PORT;
}

/* Where the message begins: no honest DNS packet has options or extension headers. */
static __always_inline __u32 dns_offset(const struct __sk_buff *skb)
{
	return (skb->protocol == bpf_htons(ETH_P_IP) ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)) + UDP_HEADER;
}

/* Is the message at hand, with a header and one question? */
static __always_inline bool message_load(struct __sk_buff *skb, struct message *message, __u32 limit)
{
	__u32 offset = dns_offset(skb), len = skb->len - offset;

	if (skb->len < offset + DNS_HEADER)
		return false;
	if (len > limit)
		len = limit;
	/* The verifier must see the bounds at the call. */
	asm volatile("" : "+r"(len));
	if (len < 1 || len > DNS_MAX_BYTES)
		return false;
	if (bpf_skb_load_bytes(skb, offset, message->bytes, len))
		return false;
	message->len = len;
	return message_word(message, 4) == 1;
}

__noinline int dns_is_trusted(__u64 first_half, __u64 last_half)
{
	const __u64 halves[2] = {first_half, last_half};
	struct egret_config *cfg = policy_config();
	struct egret_target *target = cfg ? policy_find_addr(halves, cfg) : 0;

	return target && target->dest.flags & EGRET_DEST_RESOLVER;
}

static __always_inline bool addr_is_trusted(const struct egret_addr *addr)
{
	const __u64 *halves = (const __u64 *)addr;

	return dns_is_trusted(halves[0], halves[1]);
}

/* Whom a connected socket talks to: before the translation that egress sees the result of. */
static __always_inline bool connected_to(struct __sk_buff *skb, struct packet *ret)
{
	const volatile struct bpf_sock *sk = skb->sk; /* volatile: it may be read at fixed offsets only */
	__u32 v4, v6[4];

	if (!sk || sk->dst_port != bpf_htons(DNS_PORT))
		return false;
	v4 = sk->dst_ip4;
	v6[0] = sk->dst_ip6[0];
	v6[1] = sk->dst_ip6[1];
	v6[2] = sk->dst_ip6[2];
	v6[3] = sk->dst_ip6[3];
	if (sk->family == 2 /* AF_INET */)
		packet_set_v4(ret, v4);
	else
		packet_set_words(ret, v6[0], v6[1], v6[2], v6[3]);
	return true;
}

static __always_inline void query_add(struct bpf_sock *sk, const struct egret_addr *server, __u64 name, __u16 id,
				      __u16 type)
{
	struct egret_queries *open = bpf_sk_storage_get(&queries, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	struct egret_query *query;

	if (!open)
		return;
	query = &open->all[open->next & (EGRET_QUERIES - 1)];
	open->next++;
	query->name = name;
	query->server = *server;
	query->asked_tick = bpf_jiffies64();
	query->id_be = id;
	query->type_be = type;
}

/* A question leaves for @pkt's address. */
static __noinline int dns_asks(struct __sk_buff *skb, const struct packet *pkt)
{
	struct message *message = message_of(DNS_LEAVES);
	struct packet server = {};
	struct bpf_sock *sk;
	__u64 name;

	if (!message || !pkt || message->busy)
		return 0;
	server.addr = pkt->addr;
	if (!addr_is_trusted(&server.addr) && (!connected_to(skb, &server) || !addr_is_trusted(&server.addr)))
		return 0;
	message->busy = 1;
	if (message_load(skb, message, DNS_MAX_QUESTION) && !(message_word(message, 2) & (DNS_RESPONSE | DNS_OPCODE))) {
		name = name_read(DNS_LEAVES, DNS_HEADER);
		sk = skb->sk;
		if (sk)
			sk = bpf_sk_fullsock(sk);
		if (name && sk && message->end + 4 <= message->len)
			query_add(sk, &server.addr, name, message_word(message, 0),
				  message_word(message, message->end));
	}
	message->busy = 0;
	return 0;
}

/* The open question that an answer from @server with this id is about; closes it. */
static __always_inline bool query_take(struct egret_queries *open, const struct egret_addr *server, __u16 id,
				       __u64 name, __u16 type)
{
	for (int i = 0; i < EGRET_QUERIES; i++) {
		struct egret_query *query = &open->all[i];

		if (!query->name || query->id_be != id || query->name != name || query->type_be != type ||
		    !addr_equal(&query->server, server))
			continue;
		query->name = 0;
		return bpf_jiffies64() - query->asked_tick < (__u64)QUERY_LIVES_SEC * ticks_per_sec;
	}
	return false;
}

static __always_inline __u64 record_owner(struct message *message)
{
	struct record_reader *reader = &message->records;
	__u32 pointer = message_word(message, reader->at);
	__u64 key;

	if (pointer == reader->last_pointer) {
		reader->at += 2;
		return reader->last_key;
	}
	key = name_read(DNS_COMES_IN, reader->at);
	if (!key)
		return 0;
	reader->at = message->end;
	if (pointer >> 14 == 3) {
		reader->last_pointer = pointer;
		reader->last_key = key;
	}
	return key;
}

static __always_inline void learn_v4(struct message *message, __u32 at)
{
	struct packet pkt = {};
	const __u64 *halves = (const __u64 *)&pkt.addr;
	__u32 addr = (__u32)message_word(message, at) << 16 | message_word(message, at + 2);

	packet_set_v4(&pkt, bpf_htonl(addr));
	learned_add(DNS_COMES_IN, halves[0], halves[1]);
}

static __always_inline void learn_v6(struct message *message, __u32 at)
{
	struct packet pkt = {};
	const __u64 *halves = (const __u64 *)&pkt.addr;
	__u32 words[4];

	for (int i = 0; i < 4; i++)
		words[i] =
		    bpf_htonl((__u32)message_word(message, at + 4 * i) << 16 | message_word(message, at + 4 * i + 2));
	packet_set_words(&pkt, words[0], words[1], words[2], words[3]);
	learned_add(DNS_COMES_IN, halves[0], halves[1]);
}

/* One record. False: the message ends within it. */
static __always_inline bool record_read(struct message *message)
{
	struct record_reader *reader = &message->records;
	__u64 owner = record_owner(message);
	__u32 at = reader->at, type, class, data_len;

	if (!owner || at + 10 > message->len)
		return false;
	type = message_word(message, at);
	class = message_word(message, at + 2);
	message->ttl_sec = (__u32)message_word(message, at + 4) << 16 | message_word(message, at + 6);
	data_len = message_word(message, at + 8);
	at += 10;
	if (at + data_len > message->len)
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
		reader->owner = name_read(DNS_COMES_IN, at);
		return reader->owner != 0;
	}
	if (!reader->teaches)
		return true;
	if (type == DNS_TYPE_A && data_len == 4)
		learn_v4(message, at);
	else if (type == DNS_TYPE_AAAA && data_len == 16)
		learn_v6(message, at);
	return true;
}

/* All records of the answer section; 0 if they can be read. Once without teaching: an answer
 * that cannot be understood to its end teaches nothing. Global: the verifier takes its loop once. */
__noinline int dns_read_records(__u32 at, __u32 teaches)
{
	struct message *message = message_of(DNS_COMES_IN);

	if (!message)
		return -1;
	message->records = (struct record_reader){.at = at, .owner = message->name, .teaches = teaches};
	for (__u32 i = 0; i < DNS_MAX_RECORDS; i++) {
		if (i >= message_word(message, 6))
			break;
		if (!record_read(message))
			return -1;
		asm volatile("" ::: "memory"); /* read anew what is in the map */
	}
	return 0;
}

/* The header and the question: does the answer teach? Then @message is about its name. */
static __always_inline bool answer_opens(struct message *message, struct egret_queries *open,
					 const struct egret_addr *server)
{
	__u16 flags = message_word(message, 2);

	if (!(flags & DNS_RESPONSE) || flags & DNS_OPCODE)
		return false;
	message->name = name_read(DNS_COMES_IN, DNS_HEADER);
	if (!message->name || message->end + 4 > message->len) {
		lesson_count(EGRET_LESSON_MALFORMED);
		return false;
	}
	if (!query_take(open, server, message_word(message, 0), message->name, message_word(message, message->end))) {
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

/* What comes from @pkt's address and port 53. */
static __noinline int dns_answers(struct __sk_buff *skb, const struct packet *pkt, const struct egret_sock *state)
{
	struct message *message = message_of(DNS_COMES_IN);
	struct bpf_sock *sk = skb->sk;
	struct egret_queries *open;
	__u32 records;

	if (!message || !pkt || !state || !sk)
		return 0;
	open = bpf_sk_storage_get(&queries, sk, 0, 0);
	if (!open) {
		lesson_count(EGRET_LESSON_UNASKED);
		return 0;
	}
	if (message->busy) {
		lesson_count(EGRET_LESSON_BUSY);
		return 0;
	}
	message->busy = 1;
	if (!message_load(skb, message, DNS_MAX_BYTES)) {
		lesson_count(EGRET_LESSON_MALFORMED);
		goto out;
	}
	if (!answer_opens(message, open, &pkt->addr))
		goto out;
	if (!state->scope) {
		lesson_count(EGRET_LESSON_SCOPELESS);
		goto out;
	}
	records = message->end + 4;
	message->scope = state->scope;
	message->subject = state->parent_cgroup_id ? state->parent_cgroup_id : state->cgroup_id;
	message->rule_name = name_find_rule(DNS_COMES_IN);
	if (!message->rule_name)
		lesson_count(EGRET_LESSON_OUTSIDE);
	name_remember(DNS_COMES_IN, message->name);
	if (dns_read_records(records, 0))
		lesson_count(EGRET_LESSON_MALFORMED);
	else
		dns_read_records(records, 1);
out:
	message->busy = 0;
	return 0;
}

#endif
