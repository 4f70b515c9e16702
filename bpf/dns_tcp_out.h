/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Questions that leave by TCP: messages behind two octets of length each (RFC 1035 section 4.2.2). stream_asks() reads
 * all that a segment ends, and says whether it may leave. A question may be cut anywhere: the kernel cuts what an
 * application writes wherever a segment is full.
 */
#ifndef EGRET_BPF_DNS_TCP_OUT_H
#define EGRET_BPF_DNS_TCP_OUT_H

#include "dns.h"
#include "stream.h"
#include "window.h"

#define STREAM_QUESTIONS 512 /* of a segment */

/* An octet of the length. */
static __always_inline void question_length(struct __sk_buff *skb, struct segment_reader *reader)
{
	struct egret_asks *asks = &reader->under_way;
	__u8 octet = 0;

	bpf_skb_load_bytes(skb, reader->at, &octet, 1);
	reader->at++;
	reader->left--;
	if (asks->half_known)
		asks->want = (__u16)asks->half << 8 | octet;
	else
		asks->half = octet;
	asks->half_known = !asks->half_known;
	asks->have = 0;
}

/* Its next octets, behind those that came before; what is not read of a question is passed over. */
static __always_inline bool question_append(struct __sk_buff *skb, struct question *question, __u32 take)
{
	__u32 have = question->segment.under_way.have;

	if (have > EGRET_QUESTION_BYTES - 1)
		return true;
	if (take > EGRET_QUESTION_BYTES - have)
		take = EGRET_QUESTION_BYTES - have;
	/* No change: only so do verifiers see that it is not 0. */
	asm volatile("" : "+r"(take));
	take = ((take - 1) & (QUESTION_BYTES - 1)) + 1;
	return !bpf_skb_load_bytes(skb, question->segment.at, question->bytes + have, take);
}

/* Does what came of the question look like one? Else the octets before were no length. */
static __always_inline bool question_may_be(const struct question *question, __u32 have)
{
	return have < DNS_HEADER ||
	       (!(question_word(question, 2) & (DNS_RESPONSE | DNS_OPCODE)) && question_word(question, 4) == 1);
}

enum gathered { GATHERED_PART, GATHERED_ALL, GATHERED_NONSENSE };

/* Gathers the question under way: is it whole (enum gathered)? Global: the verifier takes it once, and its stack does
 * not add to that of question_take. */
__noinline int question_gather(struct __sk_buff *skb, __u32 buffer)
{
	struct question *question = question_of(buffer);
	struct segment_reader *reader;
	struct egret_asks *asks;
	__u32 take, size;

	if (!question)
		return GATHERED_NONSENSE;
	reader = &question->segment;
	asks = &reader->under_way;
	question->trusted = reader->left <= reader->notes;
	if (!asks->want) {
		question_length(skb, reader);
		if (asks->half_known && reader->left)
			question_length(skb, reader);
		if (!asks->want && !asks->half_known)
			return GATHERED_NONSENSE;
		if (!reader->left)
			return GATHERED_PART;
	}
	take = (__u32)asks->want - asks->have;
	if (take > reader->left)
		take = reader->left;
	if (!question_append(skb, question, take))
		return GATHERED_NONSENSE;
	reader->at += take;
	reader->left -= take;
	asks->have += take;
	if (asks->have < asks->want)
		return question_may_be(question, asks->have) ? GATHERED_PART : GATHERED_NONSENSE;
	size = asks->want;
	asks->want = asks->have = 0;
	if (size < DNS_HEADER)
		return GATHERED_NONSENSE;
	question->message.len = size < EGRET_QUESTION_BYTES ? size : EGRET_QUESTION_BYTES;
	return GATHERED_ALL;
}

/* There are more. Global, for its stack. */
__noinline __u64 questions_left(__u32 buffer)
{
	struct question *question = question_of(buffer);

	lesson_count(EGRET_LESSON_PACKED);
	if (question)
		question->segment.unread = 1;
	return QUESTION_UNREADABLE;
}

/* All of them. Where questions are held back, the first such speaks for the segment. */
static __always_inline __u64 stream_questions(struct __sk_buff *skb, __u32 buffer, struct question *question)
{
	for (int i = 0; i < STREAM_QUESTIONS; i++) {
		__u64 refused = 0;
		int gathered;

		if (!question->segment.left)
			return question->segment.refused;
		gathered = question_gather(skb, buffer);
		if (gathered == GATHERED_ALL)
			refused = question_take(skb, buffer);
		else if (gathered == GATHERED_NONSENSE)
			refused = QUESTION_UNREADABLE;
		question->segment.unread = refused == QUESTION_UNREADABLE;
		if (refused)
			question->segment.refused = refused;
		if (refused && question->segment.holds)
			return refused;
		asm volatile("" ::: "memory"); /* read anew what is in the map */
	}
	return question->segment.left ? questions_left(buffer) : question->segment.refused;
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
	struct egret_stream *stream = stream_of(skb);

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
 * | UNKNOWN: nowhere where one ended       | is read from the octet on    | is refused: where its questions begin is  |
 * |                                        | that was not sent before     | not known                                 |
 * | a question is cut                      | is read with its rest        | is refused: half of it is not judged      |
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
	if (!holds)
		return fresh > 0 ? ASKS_NEW : ASKS_AGAIN;
	*ret_asked = bound_find(skb, segment->seq);
	if (*ret_asked < 0)
		return ASKS_UNKNOWN;
	return fresh > 0 ? ASKS_NEW : ASKS_AGAIN;
}

/* The reader begins where the segment does: what is sent again is read again. */
static __always_inline void asks_read_all(struct question *question, const struct segment *segment, int asked)
{
	question->segment =
	    (struct segment_reader){.at = segment->at, .left = segment->octets, .under_way = {.want = asked}};
}

/* The reader begins with the octets that were not sent before, within the question that they go on. */
static __always_inline void asks_read_on(struct question *question, const struct segment *segment,
					 const struct egret_stream *stream)
{
	__s32 sent = stream->asks_seq - segment->seq;
	__u32 have = stream->asks.have;

	question->segment = (struct segment_reader){.at = segment->at, .left = segment->octets};
	/* Some octets left unseen: a question may begin here. */
	if (sent < 0)
		return;
	question->segment.at += sent;
	question->segment.left -= sent;
	question->segment.under_way = stream->asks;
	if (have > EGRET_QUESTION_BYTES)
		have = EGRET_QUESTION_BYTES;
	asm volatile("" : "+r"(have));
	if (have <= EGRET_QUESTION_BYTES)
		bpf_probe_read_kernel(question->bytes, have, stream->asks_bytes);
}

static __always_inline bool asks_are_cut(const struct egret_asks *asks)
{
	return asks->have || asks->half_known;
}

/* The segment leaves, if it holds nothing back (@refused): what the next one goes on with. What could not be read may
 * have begun elsewhere, so the next segment is taken to begin a question. Global: its stack must not add to that of the
 * questions. */
__noinline int asks_keep(struct __sk_buff *skb, __u32 buffer, __u64 refused)
{
	struct egret_stream *stream = stream_of(skb);
	struct question *question = question_of(buffer);
	__u32 have;

	if (!stream || !question || question->segment.repeats || (refused && question->segment.holds))
		return 0;
	have = question->segment.under_way.have;
	stream->asks_seq = question->segment.end_seq;
	stream->asks = (struct egret_asks){};
	if (!question->segment.unread)
		stream->asks = question->segment.under_way;
	if (!asks_are_cut(&stream->asks)) {
		bound_note(stream, stream->asks_seq, stream->asks.want);
		return 0;
	}
	if (have > EGRET_QUESTION_BYTES)
		have = EGRET_QUESTION_BYTES;
	asm volatile("" : "+r"(have));
	if (have <= EGRET_QUESTION_BYTES)
		bpf_probe_read_kernel(stream->asks_bytes, have, question->bytes);
	return 0;
}

static __always_inline void asks_forget(struct __sk_buff *skb)
{
	struct egret_stream *stream = stream_of(skb);
	struct bpf_sock *sk = socket_full(skb);

	if (!stream || !sk)
		return;
	window_end(skb, stream);
	bpf_sk_storage_delete(&streams, sk);
}

/* Octets that the socket has acknowledged are the application's, whether they were read or not. */
static __always_inline void asks_note_ack(struct __sk_buff *skb, const struct segment *segment)
{
	struct egret_stream *stream = stream_of(skb);

	if (stream && stream->state > EGRET_STREAM_BEGINS && (__s32)(segment->ack - stream->acked_seq) > 0)
		stream->acked_seq = segment->ack;
}

/* The stream that @segment belongs to, with both cursors set where it begins: what answers it will come with the octet
 * that it acknowledges. */
static __always_inline struct egret_stream *asks_of(struct __sk_buff *skb, const struct segment *segment, bool trusted)
{
	struct egret_stream *stream = stream_make(skb);

	if (!stream)
		return 0;
	if (stream->state == EGRET_STREAM_UNUSED && trusted) {
		/* A SYN acknowledges nothing yet (Fast Open, RFC 7413): stream_comes_in() waits for what answers it. */
		stream_begin(stream, segment->ack);
		if (segment->begins)
			stream->state = EGRET_STREAM_BEGINS;
	}
	if (!stream->bound_count) {
		stream->asks_seq = segment->seq;
		bound_note(stream, segment->seq, 0);
	}
	return stream;
}

/* Sets the reader on what is to be read of the segment. @ret_fresh: its octets that were not sent before. */
static __always_inline enum asks_place asks_place(struct __sk_buff *skb, struct question *question,
						  const struct segment *segment, bool holds, __s32 *ret_fresh)
{
	struct egret_stream *stream = asks_of(skb, segment, question->trusted);
	enum asks_place where;
	int asked = 0;

	if (!stream)
		return ASKS_UNKNOWN;
	*ret_fresh = stream_fresh(segment, stream->asks_seq);
	where = asks_where(skb, segment, *ret_fresh, holds, &asked);
	if (holds)
		asks_read_all(question, segment, asked);
	else
		asks_read_on(question, segment, stream);
	return where;
}

/* Where the segment stands, and what there is to be read of it. False: of an unknown place nothing may be read, for
 * what is held back could pass. Global: its stack must not add to that of the questions. */
__noinline int asks_begin(struct __sk_buff *skb, __u32 buffer, __u32 offset)
{
	struct question *question = question_of(buffer);
	struct egret_config *cfg = policy_config();
	const struct egret_settings *settings;
	struct segment segment;
	enum asks_place where;
	__s32 fresh = 0;
	bool holds;

	if (!question || !cfg || !segment_read(skb, offset, &segment))
		return false;
	question->segment.left = 0;
	if (segment.begins)
		asks_forget(skb);
	else
		asks_note_ack(skb, &segment);
	if (!segment.octets)
		return true;
	settings = policy_settings(cfg, question->slot);
	holds = settings->dns_names && !question->audits;
	where = asks_place(skb, question, &segment, holds, &fresh);
	if (where == ASKS_AGAIN && !holds)
		question->segment.left = 0;
	question->segment.holds = holds;
	question->segment.end_seq = segment.seq + segment.octets;
	question->segment.notes = question->trusted && fresh > 0 ? fresh : 0;
	question->segment.repeats = where == ASKS_AGAIN;
	return where != ASKS_UNKNOWN;
}

/* As question_take, for all questions of a segment. Little may be on its stack, that of names' reading is under it. */
__noinline __u64 stream_asks(struct __sk_buff *skb, __u32 buffer, __u32 offset)
{
	struct question *question = question_of(buffer);
	__u64 refused;

	if (!question || !asks_begin(skb, buffer, offset))
		return QUESTION_UNREADABLE;
	if (!question->segment.left)
		return 0;
	refused = stream_questions(skb, buffer, question);
	/* What is not known to its end may be a question that is held back. */
	if (!refused && question->segment.holds && asks_are_cut(&question->segment.under_way))
		refused = QUESTION_UNREADABLE;
	asks_keep(skb, buffer, refused);
	return refused;
}

#endif
