/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Streams of answers that are astray: octets passed Egret by, and where the next message begins is not known. Such a
 * stream teaches no more until the next connection; the agent asks for each name that is asked by it.
 *
 * It is not guessed where a message begins: who owns a zone chooses what some answers say, and could write into one of
 * them what looks like the answer for another's name. Neither an open question (the client may be his) nor the end of
 * a segment or of what a server wrote at a time (the client's window and pace decide) tells the two apart.
 */
#ifndef EGRET_BPF_ASTRAY_H
#define EGRET_BPF_ASTRAY_H

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
	struct egret_stream *stream = stream_of(skb);
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
	struct egret_stream *stream = stream_of(skb);

	if (!stream || stream->state != EGRET_STREAM_IN_ORDER)
		return 0;
	stream_begin(stream, seq);
	stream->state = EGRET_STREAM_ASTRAY;
	lesson_count(lesson);
	return wanted_tell_all(skb);
}

/* A segment of a stream that is astray: new octets may be the answers to all that is open. Global: the verifier takes
 * it once. */
__noinline int stream_hears_astray(struct __sk_buff *skb)
{
	struct egret_stream *stream = stream_of(skb);
	struct segment segment;

	if (!stream || !segment_read(skb, packet_transport_at(skb, IP_AT_START, IPPROTO_TCP), &segment) ||
	    stream_fresh(&segment, stream->next_seq) <= 0)
		return 0;
	stream->next_seq = segment.seq + segment.octets;
	return wanted_tell_all(skb);
}

#endif
