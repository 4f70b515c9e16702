/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who is asked, and the questions that leave (RFC 1035 section 4.1.2). question_take() reads the one that lies in the
 * buffer of message.h, notes it if its answer may teach, and says whether `dns_names = policy` holds it back.
 *
 * How messages travel: dns_udp.h, dns_tcp_out.h and dns_tcp_in.h; what leaves for port 53: dns_port.h; what answers
 * teach: teach.h.
 */
#ifndef EGRET_BPF_DNS_H
#define EGRET_BPF_DNS_H

#include "buffer.h"
#include "maps.h"
#include "message.h"
#include "names.h"
#include "packet.h"
#include "query.h"
#include "service.h"

#define DNS_PORT     53
#define DNS_RESPONSE 0x8000
#define DNS_OPCODE   0x7800

/* Instead of a name's key: the question cannot be read. Keys are 64-bit hashes: a name whose
 * key is 1 by chance would only be shown as unreadable. */
#define QUESTION_UNREADABLE 1

static __always_inline bool is_dns(const struct packet *pkt)
{
	return pkt->port == DNS_PORT && (pkt->l4_proto == IPPROTO_UDP || pkt->l4_proto == IPPROTO_TCP);
}

__noinline int dns_is_trusted(__u64 first_half, __u64 last_half, __u32 slot)
{
	const __u64 halves[2] = {first_half, last_half};
	struct egret_config *cfg = policy_config();
	struct egret_target *target = cfg ? policy_find_addr(halves, cfg, slot) : 0;

	return target && target->dest.flags & EGRET_DEST_RESOLVER;
}

static __always_inline bool addr_is_trusted(const struct egret_addr *addr, __u32 slot)
{
	const __u64 *halves = (const __u64 *)addr;

	return dns_is_trusted(halves[0], halves[1], slot);
}

/* Global: a length that goes over the stack has no bounds any more (5.10), and here is nothing else to keep. */
__noinline int question_load(struct __sk_buff *skb, __u32 buffer, __u32 offset, __u32 len)
{
	struct question *question = question_of(buffer);

	return question && message_load(skb, &question->message, question->bytes, offset, len, EGRET_QUESTION_BYTES);
}

/* Whom a connected socket talks to: before the NAT that egress sees the result of. */
static __always_inline bool connected_to(struct __sk_buff *skb, struct packet *ret)
{
	const volatile struct bpf_sock *sk = skb->sk; /* volatile: it may be read at fixed offsets only */
	__u32 v4, v6[4];

	if (!sk || !sk->dst_port)
		return false;
	ret->port_be = sk->dst_port;
	ret->port = bpf_ntohs(ret->port_be);
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

/* Of a socket that asks by TCP; NULL: it never did. */
static __always_inline struct egret_stream *stream_of(struct __sk_buff *skb)
{
	struct bpf_sock *sk = socket_full(skb);

	return sk ? bpf_sk_storage_get(&streams, sk, 0, 0) : 0;
}

/* The same, where it is to ask; NULL: there is no memory for it. */
static __always_inline struct egret_stream *stream_make(struct __sk_buff *skb)
{
	struct bpf_sock *sk = socket_full(skb);

	return sk ? storage_make(&streams, sk) : 0;
}

/* The text is that of the name that was read last, whichever name it is kept for: the agent asks for that (wanted.h).
 */
static __always_inline void question_remember(__u32 buffer, __u64 name)
{
	if (name_remember(buffer, name))
		asked_add(buffer, name);
}

/* As query_of wants it. */
static __always_inline __u32 question_about(const struct question *question)
{
	return (__u32)question_word(question, 0) << 16 | question_word(question, question->message.end);
}

/* The question is open now. 0: its socket has no more places for it. Global, as question_hold: 512 octets of stack
 * are for a whole chain of calls (5.10), and question_take is in the longest. */
__noinline int question_note(struct __sk_buff *skb, __u32 buffer, __u64 name)
{
	struct question *question = question_of(buffer);
	struct egret_queries *open = queries_make(skb);

	return !question || !open || query_add(open, question_about(question), name, question->server);
}

/* What becomes of a question for a name that no rule has: 0, it leaves; 1, `dns_names = policy` holds it back; 2, it
 * would, but for audit. */
__noinline int question_hold(__u32 buffer)
{
	struct question *question = question_of(buffer);
	struct egret_config *cfg = policy_config();
	const struct egret_settings *settings;

	if (!question || !cfg)
		return 1;
	settings = policy_settings(cfg, question->slot);
	if (!settings->dns_names)
		return 0;
	return question->audits ? 2 : 1;
}

/*
 * The question that lies in the buffer: notes it if it may leave and its server is trusted. Returns
 * 0, or what `dns_names = policy` holds it back for: its name's key, or QUESTION_UNREADABLE.
 */
__noinline __u64 question_take(struct __sk_buff *skb, __u32 buffer)
{
	struct question *question = question_of(buffer);
	__u64 name, host;
	__u32 prefix;
	int held;

	if (!question || question_word(question, 2) & (DNS_RESPONSE | DNS_OPCODE) || question_word(question, 4) != 1)
		return QUESTION_UNREADABLE;
	name = question_name_read(buffer, DNS_HEADER);
	if (!name || question->message.end + 4 > question->message.len)
		return QUESTION_UNREADABLE;
	prefix = question_service(buffer);
	host = prefix ? question_name_read(buffer, DNS_HEADER + prefix) : name;
	question_remember(buffer, name);
	if (host != name)
		question_remember(buffer, host);
	held = question_hold(buffer);
	if (held && name_rule(buffer, host, question->slot) & EGRET_DEST_ASKABLE)
		held = 0;
	if (question->trusted && held != 1 && !question_note(skb, buffer, name))
		query_add_to_crowd(skb, question_about(question), name, question->server);
	return held ? host : 0;
}

#endif
