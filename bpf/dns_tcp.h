/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * DNS by TCP: messages behind two octets of length each (RFC 1035 section 4.2.2), read as
 * the segments come, in order only. A gap, an overlap or a message that is too long is
 * delivered; the stream is left behind, and the agent asks for the names instead.
 */
#ifndef EGRET_BPF_DNS_TCP_H
#define EGRET_BPF_DNS_TCP_H

#include "dns.h"

#define STREAM_STEPS     96 /* of a segment: three a message, so 32 messages of a few octets */
#define STREAM_QUESTIONS 32 /* of a segment */

/* The header of a segment, and the octets that it brings. */
struct segment {
	__u32 seq, ack;   /* host order */
	__u32 at, octets; /* of the payload */
	bool begins;      /* a connection */
};

static __always_inline bool segment_read(struct __sk_buff *skb, __u32 offset, struct segment *ret)
{
	struct tcphdr tcp;

	if (!offset || bpf_skb_load_bytes(skb, offset, &tcp, sizeof(tcp)))
		return false;
	ret->seq = bpf_ntohl(tcp.seq) + tcp.syn; /* RFC 9293 section 3.4: it takes a number of its own */
	ret->ack = bpf_ntohl(tcp.ack_seq);
	ret->begins = tcp.syn;
	ret->at = offset + tcp.doff * 4;
	if (skb->len < ret->at)
		return false;
	ret->octets = skb->len - ret->at;
	return true;
}

/* --- questions --- */

static __always_inline __u32 length_at(struct __sk_buff *skb, __u32 at)
{
	__u16 length_be = 0;

	bpf_skb_load_bytes(skb, at, &length_be, sizeof(length_be));
	return bpf_ntohs(length_be);
}

/* One question of the segment, which must hold all of it; most clients send its length along.
 * @fresh: of the octets at the end of the segment, those whose questions are to be noted.
 * Global: the verifier takes it once. */
__noinline __u64 stream_question(struct __sk_buff *skb, __s32 fresh)
{
	struct message *message = message_of(DNS_LEAVES);
	struct segment_reader *reader;
	__u32 size;

	if (!message)
		return QUESTION_UNREADABLE;
	reader = &message->segment;
	size = reader->asked;
	message->trusted = (__s32)reader->left <= fresh;
	reader->asked = 0;
	if (!size) {
		if (reader->left < 2)
			return QUESTION_UNREADABLE;
		size = length_at(skb, reader->at);
		reader->at += 2;
		reader->left -= 2;
		if (!reader->left) {
			reader->asked = size;
			return 0;
		}
	}
	if (size > reader->left || !message_load(skb, message, reader->at, size, DNS_MAX_QUESTION))
		return QUESTION_UNREADABLE;
	reader->at += size;
	reader->left -= size;
	return question_take(skb);
}

/* All of them: the first that is held back speaks for the segment. */
static __always_inline __u64 stream_questions(struct __sk_buff *skb, struct message *message, __s32 fresh)
{
	for (int i = 0; i < STREAM_QUESTIONS; i++) {
		__u64 refused;

		if (!message->segment.left)
			return 0;
		refused = stream_question(skb, fresh);
		if (refused)
			return refused;
		asm volatile("" ::: "memory"); /* read anew what is in the map */
	}
	if (!message->segment.left)
		return 0;
	lesson_count(EGRET_LESSON_PACKED);
	return QUESTION_UNREADABLE;
}

static __always_inline void bound_note(struct egret_stream *stream, __u32 seq, __u32 asked)
{
	__u32 place = stream->bound_count++ & (EGRET_STREAM_BOUNDS - 1);

	stream->bounds[place].seq = seq;
	stream->bounds[place].asked = asked;
}

/* Octets of the question whose length is before @seq. -1: what was let out does not end there.
 * Global: the verifier takes its loop once. */
__noinline int bound_find(struct __sk_buff *skb, __u32 seq)
{
	struct egret_queries *open = queries_of(skb, 0);

	if (!open)
		return -1;
	for (__u32 i = 0; i < EGRET_STREAM_BOUNDS; i++) {
		if (i < open->stream.bound_count && open->stream.bounds[i].seq == seq)
			return open->stream.bounds[i].asked;
	}
	return -1;
}

/*
 * As question_take, for all questions of a segment. What is sent again is judged again, from where
 * it began the first time: its octets may be others, for sendfile() sends pages that can still be
 * written. So nothing passes because it is sent twice, or because something behind it was sent first.
 */
__noinline __u64 stream_asks(struct __sk_buff *skb, __u32 offset)
{
	struct message *message = message_of(DNS_LEAVES);
	struct egret_config *cfg = policy_config();
	struct egret_queries *open;
	struct segment segment;
	__u64 refused;
	bool holds;
	__s32 fresh;
	int asked;

	if (!message || !cfg || !segment_read(skb, offset, &segment))
		return QUESTION_UNREADABLE;
	if (!segment.octets && !segment.begins)
		return 0;
	open = queries_of(skb, segment.octets ? BPF_SK_STORAGE_GET_F_CREATE : 0);
	if (open && segment.begins)
		open->stream = (struct egret_stream){};
	if (!segment.octets)
		return 0;
	if (!open)
		return QUESTION_UNREADABLE;
	if (open->stream.state == EGRET_STREAM_UNUSED && message->trusted) {
		open->stream.next_seq = segment.ack;
		open->stream.state = EGRET_STREAM_IN_ORDER;
	}
	if (!open->stream.bound_count) {
		open->stream.asks_seq = segment.seq;
		bound_note(&open->stream, segment.seq, 0);
	}
	fresh = segment.seq + segment.octets - open->stream.asks_seq;
	holds = cfg->dns_names && !cfg->audit;
	if (fresh <= 0 && !holds)
		return 0;
	asked = bound_find(skb, segment.seq);
	/* Where nothing is held back, what is missing was let out unread. */
	if (asked < 0 && holds)
		return QUESTION_UNREADABLE;
	message->segment =
	    (struct segment_reader){.at = segment.at, .left = segment.octets, .asked = asked < 0 ? 0 : asked};
	refused = stream_questions(skb, message, message->trusted ? fresh : 0);
	if ((refused && holds) || fresh <= 0)
		return refused;
	open->stream.asks_seq += fresh;
	bound_note(&open->stream, open->stream.asks_seq, refused ? 0 : message->segment.asked);
	return refused;
}

/* --- answers --- */

/* Who wants what a stream still owes an answer to. */
static __always_inline bool stream_wants(struct __sk_buff *skb, struct egret_wanted *ret)
{
	struct egret_sock *state = skb->sk ? bpf_sk_storage_get(&sockets, skb->sk, 0, 0) : 0;

	if (!state || !state->scope)
		return false;
	ret->scope = state->scope;
	ret->subject = socket_subject(state);
	return true;
}

/* One of the questions. Global, and called for each: kernels before 6.6 take no loop that goes
 * around a call. */
__noinline int stream_want(struct __sk_buff *skb, __u32 index)
{
	struct egret_queries *open = queries_of(skb, 0);
	struct egret_wanted want = {};

	if (!open || !stream_wants(skb, &want))
		return 0;
	want.name = open->all[index & (EGRET_QUERIES - 1)].name;
	if (want.name)
		bpf_ringbuf_output(&wanted, &want, sizeof(want), 0);
	return 0;
}

/* Those of the crowd. The ring and the agent have room for some of hundreds. */
__noinline int stream_want_crowd(struct __sk_buff *skb)
{
	struct egret_crowd *crowd = crowd_of(skb, 0);
	struct egret_wanted want = {};

	if (!crowd || !stream_wants(skb, &want))
		return 0;
	for (int i = 0; i < EGRET_CROWD_SETS * EGRET_CROWD_WAYS; i++) {
		want.name = crowd->all[i].name;
		if (want.name && query_is_open(&crowd->all[i]))
			bpf_ringbuf_output(&wanted, &want, sizeof(want), 0);
	}
	return 0;
}

/* The stream cannot be followed any more. What it still owed, the agent asks for. */
static __always_inline void stream_leave(struct __sk_buff *skb, struct egret_queries *open, __u32 lesson)
{
	open->stream.state = EGRET_STREAM_LOST;
	lesson_count(lesson);
	for (int i = 0; i < EGRET_QUERIES; i++)
		stream_want(skb, i);
	stream_want_crowd(skb);
}

/* An octet of the length. False: no message can be that long, or short. */
static __always_inline bool stream_length(struct __sk_buff *skb, struct segment_reader *reader,
					  struct egret_stream *stream)
{
	__u8 octet = 0;

	if (bpf_skb_load_bytes(skb, reader->at, &octet, 1))
		return false;
	reader->at++;
	reader->left--;
	if (!stream->half_known) {
		stream->half = octet;
		stream->half_known = 1;
		return true;
	}
	stream->half_known = 0;
	stream->want = (__u16)stream->half << 8 | octet;
	stream->have = 0;
	return stream->want >= DNS_HEADER && stream->want <= EGRET_DNS_BYTES;
}

/* Octets of the message: into the buffer, behind those that came before. */
static __always_inline bool stream_gather(struct __sk_buff *skb, struct message *message, struct egret_stream *stream,
					  struct bpf_sock *sk)
{
	struct segment_reader *reader = &message->segment;
	__u32 have = stream->have, take = reader->left;
	struct egret_stream_bytes *kept;

	if (have > EGRET_DNS_BYTES - 1)
		return false;
	if (take > stream->want - have)
		take = stream->want - have;
	if (have) {
		kept = bpf_sk_storage_get(&streams, sk, 0, 0);
		if (!kept || bpf_probe_read_kernel(message->bytes, have, kept->bytes))
			return false;
	}
	if (!take || take > EGRET_DNS_BYTES)
		return false;
	/* No change: only so do verifiers see that it is not 0. */
	take = ((take - 1) & (EGRET_DNS_BYTES - 1)) + 1;
	asm volatile("" : "+r"(take));
	if (bpf_skb_load_bytes(skb, reader->at, message->bytes + have, take))
		return false;
	reader->at += take;
	reader->left -= take;
	have += take;
	stream->have = have;
	if (have >= stream->want)
		return true;
	kept = bpf_sk_storage_get(&streams, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!kept || have > EGRET_DNS_BYTES)
		return false;
	return !bpf_probe_read_kernel(kept->bytes, have, message->bytes);
}

/* One step through the segment. False: the stream is to be left. Global: taken once. */
__noinline int stream_step(struct __sk_buff *skb)
{
	struct message *message = message_of(DNS_COMES_IN);
	struct egret_queries *open = queries_of(skb, 0);
	struct egret_stream *stream;
	struct bpf_sock *sk = socket_full(skb);

	if (!message || !open || !sk)
		return 0;
	stream = &open->stream;
	if (!stream->want)
		return stream_length(skb, &message->segment, stream);
	if (!stream_gather(skb, message, stream, sk))
		return 0;
	if (stream->have < stream->want)
		return 1;
	message->len = stream->want;
	stream->want = 0;
	answer_take(skb);
	return 1;
}

/* The octets that are due, and no others. 0; or the lesson that ends the stream. */
static __always_inline __u32 stream_read(struct __sk_buff *skb, struct message *message)
{
	for (int i = 0; i < STREAM_STEPS; i++) {
		if (!message->segment.left)
			return 0;
		if (!stream_step(skb))
			return EGRET_LESSON_OVERFLOW;
		asm volatile("" ::: "memory"); /* read anew what is in the map */
	}
	return message->segment.left ? EGRET_LESSON_PACKED : 0;
}

static __always_inline bool stream_is_dns(struct bpf_sock *sk)
{
	const volatile struct bpf_sock *fixed = sk;

	return fixed->dst_port == bpf_htons(DNS_PORT);
}

/* A segment for a socket that is connected to port 53. */
__noinline int stream_comes_in(struct __sk_buff *skb)
{
	struct message *message = message_of(DNS_COMES_IN);
	struct egret_queries *open = queries_of(skb, 0);
	struct packet server = {};
	struct segment segment;
	__u32 lesson;
	__s32 ahead;

	if (!message || !open || open->stream.state != EGRET_STREAM_IN_ORDER || !connected_to(skb, &server) ||
	    !segment_read(skb, packet_transport_at(skb, IP_AT_START, IPPROTO_TCP), &segment) || !segment.octets)
		return 0;
	ahead = segment.seq - open->stream.next_seq;
	if (ahead < 0 && (__s32)(ahead + segment.octets) <= 0)
		return 0; /* sent again; it was heard */
	if (ahead) {
		stream_leave(skb, open, ahead > 0 ? EGRET_LESSON_GAP : EGRET_LESSON_OVERLAP);
		return 0;
	}
	if (message->busy) {
		stream_leave(skb, open, EGRET_LESSON_BUSY);
		return 0;
	}
	open->stream.next_seq += segment.octets;
	message->busy = 1;
	message->server = server.addr;
	message->segment = (struct segment_reader){.at = segment.at, .left = segment.octets};
	lesson = stream_read(skb, message);
	if (lesson)
		stream_leave(skb, open, lesson);
	message->busy = 0;
	return 0;
}

#endif
