/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who has which buffer of message.h. Each CPU has its own, and a program stays on its CPU from beginning to end. But
 * another one may come in between, above it:
 *
 * - a softirq above a process, and that one runs to its end;
 * - from 5.11 on, where the kernel is preemptible (preempt=full, PREEMPT_RT), a process above a process. The one below
 *   keeps its buffer until it runs again: a time slice, a CPU quota's period, or longer.
 *
 * So a buffer is taken in two steps that need no atomic that fetches (5.12): one is added to its count, then the count
 * is looked at. Exactly 1: nobody else has added, and nobody who adds later will find 1 before this one is given back.
 * Else it is taken back, and the next buffer is tried. Two who come in between each other's steps may both pass one by;
 * they never both have it.
 *
 * How many of one subject's processes are preempted while they read is its own doing: with hundreds of them it could
 * have any number of buffers, for as long as it likes. So it has BUFFERS_A_SUBJECT of them and the first of all, which
 * is taken without counting; what it asks beyond is counted as BUSY, and teaches nothing. With one subject that floods
 * a CPU, five of eight are left for its neighbours, and one is enough for a process that is not preempted while it
 * reads, a few microseconds. (Who is preempted between the count and the taking may take one more: nanoseconds of
 * those microseconds.) With four subjects that flood one CPU all eight may be taken, and a question that comes then is
 * counted as BUSY, whosever it is.
 *
 * Answers are read in softirq, which no other one interrupts on its CPU (PREEMPT_RT holds a lock of the CPU around
 * it), and which may be above a process of the agent that teaches. That makes two; a third is for kernels whose
 * softirqs may be preempted (PREEMPT_RT without that lock, 6.18).
 */
#ifndef EGRET_BPF_BUFFER_H
#define EGRET_BPF_BUFFER_H

#include "message.h"

/* Of the questions' on one CPU, besides the first. */
#define BUFFERS_A_SUBJECT 2

/* No number of a buffer. */
#define BUFFER_NONE ((__u32)-1)

enum buffer_kind { BUFFER_QUESTION, BUFFER_ANSWER };

/* The first step. */
static __always_inline void buffer_reach(struct message *message)
{
	__sync_fetch_and_add(&message->taken, 1);
}

/* The second: true, and it is the caller's; or it is as before the first. */
static __always_inline bool buffer_is_mine(struct message *message)
{
	if (*(volatile __u32 *)&message->taken == 1)
		return true;
	__sync_fetch_and_add(&message->taken, -1);
	return false;
}

static __always_inline bool buffer_claim(struct message *message, __u64 owner)
{
	if (!message || message->taken)
		return false;
	buffer_reach(message);
	if (!buffer_is_mine(message))
		return false;
	message->owner = owner;
	return true;
}

/* How many of the questions' buffers @owner has here, besides the first. */
static __always_inline __u32 buffers_of(__u64 owner)
{
	__u32 count = 0;

	for (__u32 buffer = 1; buffer < QUESTION_BUFFERS; buffer++) {
		struct message *message = message_of(buffer);

		count += message && message->taken && message->owner == owner;
	}
	return count;
}

/*
 * A buffer that is the caller's alone until buffer_give(); or BUFFER_NONE: all are taken, or @owner has its share of
 * them. @kind: enum buffer_kind; @owner: who pays, of a question. Global: the verifier takes its loops once.
 */
__noinline __u32 buffer_take(__u32 kind, __u64 owner)
{
	__u32 first = kind == BUFFER_QUESTION ? 0 : QUESTION_BUFFERS;
	__u32 end = kind == BUFFER_QUESTION ? QUESTION_BUFFERS : MESSAGE_BUFFERS;

	if (buffer_claim(message_of(first), owner))
		return first;
	if (kind == BUFFER_QUESTION && buffers_of(owner) >= BUFFERS_A_SUBJECT)
		return BUFFER_NONE;
	for (__u32 buffer = first + 1; buffer < end; buffer++)
		if (buffer_claim(message_of(buffer), owner))
			return buffer;
	return BUFFER_NONE;
}

/* What was read is read: the compiler must not write to the buffer any later. */
static __always_inline void buffer_give(struct message *message)
{
	asm volatile("" ::: "memory");
	__sync_fetch_and_add(&message->taken, -1);
}

#endif
