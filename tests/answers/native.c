// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * answers_native COUNT: so many answers, one in eight well formed, one in eight of addresses at the
 * edges of special purposes, and the others spoiled, through the program outside the kernel and
 * through c-ares' parser.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "answer.h"
#include "base/addr.h"
#include "judge.h"
#include "model/random.h"

#define WHOLE_EVERY 8

static void print_hex(const char *what, const uint8_t *bytes, size_t len)
{
	printf("%s:", what);
	for (size_t i = 0; i < len; i++)
		printf("%02x", bytes[i]);
	printf("\n");
}

static void print_exchange(const struct exchange *exchange, const struct disagreement *wrong, uint64_t seed,
			   uint32_t number)
{
	char addr[ADDR_TEXT_SIZE];

	printf("FAIL %s: %s: EGRET_SEED=%llu, answer %u, by segments of %zu, asked %s type %u\n", wrong->what,
	       addr_format(&wrong->addr, addr), (unsigned long long)seed, number, exchange->way.segment,
	       exchange->asked.name, exchange->asked.type);
	print_hex("question", exchange->question, exchange->question_len);
	print_hex("answer", exchange->answer, exchange->answer_len);
}

/* @before: the answer before this one; then this one. */
static void exchange_draw(struct exchange *exchange, uint32_t number, struct answer *before)
{
	static uint8_t question[EGRET_NAME_SIZE + 32];
	static const uint16_t segments[] = {1, 2, 3, 7, 64, 100, 536, 1460, 65000};
	static struct answer answer;
	struct answer other = *before;

	exchange->way.family = random_below(2);
	exchange->way.segment = random_below(3) ? 0 : RANDOM_OF(segments);
	question_draw(&exchange->asked, number);
	exchange->question = question;
	exchange->question_len = question_write(&exchange->asked, question);
	exchange->whole = number % WHOLE_EVERY < 2;
	if (number % WHOLE_EVERY == 1)
		answer_draw_edges(&answer, &exchange->asked);
	else
		answer_draw(&answer, &exchange->asked, number);
	*before = answer;
	if (!exchange->whole)
		answer_mutate(&answer, other.len ? &other : before);
	exchange->answer = answer.bytes;
	exchange->answer_len = answer.len;
}

int main(int argc, char **argv)
{
	unsigned long count = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	struct answer before = {.len = 0};
	struct tally tally = {0};
	time_t start = time(NULL);
	uint64_t seed;

	if (!count) {
		fprintf(stderr, "usage: answers_native COUNT\n");
		return 2;
	}
	seed = random_start("answers against c-ares", count);
	native_start();
	for (uint32_t number = 0; number < count; number++) {
		struct exchange exchange;
		struct disagreement wrong;

		exchange_draw(&exchange, number, &before);
		wrong = exchange_judge(&exchange, &tally);
		if (wrong.what) {
			print_exchange(&exchange, &wrong, seed, number);
			return 1;
		}
	}
	printf("note: %lu answers in %lld s: %lu taught %lu addresses; of %lu c-ares' parser says nothing\n",
	       tally.answers, (long long)(time(NULL) - start), tally.taught, tally.addresses, tally.unparsed);
	return 0;
}
