/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The program outside the kernel against c-ares: what each makes of the same answer. */
#ifndef EGRET_ANSWERS_JUDGE_H
#define EGRET_ANSWERS_JUDGE_H

#include "find.h"
#include "native/native.h"

struct exchange {
	struct native_way way;
	struct asked asked;
	const uint8_t *question, *answer;
	size_t question_len, answer_len;
	bool whole; /* the answer is well formed: all that c-ares finds is to be learned */
};

struct disagreement {
	const char *what; /* NULL: there is none */
	struct egret_addr addr;
};

struct tally {
	unsigned long answers, taught, addresses, unparsed;
};

struct disagreement exchange_judge(const struct exchange *exchange, struct tally *tally);

#endif
