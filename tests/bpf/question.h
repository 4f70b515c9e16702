/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What judge.bpf.c is asked, and what it answers, as the bytes of a packet. */
#ifndef EGRET_TESTS_QUESTION_H
#define EGRET_TESTS_QUESTION_H

struct question {
	__u8 ethernet[16]; /* a packet must begin with some */
	__u64 first_half;
	__u64 last_half;
	__u32 port_key;
	__u32 audience;
	__u32 rule;
	__u8 allow;
	__u8 reason;
	__u8 told;
	__u8 pad;
};

#endif
