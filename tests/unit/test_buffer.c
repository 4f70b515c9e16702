// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Who has which buffer while DNS messages are read (bpf/buffer.h), whoever comes in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "native/native.h"

#define CONTENDERS 3
#define STEPS      3 /* reaches for it, looks, gives it back */
#define OWNER      7
#define OTHERS     100

struct contender {
	int steps;
	bool has;
};

static void step(struct contender *one)
{
	switch (one->steps++) {
	case 0:
		native_reach(0);
		break;
	case 1:
		one->has = native_is_mine(0);
		break;
	default:
		if (one->has)
			native_give(0);
		one->has = false;
	}
}

static int holders(const struct contender *all)
{
	int count = 0;

	for (int i = 0; i < CONTENDERS; i++)
		count += all[i].has;
	return count;
}

/* One order of all steps; @order has a contender for each step, two bits each. */
static void try_order(uint32_t order)
{
	struct contender all[CONTENDERS] = {0};

	for (int i = 0; i < CONTENDERS * STEPS; i++, order >>= 2) {
		step(&all[order & 3]);
		assert_in_range(holders(all), 0, 1);
	}
	native_reach(0);
	assert_true(native_is_mine(0));
	native_give(0);
}

/* All orders that give each contender all of its steps: returns how many were tried. */
static unsigned try_orders(uint32_t order, int length, const int *left)
{
	unsigned tried = 0;

	if (length == CONTENDERS * STEPS) {
		try_order(order);
		return 1;
	}
	for (int i = 0; i < CONTENDERS; i++) {
		int rest[CONTENDERS];

		if (!left[i])
			continue;
		memcpy(rest, left, sizeof(rest));
		rest[i]--;
		tried += try_orders(order | (uint32_t)i << 2 * length, length + 1, rest);
	}
	return tried;
}

static void one_at_most_has_it_in_any_order_of_steps(void **state)
{
	const int left[CONTENDERS] = {STEPS, STEPS, STEPS};

	(void)state;
	native_forget();
	assert_int_equal(try_orders(0, 0, left), 1680); /* 9! / (3! 3! 3!) */
}

static void an_owner_has_a_share_and_leaves_the_rest(void **state)
{
	uint32_t own[3], others = 0;

	(void)state;
	native_forget();
	for (int i = 0; i < 3; i++) {
		own[i] = native_take(OWNER);
		assert_int_not_equal(own[i], NATIVE_NO_BUFFER);
	}
	assert_int_equal(native_take(OWNER), NATIVE_NO_BUFFER);
	while (native_take(OTHERS + others) != NATIVE_NO_BUFFER)
		others++;
	assert_int_equal(others, native_buffers() - 3);
	native_give(own[1]);
	assert_int_equal(native_take(OWNER), own[1]);
}

/* A question of 'a.example', of type A, and the answer that it has 20.0.0.2. */
static const uint8_t question[] = {0, 1,   1,   0,   0,   1,   0,   0,   0, 0, 0, 0, 1, 'a',
				   7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1};
static const uint8_t answer[] = {0,   1,   0x81, 0x80, 0,   1,   0,   1, 0, 0,  0, 0, 1,    'a', 7,
				 'e', 'x', 'a',  'm',  'p', 'l', 'e', 0, 0, 1,  0, 1, 0xc0, 12,  0,
				 1,   0,   1,    0,    0,   0,   60,  0, 4, 20, 0, 0, 2};

static size_t learned_by_asking(void)
{
	const struct native_way way = {.family = NATIVE_V4};
	struct egret_addr addr;

	assert_true(native_sends(&way, question, sizeof(question)));
	native_receives(&way, answer, sizeof(answer));
	return native_learned(&addr, 1);
}

static void what_finds_no_buffer_leaves_and_is_counted(void **state)
{
	(void)state;
	native_forget();
	for (size_t i = 0; i < native_buffers(); i++)
		assert_int_not_equal(native_take(OTHERS + i), NATIVE_NO_BUFFER);
	assert_int_equal(learned_by_asking(), 0);
	assert_int_equal(native_busy(), 1);
	native_give(native_buffers() - 1);
	assert_int_equal(learned_by_asking(), 1);
	assert_int_equal(native_busy(), 1);
}

static int start(void **state)
{
	(void)state;
	native_start();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_at_most_has_it_in_any_order_of_steps),
	    cmocka_unit_test(an_owner_has_a_share_and_leaves_the_rest),
	    cmocka_unit_test(what_finds_no_buffer_leaves_and_is_counted),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
