// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Lines of a log, as text and as objects; and files of lines that make room. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../user/base/diag.h"
#include "../../user/base/log.h"
#include "../../user/base/rotated_file.h"

static char folder[64], path[96];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/egret-log-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/lines", folder);
	return 0;
}

static int remove_folder(void **state)
{
	char name[128];

	(void)state;
	unlink(path);
	for (int i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "%s.%d", path, i);
		unlink(name);
	}
	return rmdir(folder);
}

/* What was written to standard error since the last call. Returns @buf. */
static const char *said(int pipe_fd, char *buf, size_t size)
{
	ssize_t len = read(pipe_fd, buf, size - 1);

	buf[len < 0 ? 0 : len] = '\0';
	return buf;
}

static void lines_are_texts_or_objects(void **state)
{
	int ends[2], before = dup(STDERR_FILENO);
	char buf[1024], *object;
	struct diag diag = {};
	bool has_room;

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	dup2(ends[1], STDERR_FILENO);
	log_begin(false);
	log_event(LOG_LEVEL_WARNING, "denied: \"x\"", "{\"a\": 1}");
	said(ends[0], buf, sizeof(buf));
	log_begin(true);
	log_say(LOG_LEVEL_ERROR, "a \"quote\", a \\ and a\nline");
	object = strdup(said(ends[0], buf, sizeof(buf)));
	log_event(LOG_LEVEL_NOTICE, "x", "{\"a\": 1}");
	diag_add(&diag, DIAG_WARNING, (struct diag_place){"p.rules", 12, 0}, "of all of it");
	log_diag(&diag);
	diag_clear(&diag);
	has_room = log_has_room(100);
	while (write(ends[1], buf, 100) > 0)
		;
	dup2(ends[1], STDERR_FILENO);
	assert_true(has_room);
	assert_false(log_has_room(100));
	dup2(before, STDERR_FILENO);
	log_begin(false);
	assert_non_null(
	    strstr(object, ", \"level\": \"error\", \"message\": \"a \\\"quote\\\", a \\\\ and a?line\"}\n"));
	said(ends[0], buf, sizeof(buf));
	assert_non_null(strstr(buf, ", \"level\": \"notice\", \"message\": \"x\", \"a\": 1}\n"));
	assert_non_null(strstr(buf, ", \"file\": \"p.rules\", \"line\": 12, \"column\": null}\n"));
	free(object);
	close(ends[0]);
	close(ends[1]);
	close(before);
}

/* The reader of a pipe that is full: lines are lost, and counted, and that is told when he reads on. */
static void who_reads_nothing_holds_up_nobody(void **state)
{
	int ends[2], before = dup(STDERR_FILENO);
	char buf[1 << 17], *first, *second;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	dup2(ends[1], STDERR_FILENO);
	log_begin(false);
	memset(buf, 'x', sizeof(buf));
	assert_true(write(ends[1], buf, fcntl(ends[1], F_GETPIPE_SZ)) > 0);
	log_say(LOG_LEVEL_INFO, "nobody hears it");
	log_say(LOG_LEVEL_INFO, "nor this");
	log_tell_lost();
	said(ends[0], buf, sizeof(buf));
	log_tell_lost();
	log_tell_lost();
	first = strdup(said(ends[0], buf, sizeof(buf)));
	memset(buf, 'x', sizeof(buf));
	assert_true(write(ends[1], buf, fcntl(ends[1], F_GETPIPE_SZ)) > 0);
	log_say(LOG_LEVEL_INFO, "lost, too");
	said(ends[0], buf, sizeof(buf));
	log_say(LOG_LEVEL_INFO, "heard again");
	second = strdup(said(ends[0], buf, sizeof(buf)));
	dup2(before, STDERR_FILENO);
	assert_string_equal(first, "egret: 2 lines of this log were lost: whoever reads it stood still\n");
	assert_string_equal(second,
			    "egret: 1 line of this log was lost: whoever reads it stood still\negret: heard again\n");
	free(first);
	free(second);
	close(ends[0]);
	close(ends[1]);
	close(before);
}

/* Nor does a terminal that nobody looks at, which takes a part of a line where it has no room for more. */
static void nor_does_a_terminal(void **state)
{
	int before = dup(STDERR_FILENO), master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK), terminal;
	char buf[1 << 16], text[90];
	bool told = false;

	(void)state;
	assert_true(master >= 0 && !grantpt(master) && !unlockpt(master));
	terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
	dup2(terminal, STDERR_FILENO);
	log_begin(false);
	memset(text, 'x', sizeof(text));
	alarm(10); /* it waits for ever */
	for (int i = 0; i < 2000; i++)
		log_say(LOG_LEVEL_INFO, "%.*s", (int)sizeof(text), text);
	for (int i = 0; i < 2000 && !told; i++) {
		log_tell_lost();
		told = strstr(said(master, buf, sizeof(buf)), " lines of this log were lost") != NULL;
		usleep(1000);
	}
	alarm(0);
	dup2(before, STDERR_FILENO);
	log_begin(false);
	assert_true(told);
	close(terminal);
	close(master);
	close(before);
}

static void expect_file(const char *name, const char *content)
{
	char buf[64] = "";
	int fd = open(name, O_RDONLY);

	assert_true(fd >= 0);
	assert_true(read(fd, buf, sizeof(buf) - 1) >= 0);
	close(fd);
	assert_string_equal(buf, content);
}

static void write_line(struct rotated_file *file, const char *line)
{
	assert_int_equal(rotated_file_write(file, line, strlen(line)), 0);
}

static void a_full_file_makes_room(void **state)
{
	struct rotated_file file;
	char name[128];
	struct stat st;

	(void)state;
	rotated_file_begin(&file, path);
	file.max_bytes = 8;
	for (char at = '0'; at < '8'; at++)
		write_line(&file, (char[]){at, at, at, '\n', 0});
	expect_file(path, "666\n777\n");
	for (int i = 1; i < 4; i++) {
		snprintf(name, sizeof(name), "%s.%d", path, i);
		expect_file(name, (const char *[]){"", "444\n555\n", "222\n333\n", "000\n111\n"}[i]);
	}
	for (char at = '8'; at < '>'; at++)
		write_line(&file, (char[]){at, at, at, '\n', 0});
	snprintf(name, sizeof(name), "%s.5", path);
	assert_int_equal(access(name, F_OK), -1);
	snprintf(name, sizeof(name), "%s.4", path);
	expect_file(name, "444\n555\n");
	/* One that is moved away, by whoever it is. */
	rename(path, name);
	write_line(&file, "new\n");
	expect_file(path, "new\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	rotated_file_end(&file);
	/* What is there already counts. */
	rotated_file_begin(&file, path);
	file.max_bytes = 8;
	write_line(&file, "12345\n");
	expect_file(path, "12345\n");
	/* One that is emptied in place has room again. */
	assert_int_equal(truncate(path, 0), 0);
	write_line(&file, "67\n");
	write_line(&file, "89\n");
	expect_file(path, "67\n89\n");
	/* Half a line of before stays one of its own. */
	assert_int_equal(truncate(path, 4), 0);
	rotated_file_end(&file);
	write_line(&file, "0\n");
	expect_file(path, "67\n8\n0\n");
	rotated_file_end(&file);
}

static void only_a_file_of_its_own_is_written(void **state)
{
	struct rotated_file file;

	(void)state;
	rotated_file_begin(&file, path);
	unlink(path);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(rotated_file_write(&file, "x\n", 2), -ELOOP);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(rotated_file_write(&file, "x\n", 2), -EINVAL);
	unlink(path);
	rotated_file_end(&file);
	rotated_file_begin(&file, "/dev/full");
	assert_int_equal(rotated_file_write(&file, "x\n", 2), -EINVAL);
	rotated_file_end(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_are_texts_or_objects),
	    cmocka_unit_test(who_reads_nothing_holds_up_nobody),
	    cmocka_unit_test(nor_does_a_terminal),
	    cmocka_unit_test_setup_teardown(a_full_file_makes_room, make_folder, remove_folder),
	    cmocka_unit_test_setup_teardown(only_a_file_of_its_own_is_written, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
