// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whose an instance is, in the BPF file system of this machine: nothing is loaded, attached or left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/kernel.h"
#include "kernel/pins.h"

static char instance[32];

static struct kernel *claim(enum kernel_claim how)
{
	struct kernel *kernel = NULL;
	struct error error;
	int rc = kernel_claim(instance, how, &kernel, &error);

	if (rc == -ENODEV || rc == -EPERM) {
		print_message("note: nothing can be pinned here: %s\n", error.text);
		skip();
	}
	assert_int_equal(rc, 0);
	return kernel;
}

static void take_down(struct kernel *kernel)
{
	struct error error;

	assert_int_equal(kernel_take_down(kernel, &error), 0);
	assert_false(kernel_is_there(instance));
	kernel_free(kernel);
}

static void what_is_claimed_is_held_until_it_is_let_go(void **state)
{
	struct kernel *kernel = claim(KERNEL_ANY), *second;
	struct error error;

	(void)state;
	assert_true(kernel_is_fresh(kernel));
	assert_true(kernel_is_there(instance));
	assert_true(kernel_is_held(instance));
	assert_int_equal(kernel_claim(instance, KERNEL_ANY, &second, &error), -EBUSY);
	assert_non_null(strstr(error.text, instance));
	assert_int_equal(kernel_claim(instance, KERNEL_LEFT, &second, &error), -EBUSY);
	kernel_free(kernel);
	assert_true(kernel_is_there(instance));
	assert_false(kernel_is_held(instance));
	take_down(claim(KERNEL_LEFT)); /* a start that pinned nothing yet */
}

static void a_child_does_not_hold_it(void **state)
{
	struct kernel *kernel = claim(KERNEL_ANY);
	int status, gate[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(gate), 0);
	pid = fork();
	if (!pid) {
		char byte;

		close(gate[1]);
		kernel_leave_to_parent(kernel);
		_exit(read(gate[0], &byte, 1) != 0);
	}
	close(gate[0]);
	/* The lock is the open folder's: it goes with the last who has that open. */
	kernel_leave_to_parent(kernel);
	for (int tries = 0; kernel_is_held(instance) && tries < 5000; tries++)
		usleep(1000);
	assert_false(kernel_is_held(instance));
	close(gate[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	kernel_free(kernel);
	take_down(claim(KERNEL_FRESH));
}

static void what_exec_made_is_execs(void **state)
{
	const struct kernel_exec_note note = {.parent_id = 1234567890123, .cgroup_name = "egret-exec-unit"};
	struct kernel *kernel = claim(KERNEL_FRESH), *second;
	struct kernel_exec_note found;
	struct error error;

	(void)state;
	assert_int_equal(kernel_get_exec_note(kernel, &found), -ENOENT);
	assert_false(kernel_is_of_exec(instance));
	assert_int_equal(kernel_note_exec(kernel, &note, &error), 0);
	assert_true(kernel_is_of_exec(instance));
	kernel_free(kernel); /* killed */
	assert_int_equal(kernel_claim(instance, KERNEL_ANY, &second, &error), -EBUSY);
	assert_non_null(strstr(error.text, "egret exec"));
	assert_int_equal(kernel_claim(instance, KERNEL_FRESH, &second, &error), -EBUSY);
	kernel = claim(KERNEL_LEFT);
	assert_false(kernel_is_fresh(kernel));
	assert_int_equal(kernel_get_exec_note(kernel, &found), 0);
	assert_int_equal(found.parent_id, note.parent_id);
	assert_string_equal(found.cgroup_name, note.cgroup_name);
	take_down(kernel);
}

/* Another one has the name meanwhile: it is not ours to take down. */
static void only_its_own_is_taken_down(void **state)
{
	struct kernel *kernel = claim(KERNEL_ANY), *second;
	struct error error;

	(void)state;
	assert_int_equal(kernel_detach(instance, &error), 0);
	second = claim(KERNEL_FRESH);
	assert_int_equal(kernel_take_down(kernel, &error), 0);
	kernel_free(kernel);
	assert_true(kernel_is_there(instance));
	assert_true(kernel_is_held(instance));
	take_down(second);
}

static void a_start_that_failed_leaves_nothing(void **state)
{
	struct kernel *kernel = claim(KERNEL_ANY);

	(void)state;
	kernel_undo(kernel);
	assert_false(kernel_is_there(instance));
	kernel_free(kernel);
}

static void who_is_not_there_is_not_opened(void **state)
{
	const struct kernel *reader = NULL;
	struct kernel *kernel = claim(KERNEL_ANY);
	struct kernel_ruled ruled;
	struct error error;

	(void)state;
	assert_int_equal(kernel_open(instance, &reader, &error), -ENOENT); /* nothing is pinned yet */
	assert_null(reader);
	assert_int_equal(kernel_governed_cgroup(kernel), 0);
	assert_false(kernel_is_pinned(kernel));
	assert_false(kernel_is_attached(kernel, NULL));
	kernel_ruled(instance, &ruled);
	assert_false(ruled.attached || ruled.floorless_rules || ruled.unlayered);
	take_down(kernel);
	assert_int_equal(kernel_detach(instance, &error), -ENOENT);
	assert_int_equal(kernel_open("a/b", &reader, &error), -EINVAL);
	kernel_close(NULL);
	kernel_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_claimed_is_held_until_it_is_let_go),
	    cmocka_unit_test(a_child_does_not_hold_it),
	    cmocka_unit_test(what_exec_made_is_execs),
	    cmocka_unit_test(only_its_own_is_taken_down),
	    cmocka_unit_test(a_start_that_failed_leaves_nothing),
	    cmocka_unit_test(who_is_not_there_is_not_opened),
	};

	snprintf(instance, sizeof(instance), "unit-%d", getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
