// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as the answer to a question, through the kernel's parser outside the kernel:
 * nothing is learned that c-ares does not find under the name that was asked for.
 *
 * The first byte says by which family it comes (bit 0), whether the question is the one that
 * the answer repeats, or always the same (bit 1), and in which segments of TCP (bits 2 to
 * 4; 0: by UDP). The answer follows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ares.h>

#include "answers/judge.h"
#include "base/addr.h"

#define HEADER    12
#define SAME      2
#define MAX_BYTES 4096

static const uint8_t same[] = {1, 'a', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1};

struct question {
	uint8_t bytes[HEADER + MAX_BYTES];
	size_t len;
};

/* A question with the id of @answer, for the name, type and class of @body. */
static void question_set(struct question *question, const uint8_t *answer, const uint8_t *body, size_t len)
{
	static const uint8_t header[HEADER] = {0, 0, 1, 0, 0, 1};

	memcpy(question->bytes, header, sizeof(header));
	memcpy(question->bytes, answer, 2);
	memcpy(question->bytes + HEADER, body, len);
	question->len = HEADER + len;
}

/* As c-ares reads the question. */
static bool asked_read(const struct question *question, struct asked *ret)
{
	const uint8_t *type;
	char *name;
	bool fits;
	long len;

	if (ares_expand_name(question->bytes + HEADER, question->bytes, question->len, &name, &len) != ARES_SUCCESS)
		return false;
	type = question->bytes + HEADER + len;
	fits = strlen(name) < sizeof(ret->name) && type + 4 <= question->bytes + question->len;
	if (fits) {
		strcpy(ret->name, name);
		ret->id = question->bytes[0] << 8 | question->bytes[1];
		ret->type = type[0] << 8 | type[1];
	}
	ares_free_string(name);
	return fits;
}

/* The question that @answer repeats, as long as no pointer is in its name. */
static void question_of(struct question *question, const uint8_t *answer, size_t len)
{
	size_t at = HEADER;

	while (at < len && answer[at])
		at += answer[at] + 1;
	at += 5;
	question_set(question, answer, answer + HEADER, (at < len ? at : len) - HEADER);
}

_Noreturn static void broken(const struct disagreement *wrong, const struct asked *asked)
{
	char addr[ADDR_TEXT_SIZE];

	fprintf(stderr, "fuzz_dns.c: %s: %s; asked %s type %u\n", wrong->what, addr_format(&wrong->addr, addr),
		asked->name, asked->type);
	abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	native_start();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t segments[8] = {0, 1, 2, 3, 7, 64, 536, MAX_BYTES};
	static struct question question;
	struct exchange exchange = {.answer = data + 1, .answer_len = size - 1};
	struct disagreement wrong;
	struct tally tally = {0};

	if (size < 1 + HEADER || size > 1 + MAX_BYTES)
		return 0;
	if (data[0] & SAME)
		question_set(&question, exchange.answer, same, sizeof(same));
	else
		question_of(&question, exchange.answer, exchange.answer_len);
	if (!asked_read(&question, &exchange.asked))
		return 0;
	exchange.way.family = data[0] & 1;
	exchange.way.segment = segments[data[0] >> 2 & 7];
	exchange.question = question.bytes;
	exchange.question_len = question.len;
	wrong = exchange_judge(&exchange, &tally);
	if (wrong.what)
		broken(&wrong, &exchange.asked);
	return 0;
}
