// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whoever waits is called when it is time, and not after it was taken out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/base/clock.h"
#include "../../user/base/loop.h"

struct bench {
	struct loop *loop;
	struct loop_fd fd, other_fd;
	struct loop_timer timer, other_timer;
	struct loop_module module;
	int ends[2];
	char calls[32]; /* a letter for each call */
};

static int set_up(void **state)
{
	static struct bench bench;

	bench = (struct bench){.loop = loop_new()};
	*state = &bench;
	return !bench.loop || pipe(bench.ends);
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	loop_free(bench->loop);
	close(bench->ends[0]);
	close(bench->ends[1]);
	return 0;
}

static void note(struct bench *bench, const char *letter)
{
	strncat(bench->calls, letter, sizeof(bench->calls) - strlen(bench->calls) - 1);
}

static void stop(void *context)
{
	struct bench *bench = context;

	note(bench, "s");
	loop_stop(bench->loop);
}

static void note_timer(void *context)
{
	note(context, "t");
}

static void timers_come_in_their_time(void **state)
{
	struct bench *bench = *state;
	uint64_t now = clock_now_ns();

	loop_timer_set(bench->loop, &bench->timer, now + 30 * CLOCK_NS_PER_MS, stop, bench);
	loop_timer_set(bench->loop, &bench->other_timer, 0, note_timer, bench);
	assert_int_equal(loop_run(bench->loop), 0);
	assert_string_equal(bench->calls, "ts");
	assert_true(clock_now_ns() >= now + 30 * CLOCK_NS_PER_MS);
}

static void a_timer_that_is_moved_comes_once(void **state)
{
	struct bench *bench = *state;
	uint64_t now = clock_now_ns();

	loop_timer_set(bench->loop, &bench->other_timer, now, note_timer, bench);
	loop_timer_set(bench->loop, &bench->other_timer, now + 5 * CLOCK_NS_PER_MS, note_timer, bench);
	loop_timer_set(bench->loop, &bench->timer, now + 30 * CLOCK_NS_PER_MS, stop, bench);
	assert_int_equal(loop_run(bench->loop), 0);
	assert_string_equal(bench->calls, "ts");
}

static void read_one(void *context)
{
	struct bench *bench = context;
	char octet;

	assert_int_equal(read(bench->ends[0], &octet, 1), 1);
	note(bench, "r");
}

static void a_descriptor_is_read_as_often_as_it_can_be(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(write(bench->ends[1], "ab", 2), 2);
	loop_fd_add(bench->loop, &bench->fd, bench->ends[0], read_one, bench);
	loop_fd_add(bench->loop, &bench->other_fd, -1, read_one, bench);
	loop_timer_set(bench->loop, &bench->timer, clock_now_ns() + 30 * CLOCK_NS_PER_MS, stop, bench);
	assert_int_equal(loop_run(bench->loop), 0);
	assert_string_equal(bench->calls, "rrs");
	loop_fd_remove(&bench->fd);
	loop_fd_remove(&bench->other_fd);
}

static void take_all_out(void *context)
{
	struct bench *bench = context;

	note(bench, "x");
	loop_fd_remove(&bench->fd);
	loop_fd_remove(&bench->other_fd);
	loop_timer_stop(&bench->other_timer);
	memset(&bench->fd, 0xff, sizeof(bench->fd)); /* as freed memory is */
	memset(&bench->other_fd, 0xff, sizeof(bench->other_fd));
	memset(&bench->other_timer, 0xff, sizeof(bench->other_timer));
}

static void what_was_taken_out_is_not_called(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(write(bench->ends[1], "a", 1), 1);
	loop_fd_add(bench->loop, &bench->fd, bench->ends[0], take_all_out, bench);
	loop_fd_add(bench->loop, &bench->other_fd, bench->ends[0], take_all_out, bench);
	loop_timer_set(bench->loop, &bench->other_timer, 0, note_timer, bench);
	loop_timer_set(bench->loop, &bench->timer, clock_now_ns() + 30 * CLOCK_NS_PER_MS, stop, bench);
	assert_int_equal(loop_run(bench->loop), 0);
	assert_string_equal(bench->calls, "xs");
}

/* Waits for the same descriptor forty times: more than the loop has room for at first. */
static size_t prepare(void *context, struct pollfd *fds, size_t capacity, int *ret_timeout_ms)
{
	struct bench *bench = context;

	for (size_t i = 0; i < 40 && i < capacity; i++)
		fds[i] = (struct pollfd){.fd = bench->ends[0], .events = POLLIN};
	*ret_timeout_ms = 20;
	return 40;
}

static void process(void *context, const struct pollfd *fds, size_t count)
{
	struct bench *bench = context;

	assert_int_equal(count, 40);
	if (fds[39].revents) {
		loop_module_remove(&bench->module);
		stop(bench);
		return;
	}
	note(bench, "w");
	assert_int_equal(write(bench->ends[1], "a", 1), 1);
}

static void a_module_has_its_descriptors_and_its_time(void **state)
{
	struct bench *bench = *state;

	bench->module = (struct loop_module){.prepare = prepare, .process = process, .context = bench};
	loop_module_add(bench->loop, &bench->module);
	assert_int_equal(loop_run(bench->loop), 0);
	assert_string_equal(bench->calls, "ws");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(timers_come_in_their_time, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_timer_that_is_moved_comes_once, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_descriptor_is_read_as_often_as_it_can_be, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(what_was_taken_out_is_not_called, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(a_module_has_its_descriptors_and_its_time, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
