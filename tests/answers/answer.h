/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Random answers to DNS questions, also for HTTPS and SVCB records and for ANY: well formed, with aliases in any order,
 * records of strangers, of other types and in sections that must not teach, some cut short; and then spoiled. What is
 * drawn comes from random.h, so one seed gives the same answers again.
 */
#ifndef EGRET_ANSWER_H
#define EGRET_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "find.h"

#define ANSWER_MAX_BYTES 4096 /* as much as Egret reads of a message */

struct answer {
	uint8_t bytes[ANSWER_MAX_BYTES];
	size_t len;
};

/* The question with this number: its name begins with "nNUMBER", behind labels of a
 * service. */
void question_draw(struct asked *ret, uint32_t number);
/* The name in a question's that is taught: what leads up to a service is not of it. */
const char *host_of_question(const char *name);
/* As a message; returns its length. */
size_t question_write(const struct asked *asked, uint8_t bytes[static EGRET_NAME_SIZE + 32]);

/* A well-formed answer; no two numbers have an address in common (up to 2^20 of them), but
 * for those of special purposes. */
void answer_draw(struct answer *ret, const struct asked *asked, uint32_t number);
/* A well-formed answer whose addresses are at the edges of special purposes. */
void answer_draw_edges(struct answer *ret, const struct asked *asked);
/* Spoils @answer in up to four places; @other: what may be mixed into it. */
void answer_mutate(struct answer *answer, const struct answer *other);

#endif
