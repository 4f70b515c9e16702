/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Streams of answers that are astray: octets passed Egret by, and where the next message begins is not known.
 *
 * A message is found again at the beginning of a segment, and only if
 * - the segment before it had the PSH flag, which TCP sets on the last octets of what a server writes at a time (RFC
 *   9293 section 3.9.1.2): so a write begins here, and servers write whole messages;
 * - the segment holds all of the message;
 * - that answers a question that this very socket has open: its id, name and type.
 *
 * Who owns a zone chooses what some answers say, and could write into one of them what looks like the answer for
 * another's name. It would not be read for one: PSH within a message, and just before those octets, is nothing that he
 * can bring about, for a server writes a message at once, and where it cannot, the places where it stops follow from
 * how fast the client reads.
 */
#ifndef EGRET_BPF_DNS_TCP_FIND_H
#define EGRET_BPF_DNS_TCP_FIND_H

#include "dns.h"
#include "query.h"
#include "stream.h"
#include "wanted.h"
#include "window.h"

/* Octets passed by, now or as soon as the application reads on. The agent asks for all that the socket has open.
 * Global: the verifier takes it once. */
__noinline int stream_misses(struct __sk_buff *skb)
{
	lesson_count(EGRET_LESSON_GAP);
	return wanted_tell_all(skb);
}

/* Behind the octets that the segment brings, or those that were read. Global: the verifier takes it once. */
__noinline __u32 stream_end_seq(struct __sk_buff *skb)
{
	struct egret_stream *stream = stream_of(skb, 0);
	struct segment segment;

	if (!stream)
		return 0;
	if (!segment_read(skb, packet_transport_at(skb, IP_AT_START, IPPROTO_TCP), &segment) ||
	    stream_fresh(&segment, stream->next_seq) <= 0)
		return stream->next_seq;
	return segment.seq + segment.octets;
}

/* The stream goes astray: nothing before @seq is read any more. Global: the verifier takes it once. */
__noinline int stream_leave(struct __sk_buff *skb, __u32 lesson, __u32 seq)
{
	struct egret_stream *stream = stream_of(skb, 0);

	if (!stream || stream->state != EGRET_STREAM_IN_ORDER)
		return 0;
	stream_begin(stream, seq);
	stream->state = EGRET_STREAM_ASTRAY;
	lesson_count(lesson);
	return wanted_tell_all(skb);
}

/* Does the message at @at, of @len octets, answer a question that is open? */
static __always_inline bool is_answer(struct __sk_buff *skb, __u32 buffer, struct answer *answer, __u32 at, __u32 len)
{
	struct egret_queries *open = queries_of(skb, 0);

	if (!open || !message_load(skb, &answer->message, answer->bytes, at, len, EGRET_DNS_BYTES) ||
	    !(answer_word(answer, 2) & DNS_RESPONSE) || answer_word(answer, 4) != 1)
		return false;
	answer->name = answer_name_read(buffer, DNS_HEADER);
	return answer->name && answer->message.end + 4 <= answer->message.len &&
	       query_find(skb, open, (__u32)answer_word(answer, 0) << 16 | answer_word(answer, answer->message.end),
			  answer->name, query_server(skb, &answer->server, answer->server_port_be), QUERY_ANYWHERE);
}

/* Octets of the message that would begin with the segment; @ret_at: where, in the packet. 0: not all is there. A length
 * that came by itself, in the segment before, is in stream->want. */
static __always_inline __u32 find_message(struct __sk_buff *skb, const struct egret_stream *stream,
					  const struct segment *segment, __u32 *ret_at)
{
	__u32 len = stream->want, ahead = len ? 0 : 2;
	__u16 len_be = 0;

	if (!len && !bpf_skb_load_bytes(skb, segment->at, &len_be, sizeof(len_be)))
		len = bpf_ntohs(len_be);
	*ret_at = segment->at + ahead;
	return segment->octets == 2 || ahead + len <= segment->octets ? len : 0;
}

/* A segment of a stream that is astray: the stream goes on with it, or the agent is told. Global: the verifier takes
 * it once. */
__noinline int stream_find(struct __sk_buff *skb, __u32 buffer)
{
	struct egret_stream *stream = stream_of(skb, 0);
	struct answer *answer = answer_of(buffer);
	struct segment segment;
	__u32 at = 0, len = 0;
	bool passed_by;

	if (!stream || !answer || !segment_read(skb, packet_transport_at(skb, IP_AT_START, IPPROTO_TCP), &segment) ||
	    stream_fresh(&segment, stream->next_seq) <= 0)
		return 0;
	passed_by = segment.seq != stream->next_seq;
	stream->next_seq = segment.seq + segment.octets;
	if (segment.seq == stream->pushed_seq)
		len = find_message(skb, stream, &segment, &at);
	if (segment.octets == 2) {
		stream->want = len;
		return 0;
	}
	if (len && is_answer(skb, buffer, answer, at, len)) {
		stream->state = EGRET_STREAM_IN_ORDER;
		stream->next_seq = segment.seq;
		lesson_count(EGRET_LESSON_FOUND);
		return passed_by ? wanted_tell_all(skb) : 0;
	}
	stream->want = 0;
	return wanted_tell_all(skb);
}

#endif
