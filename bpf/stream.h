/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TCP segments as a stream, in either direction, whatever it carries: where a segment stands to what was read before,
 * and its octets behind those that came before. A reader reads in order only, and decides itself what to do at a gap.
 *
 * A reader keeps the number of the octet that is due. It asks stream_where() of each segment, takes the octets of a new
 * one by stream_append(), and keeps an unfinished message in a map of its own, from where stream_restore() brings it
 * back for the next segment. All of it is inlined: global functions cannot be given such memory (pointers from 5.12
 * only).
 */
#ifndef EGRET_BPF_STREAM_H
#define EGRET_BPF_STREAM_H

#include "packet.h"

/* The header of a segment, and the octets that it brings. */
struct segment {
	__u32 seq, ack;   /* host order */
	__u32 at, octets; /* of the payload, in the packet */
	bool begins;      /* a connection */
};

/* @tcp_at: where the TCP header begins; 0: it was not found. */
static __always_inline bool segment_read(struct __sk_buff *skb, __u32 tcp_at, struct segment *ret)
{
	struct tcphdr tcp;

	if (!tcp_at || bpf_skb_load_bytes(skb, tcp_at, &tcp, sizeof(tcp)))
		return false;
	ret->seq = bpf_ntohl(tcp.seq) + tcp.syn; /* RFC 9293 section 3.4: it takes a number of its own */
	ret->ack = bpf_ntohl(tcp.ack_seq);
	ret->begins = tcp.syn;
	ret->at = tcp_at + tcp.doff * 4;
	if (skb->len < ret->at)
		return false;
	ret->octets = skb->len - ret->at;
	return true;
}

enum stream_place {
	STREAM_NEW,      /* begins with the octet that is due */
	STREAM_AGAIN,    /* all of it was read before */
	STREAM_GAP,      /* something before it was lost, or is late */
	STREAM_OVERLAPS, /* read in part before */
};

/* How many octets of the segment are behind all that was read; not more than 0: none. Numbers wrap (RFC 9293 section
 * 3.4), so they are compared by their distance. */
static __always_inline __s32 stream_fresh(const struct segment *segment, __u32 due_seq)
{
	return segment->seq + segment->octets - due_seq;
}

static __always_inline enum stream_place stream_where(const struct segment *segment, __u32 due_seq)
{
	__s32 ahead = segment->seq - due_seq;

	if (ahead < 0)
		return stream_fresh(segment, due_seq) <= 0 ? STREAM_AGAIN : STREAM_OVERLAPS;
	return ahead ? STREAM_GAP : STREAM_NEW;
}

/* The next @take octets of the packet, @at its octet: into @buffer, behind the @have that are there. @most: of one
 * message, a power of two; @buffer has room for twice as many, for verifiers add up the worst of both. */
static __always_inline bool stream_append(struct __sk_buff *skb, __u32 at, __u8 *buffer, __u32 have, __u32 take,
					  __u32 most)
{
	if (have > most - 1 || !take || take > most)
		return false;
	/* No change: only so do verifiers see that it is not 0. */
	take = ((take - 1) & (most - 1)) + 1;
	asm volatile("" : "+r"(take));
	return !bpf_skb_load_bytes(skb, at, buffer + have, take);
}

/* The @have octets of an unfinished message, from where they were kept. bpf_probe_read_kernel (5.8 in cgroup programs)
 * copies as many as there are. */
static __always_inline bool stream_restore(__u8 *buffer, const __u8 *kept, __u32 have, __u32 most)
{
	return kept && have <= most && !bpf_probe_read_kernel(buffer, have, kept);
}

#endif
