/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Octets of a TCP stream that are kept for a while (struct egret_window), in the place that their number in the stream
 * gives them: the beginning of the message under way, and segments that came before an earlier one. The kernel hands
 * those on as soon as the earlier one comes, and no hook sees them again.
 *
 * A socket has a window only while something lies in it. It begins with the octet `window_seq` of its stream, and has
 * room for EGRET_DNS_BYTES; what comes later than that is not kept.
 */
#ifndef EGRET_BPF_WINDOW_H
#define EGRET_BPF_WINDOW_H

#include "dns.h"
#include "stream.h"

static __always_inline struct egret_window *window_of(struct __sk_buff *skb)
{
	struct bpf_sock *sk = socket_full(skb);

	return sk ? bpf_sk_storage_get(&windows, sk, 0, 0) : 0;
}

static __always_inline struct egret_window *window_make(struct __sk_buff *skb)
{
	struct bpf_sock *sk = socket_full(skb);

	return sk ? storage_make(&windows, sk) : 0;
}

/* Is the beginning of the message under way in the window? */
static __always_inline bool window_has_part(const struct egret_stream *stream)
{
	return stream->have && !stream->skips;
}

/* Nothing lies in it any more: what comes next begins it at @seq. */
static __always_inline void window_begin(struct egret_stream *stream, __u32 seq)
{
	if (!stream->early_count && !window_has_part(stream))
		stream->window_seq = seq;
}

/* Octets of the packet, @at their first. -1: there is no room for them. Global: the verifier takes its loop once. */
__noinline int window_keep(struct __sk_buff *skb, __u32 at, __u32 place, __u32 octets)
{
	struct egret_stream *stream = stream_of(skb);
	struct egret_window *window;

	if (!stream || octets > EGRET_DNS_BYTES || place > EGRET_DNS_BYTES - octets)
		return -1;
	window = window_make(skb);
	if (!window)
		return -1;
	stream->windowed = 1;
	for (int i = 0; i < EGRET_DNS_BYTES / EGRET_WINDOW_STEP; i++) {
		__u32 take = octets;

		if (!take)
			break;
		if (take > EGRET_WINDOW_STEP)
			take = EGRET_WINDOW_STEP;
		/* No change: only so do verifiers see the bounds. */
		asm volatile("" : "+r"(take));
		take = ((take - 1) & (EGRET_WINDOW_STEP - 1)) + 1;
		if (bpf_skb_load_bytes(skb, at, window->bytes + (place & (EGRET_DNS_BYTES - 1)), take))
			return -1;
		at += take;
		place += take;
		octets -= take;
	}
	return 0;
}

/* bpf_sk_storage_delete in cgroup programs: 5.3. */
static __always_inline void window_end(struct __sk_buff *skb, struct egret_stream *stream)
{
	struct bpf_sock *sk = socket_full(skb);

	if (!stream->windowed || !sk)
		return;
	bpf_sk_storage_delete(&windows, sk);
	stream->windowed = 0;
}

/* --- segments that came early --- */

/* The segment's octets were kept: notes them as one run with what they touch. -1: there are too many runs.
 * Global: the verifier takes its loop once. */
__noinline int early_note(struct __sk_buff *skb, __u32 seq, __u32 octets)
{
	struct egret_stream *stream = stream_of(skb);
	__u32 room = EGRET_STREAM_EARLY;

	if (!stream)
		return -1;
	for (__u32 i = 0; i < EGRET_STREAM_EARLY; i++) {
		struct egret_early *early = &stream->early[i];

		if (!early->octets) {
			room = i;
		} else if (seq - early->seq <= early->octets) {
			if (seq + octets - early->seq > early->octets)
				early->octets = seq + octets - early->seq;
			return 0;
		}
	}
	if (room >= EGRET_STREAM_EARLY)
		return -1;
	stream->early[room].seq = seq;
	stream->early[room].octets = octets;
	stream->early_count++;
	return 0;
}

/* Sets the reader on the run that has the octet that is due, and forgets the run, and those that are over. False:
 * there is none. Global: the verifier takes its loop once. */
__noinline int early_take(struct __sk_buff *skb, __u32 buffer)
{
	struct egret_stream *stream = stream_of(skb);
	struct answer *answer = answer_of(buffer);
	bool found = false;

	if (!answer || !stream || !stream->early_count)
		return false;
	for (__u32 i = 0; i < EGRET_STREAM_EARLY; i++) {
		struct egret_early *early = &stream->early[i];
		__s32 passed = stream->next_seq - early->seq, left = early->octets - passed;

		if (!early->octets || passed < 0 || (found && left > 0))
			continue;
		early->octets = 0;
		stream->early_count--;
		if (left <= 0)
			continue;
		found = true;
		answer->segment.kept = 1;
		answer->segment.at = stream->next_seq - stream->window_seq;
		answer->segment.left = left;
	}
	return found;
}

/* Is the octet that is due among them? */
static __always_inline bool early_is_due(const struct egret_stream *stream)
{
	for (__u32 i = 0; i < EGRET_STREAM_EARLY; i++)
		if (stream->next_seq - stream->early[i].seq < stream->early[i].octets)
			return true;
	return false;
}

/* A message begins with the octet @seq, and nothing of what came before is of interest any more. */
static __always_inline void stream_begin(struct egret_stream *stream, __u32 seq)
{
	stream->state = EGRET_STREAM_IN_ORDER;
	stream->next_seq = stream->acked_seq = seq;
	stream->want = stream->have = 0;
	stream->half_known = stream->skips = 0;
	for (__u32 i = 0; i < EGRET_STREAM_EARLY; i++)
		stream->early[i].octets = 0;
	stream->early_count = 0;
}

#endif
