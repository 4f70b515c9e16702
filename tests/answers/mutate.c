// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "answer.h"

#include <string.h>

#include "model/random.h"

#define HEADER 12

/* Mostly behind the header: one octet wrong there, and the answer is nobody's. */
static size_t draw_place(const struct answer *answer)
{
	if (answer->len > HEADER && random_below(8))
		return HEADER + random_below(answer->len - HEADER);
	return random_below(answer->len);
}

static void flip_bit(struct answer *answer, const struct answer *other)
{
	(void)other;
	answer->bytes[draw_place(answer)] ^= 1 << random_below(8);
}

static void set_octet(struct answer *answer, const struct answer *other)
{
	static const uint8_t odd[] = {0, 1, 4, 5, 16, 28, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff};

	(void)other;
	answer->bytes[draw_place(answer)] = random_below(2) ? RANDOM_OF(odd) : random_below(256);
}

static void truncate_it(struct answer *answer, const struct answer *other)
{
	(void)other;
	answer->len = 1 + random_below(answer->len);
}

static void set_count(struct answer *answer, const struct answer *other)
{
	size_t section = 2 * random_below(4);

	(void)other;
	if (answer->len < HEADER)
		return;
	if (!random_below(8))
		answer->bytes[4 + section] = random_below(256);
	else
		answer->bytes[5 + section] += random_below(5) - 2;
}

/* From one section to the next: a record of the additional section as if it answered. */
static void move_count(struct answer *answer, const struct answer *other)
{
	(void)other;
	if (answer->len < HEADER)
		return;
	answer->bytes[7] += answer->bytes[9] + answer->bytes[11];
	answer->bytes[9] = answer->bytes[11] = 0;
}

/* Says that it is cut short, or does not say so any more. */
static void flip_cut(struct answer *answer, const struct answer *other)
{
	(void)other;
	if (answer->len >= HEADER)
		answer->bytes[2] ^= 2;
}

/* Another pointer, if there is one near by. */
static void set_pointer(struct answer *answer, const struct answer *other)
{
	size_t start = draw_place(answer);

	(void)other;
	for (size_t at = start; at + 1 < answer->len && at < start + 200; at++) {
		if (answer->bytes[at] < 0xc0)
			continue;
		answer->bytes[at] = 0xc0 | (answer->len >> 8 ? random_below((answer->len >> 8) + 1) : 0);
		answer->bytes[at + 1] = random_below(256);
		return;
	}
}

/* A name instead of what stood there: mostly the question's. */
static void put_pointer(struct answer *answer, const struct answer *other)
{
	size_t at = draw_place(answer);

	(void)other;
	if (at + 1 >= answer->len)
		return;
	answer->bytes[at] = 0xc0;
	answer->bytes[at + 1] = random_below(2) ? HEADER : random_below(answer->len < 256 ? answer->len : 256);
}

static void cut_out(struct answer *answer, const struct answer *other)
{
	size_t at = draw_place(answer), len = 1 + random_below(32);

	(void)other;
	if (at + len >= answer->len)
		return;
	memmove(answer->bytes + at, answer->bytes + at + len, answer->len - at - len);
	answer->len -= len;
}

static void insert_at(struct answer *answer, size_t at, const uint8_t *bytes, size_t len)
{
	if (answer->len + len > sizeof(answer->bytes))
		return;
	memmove(answer->bytes + at + len, answer->bytes + at, answer->len - at);
	memcpy(answer->bytes + at, bytes, len);
	answer->len += len;
}

static void insert(struct answer *answer, const struct answer *from)
{
	size_t start = random_below(from->len), len = 1 + random_below(64);

	if (len > from->len - start)
		len = from->len - start;
	insert_at(answer, draw_place(answer), from->bytes + start, len);
}

/* Of so many octets that all are as many: a length that passes for an octet. */
static void insert_label(struct answer *answer, const struct answer *other)
{
	struct answer label = {.len = 2 + random_below(3)};

	(void)other;
	memset(label.bytes, label.len - 1, label.len);
	insert_at(answer, draw_place(answer), label.bytes, label.len);
}

static void splice_own(struct answer *answer, const struct answer *other)
{
	struct answer copy = *answer;

	(void)other;
	insert(answer, &copy);
}

/* Over what stands there. */
static void overwrite(struct answer *answer, const struct answer *other)
{
	size_t at = draw_place(answer), len = 1 + random_below(32);

	if (len > answer->len - at)
		len = answer->len - at;
	if (len > other->len)
		return;
	memcpy(answer->bytes + at, other->bytes + random_below(other->len - len + 1), len);
}

void answer_mutate(struct answer *answer, const struct answer *other)
{
	static void (*const ways[])(struct answer *, const struct answer *) = {
	    flip_bit,    flip_bit, set_octet, set_octet,  truncate_it, set_count,    move_count, set_pointer,
	    put_pointer, cut_out,  insert,    splice_own, overwrite,   insert_label, flip_cut,
	};

	for (uint32_t count = 1 + random_below(4); count; count--)
		RANDOM_OF(ways)(answer, other);
}
