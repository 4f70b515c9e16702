// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/state.h"

static char root[64], folder[128];
static struct error error;

static int make_root(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/egret-state-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	snprintf(folder, sizeof(folder), "%s/lib/egret", root);
	return 0;
}

static int remove_root(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static int opened(void)
{
	int fd = state_open(folder, true, &error);

	if (geteuid())
		skip();
	assert_true(fd >= 0);
	return fd;
}

static void a_folder_is_made_for_root_alone(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(state_open(folder, false, &error), -ENOENT);
	close(opened());
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	/* An empty one that others may look into is closed: so service managers make it. */
	chmod(folder, 0755);
	close(opened());
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

static void is_refused(const char *why)
{
	assert_int_equal(state_open(folder, true, &error), -EPERM);
	assert_non_null(strstr(error.text, why));
}

static void a_folder_that_others_can_write_to_is_refused(void **state)
{
	char path[160];

	(void)state;
	close(opened());
	chmod(folder, 0777);
	is_refused("others than root may write to it");
	chmod(folder, 01777);
	is_refused("others than root may write to it");
	chmod(folder, 0755);
	snprintf(path, sizeof(path), "%s/other", folder);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	is_refused("look into it");
	chmod(folder, 0700);
	close(opened());
	assert_int_equal(chown(folder, 65534, 0), 0);
	is_refused("does not belong to root");
	assert_int_equal(chown(folder, 0, 0), 0);
	snprintf(path, sizeof(path), "%s/lib", root);
	chmod(path, 0775);
	is_refused("on the way");
	assert_int_equal(chown(path, 65534, 0), 0);
	chmod(path, 0700);
	is_refused("on the way");
}

static void no_link_is_followed(void **state)
{
	char path[160];

	(void)state;
	close(opened());
	snprintf(path, sizeof(path), "%s/link", root);
	assert_int_equal(symlink("lib", path), 0);
	snprintf(folder, sizeof(folder), "%s/link/egret", root);
	is_refused("link");
	snprintf(folder, sizeof(folder), "%s/last", root);
	assert_int_equal(symlink("lib/egret", folder), 0);
	is_refused("link");
	snprintf(folder, sizeof(folder), "%s/lib/../lib/egret", root);
	is_refused("on the way");
	assert_int_equal(state_open("egret", true, &error), -EINVAL);
	assert_int_equal(state_open("", true, &error), -EINVAL);
	assert_int_equal(state_open("/", true, &error), -EINVAL);
}

static void a_mark_comes_back_as_it_was(void **state)
{
	struct state_mark mark, read;
	int fd = opened();

	(void)state;
	setenv("SUDO_USER", "ali\nuid=7\x1b[2J", 1);
	state_mark_begin(&mark);
	assert_int_equal(state_read_mark(fd, "node", &read), -ENOENT);
	state_mark_add(&mark, "0123456789abcdef");
	state_mark_add(&mark, "0123456789abcdef");
	assert_int_equal(state_write_mark(fd, "node", &mark), 0);
	assert_int_equal(state_read_mark(fd, "node", &read), 0);
	assert_string_equal(read.user, "ali?uid=7?[2J");
	assert_int_equal(read.uid, getuid());
	assert_true(read.at_ns == mark.at_ns);
	assert_true(state_mark_names(&read, "0123456789abcdef"));
	assert_false(state_mark_names(&read, ""));
	assert_false(state_mark_names(&read, "0123456789abcdee"));
	state_mark_add(&read, "0123456789abcdee");
	assert_true(state_mark_names(&read, "0123456789abcdef"));
	assert_true(state_mark_names(&read, "0123456789abcdee"));
	assert_int_equal(state_read_mark(fd, "nod", &read), -ENOENT);
	assert_int_equal(state_write_mark(fd, "../node", &mark), -EINVAL);
	assert_int_equal(state_remove_mark(fd, "node"), 0);
	assert_int_equal(state_read_mark(fd, "node", &read), -ENOENT);
	assert_int_equal(state_remove_mark(fd, "node"), 0);
	close(fd);
}

/* What nobody can read any more was put there by somebody, and opens. */
static void a_broken_mark_is_one(void **state)
{
	static const char *const texts[] = {"", "\n\n", "policy", "at=99999999999999999999\npolicy=\n", "\xff\xfe\x01"};
	char buf[STATE_MARK_TEXT_SIZE];
	struct state_mark mark;
	int fd = opened();

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int file = openat(fd, "mark-node", O_CREAT | O_WRONLY | O_TRUNC, 0600);

		assert_int_equal(write(file, texts[i], strlen(texts[i])), strlen(texts[i]));
		close(file);
		assert_int_equal(state_read_mark(fd, "node", &mark), 0);
		assert_string_equal(mark.policies[0], "");
		assert_non_null(strstr(state_mark_format(&mark, buf), "somebody at "));
	}
	close(fd);
}

static void what_has_ruled_is_remembered(void **state)
{
	int fd = opened();
	char hash[HASH_TEXT_SIZE];

	(void)state;
	assert_false(state_has_ruled(fd, "node", NULL));
	for (int i = 0; i < 10; i++) {
		snprintf(hash, sizeof(hash), "%016x", i);
		assert_int_equal(state_note_ruled(fd, "node", hash), 0);
		assert_true(state_has_ruled(fd, "node", hash));
	}
	assert_true(state_has_ruled(fd, "node", "0000000000000002"));
	assert_false(state_has_ruled(fd, "node", "0000000000000001"));
	assert_false(state_has_ruled(fd, "node", "000000000000000"));
	assert_false(state_has_ruled(fd, "other", NULL));
	/* That layers were among it is told apart, since releases before had none. */
	assert_false(state_has_layered(fd, "node"));
	assert_int_equal(state_note_layered(fd, "node"), 0);
	assert_int_equal(state_note_layered(fd, "node"), 0);
	assert_true(state_has_layered(fd, "node"));
	assert_false(state_has_layered(fd, "other"));
	close(fd);
}

static void a_life_is_seen_and_ends(void **state)
{
	struct state_life life;
	int fd = opened(), held, ready[2], status;
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(state_read_life(fd, "node", &life), -ENOENT);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		held = state_life_begin(fd, "node");
		state_life_beat(held, "mark");
		_exit(write(ready[1], "x", 1) == 1 && pause());
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(state_read_life(fd, "node", &life), 0);
	assert_true(life.alive);
	assert_int_equal(life.pid, pid);
	assert_string_equal(life.standing, "mark");
	assert_int_equal(state_life_begin(fd, "node"), -EBUSY);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	assert_int_equal(state_read_life(fd, "node", &life), 0);
	assert_false(life.alive);
	held = state_life_begin(fd, "node");
	assert_true(held >= 0);
	assert_int_equal(state_read_life(fd, "node", &life), 0);
	assert_true(life.alive);
	assert_string_equal(life.standing, "");
	state_life_end(fd, "node", held);
	assert_int_equal(state_read_life(fd, "node", &life), -ENOENT);
	close(fd);
}

static void all_of_it_goes_and_nothing_else(void **state)
{
	struct state_mark mark;
	char path[160];
	bool cut;
	int fd = opened();

	(void)state;
	state_mark_begin(&mark);
	state_write_mark(fd, "node", &mark);
	state_ask_attach(fd, "other", true);
	assert_true(state_wants_attach(fd, "other", &cut));
	assert_true(cut);
	state_note_ruled(fd, "node", "0123456789abcdef");
	state_note_layered(fd, "node");
	snprintf(path, sizeof(path), "%s/notes", folder);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(state_remove_all(fd, folder), 0);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(state_read_mark(fd, "node", &mark), -ENOENT);
	assert_false(state_wants_attach(fd, "other", &cut));
	assert_false(state_has_ruled(fd, "node", NULL) || state_has_layered(fd, "node"));
	unlink(path);
	assert_int_equal(state_remove_all(fd, folder), 0);
	assert_int_equal(access(folder, F_OK), -1);
	close(fd);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FOLDER(a_folder_is_made_for_root_alone),
	    WITH_FOLDER(a_folder_that_others_can_write_to_is_refused),
	    WITH_FOLDER(no_link_is_followed),
	    WITH_FOLDER(a_mark_comes_back_as_it_was),
	    WITH_FOLDER(a_broken_mark_is_one),
	    WITH_FOLDER(what_has_ruled_is_remembered),
	    WITH_FOLDER(a_life_is_seen_and_ends),
	    WITH_FOLDER(all_of_it_goes_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
