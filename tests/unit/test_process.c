// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sched.h>

#include "../../user/base/process.h"

/* Tells who it is, then waits to be ended. */
static void run_child(int to_parent)
{
	struct process_id self = process_self();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (write(to_parent, &self, sizeof(self)) == sizeof(self))
		pause();
	_exit(0);
}

/* @pid: its number is to be this one; 0 = any. -1: the kernel does not let us choose. */
static pid_t start_child(pid_t pid, struct process_id *ret)
{
	struct clone_args args = {
	    .exit_signal = SIGCHLD, .set_tid = pid ? (uintptr_t)&pid : 0, .set_tid_size = pid != 0};
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = (pid_t)syscall(SYS_clone3, &args, sizeof(args)); /* set_tid: 5.5 */
	if (!child)
		run_child(ends[1]);
	close(ends[1]);
	if (child > 0)
		assert_int_equal(read(ends[0], ret, sizeof(*ret)), sizeof(*ret));
	close(ends[0]);
	return child;
}

static void end_child(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_process_is_alive_until_it_ends(void **state)
{
	struct process_id child, self = process_self();
	pid_t pid = start_child(0, &child);

	(void)state;
	assert_true(pid > 0);
	assert_int_equal(process_look(&self), PROCESS_ALIVE);
	assert_int_equal(process_look(&child), PROCESS_ALIVE);
	end_child(pid);
	assert_int_equal(process_look(&child), PROCESS_GONE);
}

static void another_process_of_the_same_number_is_not_it(void **state)
{
	struct process_id first, second;
	pid_t pid = start_child(0, &first);

	(void)state;
	assert_true(pid > 0);
	end_child(pid);
	usleep(50000); /* start times count in ticks of 10 ms */
	pid = start_child(pid, &second);
	if (pid < 0)
		skip();
	assert_int_equal(second.pid, first.pid);
	assert_int_equal(process_look(&first), PROCESS_GONE);
	assert_int_equal(process_look(&second), PROCESS_ALIVE);
	end_child(pid);
}

static void a_number_of_another_namespace_says_nothing(void **state)
{
	struct process_id self = process_self(), other = self;

	(void)state;
	other.pid_namespace++;
	assert_int_equal(process_look(&other), PROCESS_HIDDEN);
	other.start_ticks++;
	assert_int_equal(process_look(&other), PROCESS_HIDDEN);
}

/* As `unshare --pid --fork` without --mount-proc: numbers in /proc are others than those of getpid(). */
static void a_proc_of_another_namespace_says_nothing(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		struct process_id self;
		pid_t inner = unshare(CLONE_NEWPID) ? -1 : fork();

		if (inner < 0)
			_exit(2);
		if (inner)
			_exit(waitpid(inner, &status, 0) == inner && WIFEXITED(status) ? WEXITSTATUS(status) : 1);
		self = process_self();
		_exit(process_look(&self) != PROCESS_HIDDEN);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
		skip();
	assert_int_equal(status, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_process_is_alive_until_it_ends),
	    cmocka_unit_test(another_process_of_the_same_number_is_not_it),
	    cmocka_unit_test(a_number_of_another_namespace_says_nothing),
	    cmocka_unit_test(a_proc_of_another_namespace_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
