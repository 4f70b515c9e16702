/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Answers that come in by TCP: messages behind two octets of length each (RFC 1035 section 4.2.2), read as
 * the segments come, in order only. A gap, an overlap or a message that is too long is
 * delivered; the stream is left behind, and the agent asks for the names instead.
 */
#ifndef EGRET_BPF_DNS_TCP_IN_H
#define EGRET_BPF_DNS_TCP_IN_H

#include "buffer.h"
#include "dns.h"
#include "stream.h"
#include "teach.h"
#include "wanted.h"

#define STREAM_STEPS 96 /* of a segment: three a message, so 32 messages of a few octets */

/* The stream cannot be followed any more. The agent asks for the names whose answers it would still have brought. */
static __always_inline void stream_leave(struct __sk_buff *skb, struct egret_queries *open, __u32 lesson)
{
	open->stream.state = EGRET_STREAM_LOST;
	lesson_count(lesson);
	wanted_tell_all(skb);
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
static __always_inline bool stream_gather(struct __sk_buff *skb, struct answer *answer, struct egret_stream *stream,
					  struct bpf_sock *sk)
{
	struct segment_reader *reader = &answer->segment;
	__u32 have = stream->have, take = reader->left;
	struct egret_stream_bytes *kept;

	if (have > EGRET_DNS_BYTES - 1)
		return false;
	if (take > stream->want - have)
		take = stream->want - have;
	if (have) {
		kept = bpf_sk_storage_get(&streams, sk, 0, 0);
		if (!kept || !stream_restore(answer->bytes, kept->bytes, have, EGRET_DNS_BYTES))
			return false;
	}
	if (!stream_append(skb, reader->at, answer->bytes, have, take, EGRET_DNS_BYTES))
		return false;
	reader->at += take;
	reader->left -= take;
	have += take;
	stream->have = have;
	if (have >= stream->want)
		return true;
	kept = bpf_sk_storage_get(&streams, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	return kept && stream_keep(kept->bytes, answer->bytes, have, EGRET_DNS_BYTES);
}

/* One step through the segment. False: the stream is to be left. Global: taken once. */
__noinline int stream_step(struct __sk_buff *skb, __u32 buffer)
{
	struct answer *answer = answer_of(buffer);
	struct egret_queries *open = queries_of(skb, 0);
	struct egret_stream *stream;
	struct bpf_sock *sk = socket_full(skb);

	if (!answer || !open || !sk)
		return 0;
	stream = &open->stream;
	if (!stream->want)
		return stream_length(skb, &answer->segment, stream);
	if (!stream_gather(skb, answer, stream, sk))
		return 0;
	if (stream->have < stream->want)
		return 1;
	answer->message.len = stream->want;
	stream->want = 0;
	answer_take(skb, buffer);
	return 1;
}

/* The octets that are due, and no others. 0; or the lesson that ends the stream. */
static __always_inline __u32 stream_read(struct __sk_buff *skb, __u32 buffer, struct answer *answer)
{
	for (int i = 0; i < STREAM_STEPS; i++) {
		if (!answer->segment.left)
			return 0;
		if (!stream_step(skb, buffer))
			return EGRET_LESSON_OVERFLOW;
		asm volatile("" ::: "memory"); /* read anew what is in the map */
	}
	return answer->segment.left ? EGRET_LESSON_PACKED : 0;
}

static __always_inline bool stream_is_dns(struct bpf_sock *sk)
{
	const volatile struct bpf_sock *fixed = sk;

	return fixed->dst_port == bpf_htons(DNS_PORT);
}

/* A segment for a socket that is connected to port 53. */
__noinline int stream_comes_in(struct __sk_buff *skb)
{
	struct egret_queries *open = queries_of(skb, 0);
	struct packet server = {};
	struct segment segment;
	enum stream_place where;
	struct answer *answer;
	__u32 lesson, buffer;

	if (!open || open->stream.state != EGRET_STREAM_IN_ORDER || !connected_to(skb, &server) ||
	    !segment_read(skb, packet_transport_at(skb, IP_AT_START, IPPROTO_TCP), &segment) || !segment.octets)
		return 0;
	where = stream_where(&segment, open->stream.next_seq);
	if (where == STREAM_AGAIN)
		return 0;
	if (where != STREAM_NEW) {
		stream_leave(skb, open, where == STREAM_GAP ? EGRET_LESSON_GAP : EGRET_LESSON_OVERLAP);
		return 0;
	}
	buffer = buffer_take(BUFFER_ANSWER, 0);
	answer = answer_of(buffer);
	if (!answer) {
		stream_leave(skb, open, EGRET_LESSON_BUSY);
		return 0;
	}
	open->stream.next_seq += segment.octets;
	answer->server = server.addr;
	answer->segment = (struct segment_reader){.at = segment.at, .left = segment.octets};
	lesson = stream_read(skb, buffer, answer);
	if (lesson)
		stream_leave(skb, open, lesson);
	buffer_give(&answer->message);
	return 0;
}

#endif
