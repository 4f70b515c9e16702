/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What DNS messages say (RFC 1035 section 4): questions as they leave and answers as they
 * reach the socket that asked. An answer teaches only if its socket asked this very
 * question of a server that the policy trusts, and such a server answers; what cannot be
 * understood is delivered all the same, teaches nothing, and is counted.
 *
 * The message lies in the buffer of names.h; how it travels: dns_udp.h, dns_tcp.h; what leaves: dns_port.h.
 */
#ifndef EGRET_BPF_DNS_H
#define EGRET_BPF_DNS_H

#include "learned.h"
#include "maps.h"
#include "names.h"
#include "packet.h"
#include "socket.h"

#define DNS_PORT         53
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

/* Instead of a name's key: the question cannot be read. No name has it: keys are odd-looking
 * 64-bit hashes, and one that is 1 would only be shown as unreadable. */
#define QUESTION_UNREADABLE 1

enum dns_side { DNS_LEAVES, DNS_COMES_IN };

static __always_inline bool is_dns(const struct packet *pkt)
{
	return pkt->port == DNS_PORT && (pkt->l4_proto == IPPROTO_UDP || pkt->l4_proto == IPPROTO_TCP);
}

/* Takes @len octets at @offset of the packet for the message; at most @limit of them. */
static __always_inline bool message_load(struct __sk_buff *skb, struct message *message, __u32 offset, __u32 len,
					 __u32 limit)
{
	if (len > limit)
		len = limit;
	/* The verifier must see the bounds at the call. */
	asm volatile("" : "+r"(len));
	if (len < DNS_HEADER || len > EGRET_DNS_BYTES)
		return false;
	if (bpf_skb_load_bytes(skb, offset, message->bytes, len))
		return false;
	message->len = len;
	return true;
}

__noinline int dns_is_trusted(__u64 first_half, __u64 last_half)
{
	const __u64 halves[2] = {first_half, last_half};
	struct egret_config *cfg = policy_config();
	struct egret_target *target = cfg ? policy_find_addr(halves, cfg, policy_slot(cfg)) : 0;

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
	if (sk->family == AF_INET)
		packet_set_v4(ret, v4);
	else
		packet_set_words(ret, v6[0], v6[1], v6[2], v6[3]);
	return true;
}

/* What a socket that asks remembers; NULL: it never asked, or there is no memory for it. */
static __always_inline struct egret_queries *queries_of(struct __sk_buff *skb, __u64 flags)
{
	struct bpf_sock *sk = socket_full(skb);

	return sk ? bpf_sk_storage_get(&queries, sk, 0, flags) : 0;
}

/* --- questions --- */

static __always_inline bool query_is_open(const struct egret_query *query)
{
	return query->name && bpf_jiffies64() - query->asked_tick < (__u64)QUERY_LIVES_SEC * ticks_per_sec;
}

static __always_inline struct egret_crowd *crowd_of(struct __sk_buff *skb, __u64 flags)
{
	struct bpf_sock *sk = socket_full(skb);

	return sk ? bpf_sk_storage_get(&crowds, sk, 0, flags) : 0;
}

/* Where in a crowd a question belongs. */
static __always_inline __u32 crowd_set(__u16 id, __u64 name)
{
	return ((__u32)name ^ id) % EGRET_CROWD_SETS * EGRET_CROWD_WAYS;
}

/* The place of one that was answered or is too old, or else of the oldest. */
static __always_inline struct egret_query *query_place(struct egret_query *all, int count)
{
	struct egret_query *query = &all[0];

	for (int i = 0; i < count; i++) {
		if (!query_is_open(query))
			break;
		if ((__s64)(all[i].asked_tick - query->asked_tick) < 0 || !query_is_open(&all[i]))
			query = &all[i];
	}
	return query;
}

static __always_inline void query_write(struct egret_query *query, const struct message *message, bool loopback,
					__u64 name, __u16 type)
{
	if (query_is_open(query))
		lesson_count(EGRET_LESSON_CROWDED);
	query->name = name;
	query->loopback = loopback;
	query->asked_tick = bpf_jiffies64();
	query->id_be = message_word(message, 0);
	query->type_be = type;
}

/* The few places of a socket are all taken: into its crowd. Global: the verifier takes it once. */
__noinline int query_add_to_crowd(struct __sk_buff *skb, __u64 name, __u32 type)
{
	struct message *message = message_of(DNS_LEAVES);
	struct egret_crowd *crowd = crowd_of(skb, BPF_SK_STORAGE_GET_F_CREATE);
	__u32 set;

	if (!message || !crowd)
		return 0;
	set = crowd_set(message_word(message, 0), name);
	query_write(query_place(&crowd->all[set], EGRET_CROWD_WAYS), message, skb->ifindex == LOOPBACK_IFINDEX, name,
		    type);
	return 0;
}

static __always_inline void query_add(struct __sk_buff *skb, struct egret_queries *open, const struct message *message,
				      __u64 name, __u16 type)
{
	struct egret_query *query = query_place(open->all, EGRET_QUERIES);

	if (query_is_open(query))
		query_add_to_crowd(skb, name, type);
	else
		query_write(query, message, skb->ifindex == LOOPBACK_IFINDEX, name, type);
}

/*
 * The question that lies in the buffer: notes it if it may leave and its server is trusted. Returns
 * 0, or what `dns_names = policy` holds it back for: its name's key, or QUESTION_UNREADABLE.
 */
__noinline __u64 question_take(struct __sk_buff *skb)
{
	struct message *message = message_of(DNS_LEAVES);
	struct egret_config *cfg = policy_config();
	struct egret_queries *open;
	bool refused;
	__u64 name;

	if (!message || !cfg || message_word(message, 2) & (DNS_RESPONSE | DNS_OPCODE) || message_word(message, 4) != 1)
		return QUESTION_UNREADABLE;
	name = name_read(DNS_LEAVES, DNS_HEADER);
	if (!name || message->end + 4 > message->len)
		return QUESTION_UNREADABLE;
	name_remember(DNS_LEAVES, name);
	refused = cfg->dns_names && !name_find_rule(DNS_LEAVES, EGRET_DEST_ASKABLE, policy_slot(cfg));
	if (message->trusted && (!refused || cfg->audit)) {
		open = queries_of(skb, BPF_SK_STORAGE_GET_F_CREATE);
		if (open)
			query_add(skb, open, message, name, message_word(message, message->end));
	}
	return refused ? name : 0;
}

/* --- answers --- */

/*
 * The open question that an answer with this id is about; closes it. Not of this very server: where
 * the node's NAT stands between, it leaves for one address and is answered from another. But what
 * left by a device is not answered over lo, where any process may give itself any IPv6
 * address (IPV6_FREEBIND).
 */
static __always_inline bool query_take(struct egret_query *all, int count, __u16 id, bool loopback, __u64 name,
				       __u16 type)
{
	for (int i = 0; i < count; i++) {
		struct egret_query *query = &all[i];

		if (!query->name || query->id_be != id || query->name != name || query->type_be != type ||
		    query->loopback != loopback || !query_is_open(query))
			continue;
		query->name = 0;
		return true;
	}
	return false;
}

/* In the crowd, if the socket has one. */
__noinline int query_take_from_crowd(struct __sk_buff *skb, __u64 name, __u32 type)
{
	struct message *message = message_of(DNS_COMES_IN);
	struct egret_crowd *crowd = crowd_of(skb, 0);
	__u16 id;

	if (!message || !crowd)
		return 0;
	id = message_word(message, 0);
	return query_take(&crowd->all[crowd_set(id, name)], EGRET_CROWD_WAYS, id, skb->ifindex == LOOPBACK_IFINDEX,
			  name, type);
}

static __always_inline bool was_asked(struct __sk_buff *skb, struct egret_queries *open, const struct message *message)
{
	__u16 type = message_word(message, message->end);

	return query_take(open->all, EGRET_QUERIES, message_word(message, 0), skb->ifindex == LOOPBACK_IFINDEX,
			  message->name, type) ||
	       query_take_from_crowd(skb, message->name, type);
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

/* What the address asks of a name is found here, and not by learned_add: there the stack of all calls
 * would be over the 512 octets that a chain of them may have (5.10). */
static __always_inline void learn(const __u64 *halves)
{
	struct egret_config *cfg = policy_config();
	__u32 slot;

	if (!cfg)
		return;
	slot = policy_slot(cfg);
	learned_add(DNS_COMES_IN, halves[0], halves[1], slot, learned_need(halves[0], halves[1], slot));
}

static __always_inline void learn_v4(struct message *message, __u32 at)
{
	struct packet pkt = {};
	const __u64 *halves = (const __u64 *)&pkt.addr;
	__u32 addr = (__u32)message_word(message, at) << 16 | message_word(message, at + 2);

	packet_set_v4(&pkt, bpf_htonl(addr));
	learn(halves);
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
	learn(halves);
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
static __always_inline bool answer_opens(struct __sk_buff *skb, struct message *message, struct egret_queries *open)
{
	__u16 flags = message_word(message, 2);

	if (!(flags & DNS_RESPONSE) || flags & DNS_OPCODE)
		return false;
	message->name = message_word(message, 4) == 1 ? name_read(DNS_COMES_IN, DNS_HEADER) : 0;
	if (!message->name || message->end + 4 > message->len) {
		lesson_count(EGRET_LESSON_MALFORMED);
		return false;
	}
	if (!addr_is_trusted(&message->server) || !was_asked(skb, open, message)) {
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

/* Whose answer this is: who made the socket, in which network namespace. */
static __always_inline bool answer_has_subject(struct __sk_buff *skb, struct message *message)
{
	struct egret_sock *state = skb->sk ? bpf_sk_storage_get(&sockets, skb->sk, 0, 0) : 0;

	if (!state || !state->scope) {
		lesson_count(EGRET_LESSON_SCOPELESS);
		return false;
	}
	message->scope = state->scope;
	message->subject = socket_subject(state);
	return true;
}

/* The answer that lies in the buffer. Global: the verifier takes it once for all that bring one. */
__noinline int answer_take(struct __sk_buff *skb)
{
	struct message *message = message_of(DNS_COMES_IN);
	struct egret_queries *open = queries_of(skb, 0);
	struct egret_config *cfg = policy_config();
	__u32 records, slot;

	if (!message || !cfg || !open || !answer_opens(skb, message, open) || !answer_has_subject(skb, message))
		return 0;
	records = message->end + 4;
	slot = policy_slot(cfg);
	name_note_suffixes(DNS_COMES_IN);
	/* In both slots: the other one may be about to rule. */
	message->rule_names[0] = name_find_rule(DNS_COMES_IN, EGRET_DEST_TEACHES, 0);
	message->rule_names[1] = name_find_rule(DNS_COMES_IN, EGRET_DEST_TEACHES, 1);
	message->outside = !message->rule_names[slot & 1];
	message->denies = !message->outside && name_find_rule(DNS_COMES_IN, EGRET_DEST_DENIES, slot);
	if (message->outside)
		lesson_count(EGRET_LESSON_OUTSIDE);
	if (message_word(message, 6) > DNS_MAX_RECORDS)
		lesson_count(EGRET_LESSON_UNREAD);
	if (dns_read_records(records, 0))
		lesson_count(EGRET_LESSON_MALFORMED);
	else
		dns_read_records(records, 1);
	return 0;
}

#endif
