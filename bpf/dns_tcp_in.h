/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Answers that come in by TCP: messages behind two octets of length each (RFC 1035 section 4.2.2), read as
 * the segments come, in order only. A gap, an overlap or a message that is too long is
 * delivered; the stream is left behind, and the agent asks for the names instead.
 */
#ifndef EGRET_BPF_DNS_TCP_IN_H
#define EGRET_BPF_DNS_TCP_IN_H

#include "buffer.h"
#include "room.h"
#include "dns.h"
#include "place.h"
#include "stream.h"
#include "teach.h"
#include "told.h"
#include "wanted.h"

#define STREAM_STEPS 96 /* of a segment: three a message, so 32 messages of a few octets */

/* The stream cannot be followed any more. The agent asks for the names whose answers it would still have brought. */
static __always_inline void stream_leave(struct __sk_buff *skb, struct egret_stream *stream, __u32 lesson)
{
	stream->state = EGRET_STREAM_LOST;
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

/* --- a message of which only the beginning came --- */

/* Of the first octets of the message. Global: the verifier takes its loop once. */
__noinline __u64 part_check(__u32 buffer, __u32 have)
{
	__u32 words = have / sizeof(__u64), more = have % sizeof(__u64);
	struct answer *answer = answer_of(buffer);
	__u64 check = have, last;

	if (!answer)
		return 0;
	for (__u32 i = 0; i < EGRET_DNS_BYTES / sizeof(__u64); i++) {
		if (i >= words)
			break;
		check = check_add(check, ((__u64 *)answer->bytes)[i], hash_keys[0]);
	}
	/* What lies behind is of an earlier message. */
	last = ((__u64 *)answer->bytes)[words & (EGRET_DNS_BYTES / sizeof(__u64) - 1)];
	return check_add(check, last & (((__u64)1 << more * 8) - 1), hash_keys[1]);
}
_Static_assert(__builtin_offsetof(struct answer, bytes) % 8 == 0, "part_check reads words");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "part_check cuts the last word by that order");

/* False: the socket has no owner. */
static __always_inline bool part_place(struct __sk_buff *skb, struct egret_place *ret)
{
	struct egret_sock *sock = memory_of(skb);

	if (!sock)
		return false;
	*ret = (struct egret_place){.owner = sock->owner, .place = bpf_get_socket_cookie(skb) % EGRET_PART_SHARE};
	return true;
}

/* Without a lock: of what another stream of the owner keeps in the same place, the check tells. */
static __always_inline bool part_keep(struct __sk_buff *skb, __u32 buffer, struct answer *answer,
				      struct egret_stream *stream)
{
	struct egret_place key;

	if (!part_place(skb, &key))
		return false;
	stream->kept = part_check(buffer, stream->have);
	return !bpf_map_update_elem(&parts, &key, answer->bytes, BPF_ANY);
}

/* False: another stream of the same owner took the place. */
static __always_inline bool part_restore(struct __sk_buff *skb, __u32 buffer, struct answer *answer,
					 const struct egret_stream *stream)
{
	struct egret_part *part;
	struct egret_place key;

	if (!part_place(skb, &key))
		return false;
	part = bpf_map_lookup_elem(&parts, &key);
	return part && stream_restore(answer->bytes, part->bytes, stream->have, EGRET_DNS_BYTES) &&
	       part_check(buffer, stream->have) == stream->kept;
}

/* --- reading --- */

/* Octets of the message: into the buffer, behind those that came before. 0; or the lesson that ends the stream. */
static __always_inline __u32 stream_gather(struct __sk_buff *skb, __u32 buffer, struct answer *answer,
					   struct egret_stream *stream)
{
	struct segment_reader *reader = &answer->segment;
	__u32 have = stream->have, take = reader->left;

	if (have > EGRET_DNS_BYTES - 1)
		return EGRET_LESSON_OVERFLOW;
	if (take > stream->want - have)
		take = stream->want - have;
	if (have && !part_restore(skb, buffer, answer, stream))
		return EGRET_LESSON_PARTS;
	if (!stream_append(skb, reader->at, answer->bytes, have, take, EGRET_DNS_BYTES))
		return EGRET_LESSON_OVERFLOW;
	reader->at += take;
	reader->left -= take;
	have += take;
	stream->have = have;
	return have >= stream->want || part_keep(skb, buffer, answer, stream) ? 0 : EGRET_LESSON_PARTS;
}

/* One step through the segment. 0; or the lesson that ends the stream. Global: taken once. */
__noinline __u32 stream_step(struct __sk_buff *skb, __u32 buffer)
{
	struct egret_stream *stream = stream_of(skb, 0);
	struct answer *answer = answer_of(buffer);
	__u32 lesson;

	if (!answer || !stream)
		return EGRET_LESSON_OVERFLOW;
	if (!stream->want)
		return stream_length(skb, &answer->segment, stream) ? 0 : EGRET_LESSON_OVERFLOW;
	lesson = stream_gather(skb, buffer, answer, stream);
	if (lesson || stream->have < stream->want)
		return lesson;
	answer->message.len = stream->want;
	stream->want = 0;
	answer_take(skb, buffer);
	return 0;
}

/* The octets that are due, and no others. 0; or the lesson that ends the stream. */
static __always_inline __u32 stream_read(struct __sk_buff *skb, __u32 buffer, struct answer *answer)
{
	for (int i = 0; i < STREAM_STEPS; i++) {
		__u32 lesson;

		if (!answer->segment.left)
			return 0;
		lesson = stream_step(skb, buffer);
		if (lesson)
			return lesson;
		asm volatile("" ::: "memory"); /* read anew what is in the map */
	}
	return answer->segment.left ? EGRET_LESSON_PACKED : 0;
}

static __always_inline bool stream_is_dns(struct bpf_sock *sk)
{
	return port_is_asked(bpf_ntohs(peer_port_be(sk)));
}

/* What answers a question that left with the SYN begins behind the other SYN. */
static __always_inline void stream_opens(struct egret_stream *stream, const struct segment *segment)
{
	if (stream->state != EGRET_STREAM_BEGINS || !segment->begins)
		return;
	stream->next_seq = segment->seq;
	stream->state = EGRET_STREAM_IN_ORDER;
}

/* A segment for a socket that is connected to port 53, or to one to which that was translated. */
__noinline int stream_comes_in(struct __sk_buff *skb)
{
	struct egret_stream *stream = stream_of(skb, 0);
	struct packet server = {};
	struct segment segment;
	enum stream_place where;
	struct answer *answer;
	__u32 lesson, buffer;

	if (!stream || !stream->state || !connected_to(skb, &server) ||
	    !segment_read(skb, packet_transport_at(skb, IP_AT_START, IPPROTO_TCP), &segment))
		return 0;
	stream_opens(stream, &segment);
	if (stream->state != EGRET_STREAM_IN_ORDER || !segment.octets)
		return 0;
	where = stream_where(&segment, stream->next_seq);
	if (where == STREAM_AGAIN)
		return 0;
	if (where != STREAM_NEW) {
		stream_leave(skb, stream, where == STREAM_GAP ? EGRET_LESSON_GAP : EGRET_LESSON_OVERLAP);
		return 0;
	}
	buffer = buffer_take(BUFFER_ANSWER, 0);
	answer = answer_of(buffer);
	if (!answer) {
		stream_leave(skb, stream, EGRET_LESSON_BUSY);
		return 0;
	}
	stream->next_seq += segment.octets;
	answer->chunks_made = 0;
	answer->server = server.addr;
	answer->server_port_be = server.port_be;
	answer->segment = (struct segment_reader){.at = segment.at, .left = segment.octets};
	lesson = stream_read(skb, buffer, answer);
	if (lesson)
		stream_leave(skb, stream, lesson);
	share_tidy(answer->owner, answer->chunks_made, buffer);
	buffer_give(&answer->message);
	return 0;
}

#endif
