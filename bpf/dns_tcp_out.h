/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Questions that leave by TCP: messages behind two octets of length each (RFC 1035 section 4.2.2), of which a segment
 * must hold whole ones, as every client sends them. stream_asks() reads all questions of a segment, and says whether
 * it may leave.
 */
#ifndef EGRET_BPF_DNS_TCP_OUT_H
#define EGRET_BPF_DNS_TCP_OUT_H

#include "dns.h"
#include "stream.h"

#define STREAM_QUESTIONS 32 /* of a segment */

static __always_inline __u32 length_at(struct __sk_buff *skb, __u32 at)
{
	__u16 length_be = 0;

	bpf_skb_load_bytes(skb, at, &length_be, sizeof(length_be));
	return bpf_ntohs(length_be);
}

/* One question of the segment, which must hold all of it; most clients send its length along.
 * @fresh: of the octets at the end of the segment, those whose questions are to be noted.
 * Global: the verifier takes it once. */
__noinline __u64 stream_question(struct __sk_buff *skb, __u32 buffer, __s32 fresh)
{
	struct question *question = question_of(buffer);
	struct segment_reader *reader;
	__u32 size;

	if (!question)
		return QUESTION_UNREADABLE;
	reader = &question->segment;
	size = reader->asked;
	question->trusted = (__s32)reader->left <= fresh;
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
	if (size > reader->left || !question_load(skb, buffer, reader->at, size))
		return QUESTION_UNREADABLE;
	reader->at += size;
	reader->left -= size;
	return question_take(skb, buffer);
}

/* All of them: the first that is held back speaks for the segment. */
static __always_inline __u64 stream_questions(struct __sk_buff *skb, __u32 buffer, __s32 fresh)
{
	struct question *question = question_of(buffer);

	if (!question)
		return QUESTION_UNREADABLE;
	for (int i = 0; i < STREAM_QUESTIONS; i++) {
		__u64 refused;

		if (!question->segment.left)
			return 0;
		refused = stream_question(skb, buffer, fresh);
		if (refused)
			return refused;
		asm volatile("" ::: "memory"); /* read anew what is in the map */
	}
	if (!question->segment.left)
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
	struct egret_stream *stream = stream_of(skb, 0);

	if (!stream)
		return -1;
	for (__u32 i = 0; i < EGRET_STREAM_BOUNDS; i++) {
		if (i < stream->bound_count && stream->bounds[i].seq == seq)
			return stream->bounds[i].asked;
	}
	return -1;
}

/*
 * Where a segment of questions begins in what the socket has sent, and what becomes of it:
 *
 * |                                        | nothing is held back         | `dns_names = policy` holds questions back |
 * |----------------------------------------|------------------------------|-------------------------------------------|
 * | NEW: where another one ended, and with | its new questions are noted  | the same; with one that is refused,       |
 * | octets that were not let out before    |                              | nothing of the segment leaves             |
 * | AGAIN: where another one ended, and    | leaves                       | is read again, and notes nothing          |
 * | without any new octet                  |                              |                                           |
 * | UNKNOWN: nowhere where one ended       | is read as if a question     | is refused: where its questions begin is  |
 * |                                        | began there                  | not known                                 |
 *
 * What is sent again is read again, from where it began the first time: its octets may be others, for sendfile() sends
 * pages that can still be written. So nothing passes because it is sent twice, or because something behind it was sent
 * first.
 */
enum asks_place { ASKS_NEW, ASKS_AGAIN, ASKS_UNKNOWN };

/* @ret_asked: octets of the question whose length the segment before brought. */
static __always_inline enum asks_place asks_where(struct __sk_buff *skb, const struct segment *segment, __s32 fresh,
						  bool holds, int *ret_asked)
{
	/* Where nothing is held back, it is the same wherever it begins. */
	if (fresh <= 0 && !holds)
		return ASKS_AGAIN;
	*ret_asked = bound_find(skb, segment->seq);
	if (*ret_asked < 0) {
		*ret_asked = 0;
		return ASKS_UNKNOWN;
	}
	return fresh > 0 ? ASKS_NEW : ASKS_AGAIN;
}

static __always_inline void asks_forget(struct __sk_buff *skb)
{
	struct egret_stream *stream = stream_of(skb, 0);

	if (stream)
		*stream = (struct egret_stream){};
}

/* The stream that @segment belongs to, with both cursors set where it begins: what answers it will come with the octet
 * that it acknowledges. */
static __always_inline struct egret_stream *asks_of(struct __sk_buff *skb, const struct segment *segment, bool trusted)
{
	struct egret_stream *stream = stream_of(skb, BPF_SK_STORAGE_GET_F_CREATE);

	if (!stream)
		return 0;
	if (stream->state == EGRET_STREAM_UNUSED && trusted) {
		/* A SYN acknowledges nothing yet (Fast Open, RFC 7413): stream_comes_in() waits for what answers it. */
		stream->next_seq = segment->ack;
		stream->state = segment->begins ? EGRET_STREAM_BEGINS : EGRET_STREAM_IN_ORDER;
	}
	if (!stream->bound_count) {
		stream->asks_seq = segment->seq;
		bound_note(stream, segment->seq, 0);
	}
	return stream;
}

/* As question_take, for all questions of a segment. */
__noinline __u64 stream_asks(struct __sk_buff *skb, __u32 buffer, __u32 offset)
{
	struct question *question = question_of(buffer);
	struct egret_config *cfg = policy_config();
	const struct egret_settings *settings;
	struct egret_stream *stream;
	struct segment segment;
	enum asks_place where;
	__u64 refused;
	int asked = 0;
	bool holds;
	__s32 fresh;

	if (!question || !cfg || !segment_read(skb, offset, &segment))
		return QUESTION_UNREADABLE;
	if (segment.begins)
		asks_forget(skb);
	if (!segment.octets)
		return 0;
	stream = asks_of(skb, &segment, question->trusted);
	if (!stream)
		return QUESTION_UNREADABLE;
	settings = policy_settings(cfg, question->slot);
	holds = settings->dns_names && !settings->audit;
	fresh = stream_fresh(&segment, stream->asks_seq);
	where = asks_where(skb, &segment, fresh, holds, &asked);
	if (where == ASKS_AGAIN && !holds)
		return 0;
	if (where == ASKS_UNKNOWN && holds)
		return QUESTION_UNREADABLE;
	question->segment = (struct segment_reader){.at = segment.at, .left = segment.octets, .asked = asked};
	refused = stream_questions(skb, buffer, question->trusted ? fresh : 0);
	if (where == ASKS_AGAIN || (refused && holds))
		return refused;
	stream->asks_seq += fresh;
	bound_note(stream, stream->asks_seq, refused ? 0 : question->segment.asked);
	return refused;
}

#endif
