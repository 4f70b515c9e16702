/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One answer of what runs: what the programs would say, and the way to it. */
#ifndef EGRET_VIEW_EXPLAIN_JUDGE_H
#define EGRET_VIEW_EXPLAIN_JUDGE_H

#include "asker.h"
#include "explain.h"
#include "rows.h"

/* What each answer is found with. */
struct explain_asking {
	const struct kernel *kernel;
	const struct explain_question *question;
	struct asker asker;
	char who[ROW_WORDS_SIZE];
};

/* To answer->addr, or, without one, by the name's rules; fills in the rest. */
int explain_judge(const struct explain_asking *asking, struct explain_answer *answer);
/* The line that would allow it, by the name and the reason that the answer has. */
void explain_suggest(const struct explain_asking *asking, struct explain_answer *answer);
struct kernel_packet explain_packet(const struct egret_addr *addr, const struct explain_asking *asking);

#endif
