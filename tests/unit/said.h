/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What code says to a person, on standard output and standard error in one text, and the exit code that it ends with.
 */
#ifndef EGRET_TEST_SAID_H
#define EGRET_TEST_SAID_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct said {
	char text[16384];
	int code;
};

/* Runs @body in a child, which may end, and become another user, as it likes. 0 is its code when it returns. */
static inline void said_by(void (*body)(void *context), void *context, struct said *ret)
{
	size_t len = 0;
	ssize_t got;
	int ends[2], status;
	pid_t child;

	fflush(NULL);
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		body(context);
		exit(0);
	}
	assert_true(child > 0);
	close(ends[1]);
	while ((got = read(ends[0], ret->text + len, sizeof(ret->text) - 1 - len)) > 0)
		len += (size_t)got;
	close(ends[0]);
	ret->text[len] = '\0';
	assert_int_equal(waitpid(child, &status, 0), child);
	ret->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline void assert_says(const struct said *said, const char *text)
{
	if (!strstr(said->text, text))
		fail_msg("not said: %s\nbut: %s", text, said->text);
}

static inline void assert_says_not(const struct said *said, const char *text)
{
	if (strstr(said->text, text))
		fail_msg("said: %s\nin: %s", text, said->text);
}

static inline void assert_says_all(const struct said *said, const char *text)
{
	if (!strcmp(said->text, text))
		return;
	/* Longer than what cmocka prints. */
	fprintf(stderr, "it says:\n%s--- and not:\n%s", said->text, text);
	fail();
}

#endif
