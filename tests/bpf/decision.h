/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What decide.bpf.c is told and asked, and what it answers, as the bytes of a packet. */
#ifndef EGRET_TESTS_DECISION_H
#define EGRET_TESTS_DECISION_H

struct decision {
	__u8 ethernet[16];
	__u64 halves[2];
	__u64 scope;
	__u32 audience;
	__u16 port;
	__u8 l4_proto;
	__u8 pad;
	/* Answered. */
	__u64 tick, ticks_taken; /* bpf_jiffies64 */
	__u32 rule;
	__u8 allow;
	__u8 reason;
	__u8 told;
	__u8 pad2;
};

#endif
