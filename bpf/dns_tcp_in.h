/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Answers that come in by TCP: messages behind two octets of length each (RFC 1035 section 4.2.2), read in the order
 * of the stream, whatever order its segments come in.
 *
 * | a segment                          | is                                                                        |
 * |------------------------------------|---------------------------------------------------------------------------|
 * | with the octet that is due         | read from there on; what it repeats is passed over                        |
 * | that comes early                   | kept in the window (window.h), and read when the octets before it came    |
 * | early, and the window has no room  | lost to Egret, though not to the application                              |
 *
 * A message of which an octet was lost is passed over, and those behind it are read. Where it is not known where the
 * next one begins, the stream is astray for good (astray.h). Of what is not read, the agent asks for the names
 * (wanted.h).
 */
#ifndef EGRET_BPF_DNS_TCP_IN_H
#define EGRET_BPF_DNS_TCP_IN_H

#include "astray.h"
#include "buffer.h"
#include "dns.h"
#include "room.h"
#include "stream.h"
#include "teach.h"
#include "told.h"
#include "wanted.h"
#include "window.h"

#define STREAM_STEPS 512 /* of a segment and of what was kept: one or two a message */

/*
 * The hook runs before TCP takes the socket's lock (tcp_filter(), net/ipv4/tcp_ipv4.c). A stream whose packets move
 * from one CPU to another, as RPS and a network card's queues move them, has segments at the hook on two CPUs at once:
 * one is read at a time. Who finds another one being read looks this often whether that has ended, some 20 us; then the
 * segment is dropped, and comes again. If it passed unread, no name behind it could be learned from that connection.
 */
#define STREAM_LOOKS 1024

/* --- reading --- */

static __always_inline void reader_pass(struct segment_reader *reader, struct egret_stream *stream, __u32 octets)
{
	reader->at += octets;
	reader->left -= octets;
	stream->next_seq += octets;
}

/* An octet of the length. False: the packet ends before. */
static __always_inline bool stream_length(struct __sk_buff *skb, struct segment_reader *reader,
					  struct egret_stream *stream)
{
	struct egret_window *window;
	__u8 octet = 0;

	if (!reader->kept) {
		if (bpf_skb_load_bytes(skb, reader->at, &octet, 1))
			return false;
	} else {
		window = window_of(skb);
		if (!window)
			return false;
		octet = window->bytes[reader->at & (EGRET_DNS_BYTES - 1)];
	}
	reader_pass(reader, stream, 1);
	if (!stream->half_known) {
		stream->half = octet;
		stream->half_known = 1;
		return true;
	}
	stream->half_known = 0;
	stream->want = (__u16)stream->half << 8 | octet;
	stream->have = 0;
	stream->skips = 0;
	return true;
}

/* The first @have octets of the message, from the window. */
static __always_inline bool part_restore(struct __sk_buff *skb, struct answer *answer,
					 const struct egret_stream *stream, __u32 have)
{
	__u32 place = stream->next_seq - stream->have - stream->window_seq;
	struct egret_window *window = window_of(skb);

	return window &&
	       stream_restore(answer->bytes, window->bytes + (place & (EGRET_DNS_BYTES - 1)), have, EGRET_DNS_BYTES);
}

/* Octets of the message that the segment brings, behind those that came before. */
static __always_inline bool gather_from_packet(struct __sk_buff *skb, struct answer *answer,
					       struct egret_stream *stream, __u32 take)
{
	__u32 place, have = stream->have;

	if (have + take >= stream->want)
		return (!have || part_restore(skb, answer, stream, have)) &&
		       stream_append(skb, answer->segment.at, answer->bytes, have, take, EGRET_DNS_BYTES);
	window_begin(stream, stream->next_seq);
	place = stream->next_seq - stream->window_seq;
	/* All of it must find room, so that what is early does not lie where it will. */
	if (place - have + stream->want > EGRET_DNS_BYTES)
		return false;
	return !window_keep(skb, answer->segment.at, place, take);
}

/* The octets lie in the window already. */
static __always_inline bool gather_from_window(struct __sk_buff *skb, struct answer *answer,
					       struct egret_stream *stream, __u32 take)
{
	return stream->have + take < stream->want || part_restore(skb, answer, stream, stream->want);
}

/* The message under way cannot be read: it is passed over. Whose answer it was, is not known. */
static __always_inline void stream_skip(struct __sk_buff *skb, struct egret_stream *stream, __u32 lesson)
{
	stream->skips = 1;
	lesson_count(lesson);
	wanted_tell_all(skb);
}

static __always_inline void stream_gather(struct __sk_buff *skb, struct answer *answer, struct egret_stream *stream,
					  __u32 take)
{
	if (stream->skips)
		return;
	if (stream->want > EGRET_DNS_BYTES)
		stream_skip(skb, stream, EGRET_LESSON_OVERFLOW);
	else if (stream->want < DNS_HEADER)
		stream_skip(skb, stream, EGRET_LESSON_MALFORMED);
	else if (answer->segment.kept ? !gather_from_window(skb, answer, stream, take)
				      : !gather_from_packet(skb, answer, stream, take))
		stream_skip(skb, stream, EGRET_LESSON_PARTS);
}

/* One step through what the reader is set on. 0; or the lesson that leaves the stream astray. Global: taken once. */
__noinline __u32 stream_step(struct __sk_buff *skb, __u32 buffer)
{
	struct egret_stream *stream = stream_of(skb);
	struct answer *answer = answer_of(buffer);
	__u32 take;

	if (!answer || !stream)
		return EGRET_LESSON_ASTRAY;
	if (!stream->want) {
		if (!stream_length(skb, &answer->segment, stream))
			return EGRET_LESSON_ASTRAY;
		if (!stream->want || !answer->segment.left)
			return 0;
	}
	take = answer->segment.left;
	if (take > (__u32)stream->want - stream->have)
		take = stream->want - stream->have;
	stream_gather(skb, answer, stream, take);
	reader_pass(&answer->segment, stream, take);
	stream->have += take;
	if (stream->have < stream->want)
		return 0;
	answer->message.len = stream->want;
	stream->want = stream->have = 0;
	if (stream->skips)
		return 0;
	if (!(answer_word(answer, 2) & DNS_RESPONSE)) /* no server sends such: this was no message */
		return EGRET_LESSON_ASTRAY;
	answer_take(skb, buffer);
	return 0;
}

/* --- a segment --- */

/* What answers a question that left with the SYN begins behind the other SYN. */
static __always_inline void stream_opens(struct egret_stream *stream, const struct segment *segment)
{
	if (stream->state == EGRET_STREAM_BEGINS && segment->begins)
		stream_begin(stream, segment->seq);
}

/* The segment is of octets behind those that are due. */
static __always_inline void stream_keep_early(struct __sk_buff *skb, struct egret_stream *stream,
					      const struct segment *segment)
{
	window_begin(stream, stream->next_seq);
	if (!window_keep(skb, segment->at, segment->seq - stream->window_seq, segment->octets) &&
	    !early_note(skb, segment->seq, segment->octets))
		lesson_count(EGRET_LESSON_EARLY);
	else
		stream_misses(skb);
}

/* Sets the reader on what the segment has of what is due. */
static __always_inline void stream_set_reader(struct __sk_buff *skb, struct egret_stream *stream,
					      const struct segment *segment, struct segment_reader *ret)
{
	__s32 heard = stream->next_seq - segment->seq;

	if (heard < 0) {
		stream_keep_early(skb, stream, segment);
		return;
	}
	if (stream_fresh(segment, stream->next_seq) <= 0)
		return;
	if (heard)
		lesson_count(EGRET_LESSON_OVERLAP);
	ret->at = segment->at + heard;
	ret->left = segment->octets - heard;
}

/* The socket has acknowledged octets that were not read: they passed Egret by. Goes on behind them, where that is
 * within one message. */
static __always_inline void stream_pass_missed(struct __sk_buff *skb, struct egret_stream *stream)
{
	__u32 missed = stream->acked_seq - stream->next_seq;

	if (!stream->want || missed > (__u32)stream->want - stream->have) {
		stream_leave(skb, EGRET_LESSON_GAP, stream->acked_seq);
		return;
	}
	if (!stream->skips)
		stream_skip(skb, stream, EGRET_LESSON_GAP);
	stream->next_seq += missed;
	stream->have += missed;
	if (stream->have == stream->want)
		stream->want = stream->have = 0;
}

/* Where the segment stands in the stream, and what there is to be read now. Global: its stack must not add to that of
 * the reading. */
__noinline int stream_place_segment(struct __sk_buff *skb, __u32 buffer)
{
	struct egret_stream *stream = stream_of(skb);
	struct answer *answer = answer_of(buffer);
	struct packet server = {};
	struct segment segment;

	if (!stream || !answer || !stream->state || !connected_to(skb, &server) ||
	    !segment_read(skb, packet_transport_at(skb, IP_AT_START, IPPROTO_TCP), &segment))
		return 0;
	answer->server = server.addr;
	answer->server_port_be = server.port_be;
	stream_opens(stream, &segment);
	if (!segment.octets || stream->state == EGRET_STREAM_BEGINS)
		return 0;
	if (stream->state == EGRET_STREAM_IN_ORDER && (__s32)(stream->acked_seq - stream->next_seq) > 0 &&
	    !early_is_due(stream))
		stream_pass_missed(skb, stream);
	if (stream->state == EGRET_STREAM_ASTRAY)
		stream_hears_astray(skb);
	if (stream->state == EGRET_STREAM_IN_ORDER)
		stream_set_reader(skb, stream, &segment, &answer->segment);
	return 0;
}

/* All that can be read now. 0; or the lesson that leaves the stream astray. */
static __always_inline __u32 stream_read(struct __sk_buff *skb, __u32 buffer, struct answer *answer)
{
	for (int i = 0; i < STREAM_STEPS; i++) {
		__u32 lesson;

		if (!answer->segment.left && !early_take(skb, buffer))
			return 0;
		lesson = stream_step(skb, buffer);
		if (lesson)
			return lesson;
		asm volatile("" ::: "memory"); /* read anew what is in the map */
	}
	return EGRET_LESSON_PACKED;
}

static __always_inline void stream_rests(struct __sk_buff *skb)
{
	struct egret_stream *stream = stream_of(skb);

	if (stream && !stream->early_count && !window_has_part(stream))
		window_end(skb, stream);
}

static __always_inline bool stream_is_dns(struct bpf_sock *sk)
{
	return port_is_asked(bpf_ntohs(peer_port_be(sk)));
}

/* True: the stream is the caller's until stream_give(). Global: the verifier takes its loop once. */
__noinline int stream_take(struct __sk_buff *skb)
{
	struct egret_stream *stream = stream_of(skb);

	for (int i = 0; stream && i < STREAM_LOOKS; i++) {
		bool taken;

		if (*(volatile __u32 *)&stream->is_read)
			continue;
		bpf_spin_lock(&stream->lock); /* 5.1 */
		taken = !stream->is_read;
		stream->is_read = 1;
		bpf_spin_unlock(&stream->lock);
		if (taken)
			return true;
	}
	return false;
}

static __always_inline void stream_give(struct __sk_buff *skb)
{
	struct egret_stream *stream = stream_of(skb);

	if (!stream)
		return;
	bpf_spin_lock(&stream->lock);
	stream->is_read = 0;
	bpf_spin_unlock(&stream->lock);
}

/* Reads what the segment brings, of a stream that is the caller's. */
static __always_inline void stream_hears(struct __sk_buff *skb)
{
	struct answer *answer;
	__u32 lesson, buffer;

	buffer = buffer_take(BUFFER_ANSWER, 0);
	answer = answer_of(buffer);
	if (!answer) {
		stream_leave(skb, EGRET_LESSON_BUSY, stream_end_seq(skb));
		return;
	}
	answer->chunks_made = 0;
	answer->segment = (struct segment_reader){};
	stream_place_segment(skb, buffer);
	lesson = stream_read(skb, buffer, answer);
	if (lesson)
		stream_leave(skb, lesson, stream_end_seq(skb));
	stream_rests(skb);
	share_tidy(answer->owner, answer->chunks_made, buffer);
	buffer_give(&answer->message);
}

/* A segment for a socket that is connected to port 53, or to one to which that was translated. False: it cannot be read
 * now, and must come again. */
__noinline int stream_comes_in(struct __sk_buff *skb)
{
	if (!stream_of(skb))
		return true;
	if (!stream_take(skb)) {
		lesson_count(EGRET_LESSON_CROSSED);
		return false;
	}
	stream_hears(skb);
	stream_give(skb);
	return true;
}

#endif
