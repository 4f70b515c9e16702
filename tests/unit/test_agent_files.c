// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What lies on the disk: a policy's files that change, and the state folder, by which an agent governs or stands by. */
#include "said.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include "agent/rest.h"
#include "agent/standby.h"
#include "agent/unlayered.h"
#include "agent/watch.h"
#include "base/clock.h"

/* Shorter than the time after which the files are looked at without an event. */
#define PATIENCE_NS (10 * CLOCK_NS_PER_SEC)
/* Longer than files must be at rest. */
#define SHORT_NS (1500 * CLOCK_NS_PER_MS)

static char folder[64], path[128], state_path[128];

static const char *in_folder(const char *name)
{
	static char texts[4][160];
	static unsigned int next;
	char *text = texts[next++ % 4];

	snprintf(text, sizeof(texts[0]), "%s/%s", folder, name);
	return text;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(in_folder(name), "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/egret-files-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/p.rules", folder);
	snprintf(state_path, sizeof(state_path), "%s/state", folder);
	write_file("p.rules", "allow 20.0.0.1 tcp:1\n");
	return 0;
}

static int remove_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

/* --- a policy's files change --- */

/* Of the policy that lies there now. */
static struct watch *watch_policy(void)
{
	const char *const paths[] = {path};
	const struct policy_options options = {.paths = paths, .path_count = 1};
	struct policy_files files = {};
	struct policy *policy = NULL;
	struct watch *watch = NULL;
	struct diag diag = {};
	struct error error;

	if (!policy_load_watched(&options, &policy, &files, &diag))
		assert_int_equal(policy_files_copy(policy, &files), 0);
	assert_int_equal(watch_new(&files, paths, 1, &watch, &error), 0);
	policy_files_clear(&files);
	policy_free(policy);
	diag_clear(&diag);
	return watch;
}

/* As the agent does: it looks when the descriptor can be read. */
static bool is_seen(struct watch *watch, uint64_t patience_ns)
{
	uint64_t deadline = clock_now_ns() + patience_ns;

	while (clock_now_ns() < deadline) {
		struct pollfd fd = {.fd = watch_fd(watch), .events = POLLIN};

		if (poll(&fd, 1, 100) <= 0)
			continue;
		watch_drain(watch);
		if (watch_sees_change(watch))
			return true;
	}
	return false;
}

static void a_file_that_is_written_or_replaced_is_seen(void **state)
{
	struct watch *watch = watch_policy();

	(void)state;
	write_file("p.rules", "allow 20.0.0.2 tcp:1\n");
	assert_true(is_seen(watch, PATIENCE_NS));
	watch_free(watch);
	watch = watch_policy();
	write_file("other", "allow 20.0.0.3 tcp:1\n");
	assert_int_equal(rename(in_folder("other"), path), 0);
	assert_true(is_seen(watch, PATIENCE_NS));
	watch_free(watch);
}

static void another_file_of_the_folder_is_nothing(void **state)
{
	struct watch *watch = watch_policy();

	(void)state;
	write_file("q.rules", "allow 20.0.0.2 tcp:1\n");
	assert_false(is_seen(watch, SHORT_NS));
	watch_free(watch);
}

/* What is read half is another policy than the one that is meant. */
static void a_file_is_taken_when_it_is_finished(void **state)
{
	struct watch *watch = watch_policy();
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	(void)state;
	assert_int_equal(write(fd, "allow 20.0.0.2 tcp:1\n", 21), 21);
	write_file("other", ""); /* something moved, so the agent looks */
	assert_false(is_seen(watch, SHORT_NS));
	close(fd);
	assert_true(is_seen(watch, PATIENCE_NS));
	watch_free(watch);
	/* Emptied by who writes it next. */
	watch = watch_policy();
	write_file("p.rules", "");
	assert_false(is_seen(watch, SHORT_NS));
	write_file("p.rules", "allow 20.0.0.3 tcp:1\n");
	assert_true(is_seen(watch, PATIENCE_NS));
	watch_free(watch);
}

/* As the kubelet mounts a ConfigMap: p.rules -> ..data/p.rules, ..data -> ..1, and the second link is switched. */
static void a_switched_link_is_seen(void **state)
{
	struct watch *watch;

	(void)state;
	mkdir(in_folder("..1"), 0755);
	mkdir(in_folder("..2"), 0755);
	write_file("..1/p.rules", "allow 20.0.0.1 tcp:1\n");
	write_file("..2/p.rules", "allow 20.0.0.2 tcp:1\n");
	unlink(path);
	assert_int_equal(symlink("..1", in_folder("..data")), 0);
	assert_int_equal(symlink("..data/p.rules", path), 0);
	watch = watch_policy();
	assert_int_equal(symlink("..2", in_folder("..new")), 0);
	assert_int_equal(rename(in_folder("..new"), in_folder("..data")), 0);
	assert_true(is_seen(watch, PATIENCE_NS));
	watch_free(watch);
	/* In a folder where neither the first link nor the file lies. */
	mkdir(in_folder("via"), 0755);
	assert_int_equal(symlink("../..1/p.rules", in_folder("via/p.rules")), 0);
	unlink(path);
	assert_int_equal(symlink("via/p.rules", path), 0);
	watch = watch_policy();
	assert_int_equal(symlink("../..2/p.rules", in_folder("via/new")), 0);
	assert_int_equal(rename(in_folder("via/new"), in_folder("via/p.rules")), 0);
	assert_true(is_seen(watch, PATIENCE_NS));
	watch_free(watch);
}

/* Its whole folder may come, and may be taken away and come back. */
static void a_file_that_is_not_there_yet_is_seen_when_it_comes(void **state)
{
	struct watch *watch;

	(void)state;
	snprintf(path, sizeof(path), "%s/late/deep/p.rules", folder);
	watch = watch_policy();
	assert_false(is_seen(watch, 200 * CLOCK_NS_PER_MS));
	mkdir(in_folder("late"), 0755);
	assert_false(is_seen(watch, 200 * CLOCK_NS_PER_MS));
	mkdir(in_folder("late/deep"), 0755);
	write_file("late/deep/p.rules", "allow 20.0.0.1 tcp:1\n");
	assert_true(is_seen(watch, PATIENCE_NS));
	watch_free(watch);
	watch = watch_policy();
	assert_int_equal(rename(in_folder("late/deep"), in_folder("gone")), 0);
	assert_true(is_seen(watch, PATIENCE_NS));
	watch_free(watch);
}

static int load(const struct policy_options *options, struct diag *diag)
{
	struct policy_files files = {};
	struct policy *policy = NULL;
	int rc = rest_load(options, &policy, &files, 0, diag);

	policy_files_clear(&files);
	policy_free(policy);
	return rc;
}

static void a_file_that_somebody_writes_is_not_read(void **state)
{
	const char *const paths[] = {path};
	const struct policy_options options = {.paths = paths, .path_count = 1};
	struct diag diag = {};
	int fd;

	(void)state;
	write_file("used.rules", "allow 20.0.0.2 tcp:1\n");
	write_file("p.rules", "use used\n");
	fd = open(in_folder("used.rules"), O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(load(&options, &diag), -EAGAIN);
	assert_string_equal(diag.entries[0].file, path);
	assert_string_equal(diag.entries[0].text, "somebody still writes this file, or one that it uses; it is read "
						  "when that is done: write to another name and rename that");
	diag_clear(&diag);
	close(fd);
	assert_int_equal(load(&options, &diag), 0);
	diag_clear(&diag);
	/* One with an error is told as it is when it is finished, and not before. */
	write_file("p.rules", "allow 20.0.0");
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(load(&options, &diag), -EAGAIN);
	diag_clear(&diag);
	close(fd);
	assert_int_equal(load(&options, &diag), -EINVAL);
	diag_clear(&diag);
}

/* --- to govern, or to stand by --- */

static struct policy *policy_of(const char *text)
{
	struct policy *policy = NULL;
	struct diag diag = {};

	assert_int_equal(policy_load_text("t.rules", text, strlen(text), NULL, &policy, &diag), 0);
	diag_clear(&diag);
	return policy;
}

static void begin(struct standby *standby)
{
	struct error error;

	if (geteuid())
		skip();
	assert_int_equal(standby_begin(standby, state_path, "node", &error), 0);
}

static int state_of(const struct standby *standby)
{
	struct error error;
	int fd = state_open(standby->path, false, &error);

	assert_true(fd >= 0);
	return fd;
}

static void leave_mark(const struct standby *standby)
{
	struct state_mark mark = {.user = "alice", .at_ns = 1};
	int fd = state_of(standby);

	assert_int_equal(state_write_mark(fd, "node", &mark), 0);
	close(fd);
}

static void what_a_person_opened_stays_open_until_the_text_changes(void **state)
{
	struct policy *first = policy_of("allow 20.0.0.1 tcp:1\n"), *second = policy_of("allow 20.0.0.2 tcp:1\n");
	struct standby standby;

	(void)state;
	begin(&standby);
	assert_false(standby_decide(&standby, first, false));
	leave_mark(&standby);
	assert_true(standby_is_marked(&standby));
	assert_true(standby_decide(&standby, first, false));
	assert_int_equal(standby.why, STANDBY_MARK);
	assert_string_equal(standby.mark.user, "alice");
	/* A slip in the new text must not lock out: it is on probation. */
	assert_false(standby_decide(&standby, second, false));
	assert_true(standby.on_probation);
	/* What rules in the place of files with errors opens nothing that a person opened, nor closes it. */
	assert_true(standby_decide(&standby, second, true));
	assert_true(standby_decide(&standby, first, false));
	standby_end(&standby);
	policy_free(first);
	policy_free(second);
}

static void attach_ends_the_mark(void **state)
{
	struct policy *policy = policy_of("allow 20.0.0.1 tcp:1\n");
	struct standby standby;
	int fd;

	(void)state;
	begin(&standby);
	leave_mark(&standby);
	assert_true(standby_decide(&standby, policy, false));
	fd = state_of(&standby);
	assert_int_equal(state_ask_attach(fd, "node", true), 0);
	close(fd);
	assert_false(standby_decide(&standby, policy, false));
	assert_true(standby.cut);
	assert_false(standby.on_probation);
	standby_attached(&standby);
	assert_false(standby_is_marked(&standby));
	assert_false(standby_decide(&standby, policy, false));
	assert_false(standby.cut);
	standby_end(&standby);
	policy_free(policy);
}

/* `set mode = off` is a word of its own: no mark is needed, and none stays. */
static void a_policy_that_is_off_stands_by(void **state)
{
	struct policy *off = policy_of("set mode = off\n"), *on = policy_of("allow 20.0.0.1 tcp:1\n");
	struct standby standby;

	(void)state;
	begin(&standby);
	leave_mark(&standby);
	assert_true(standby_decide(&standby, off, false));
	assert_int_equal(standby.why, STANDBY_OFF);
	assert_false(standby_is_marked(&standby));
	assert_false(standby_decide(&standby, on, false));
	standby_end(&standby);
	policy_free(off);
	policy_free(on);
}

/* `egret detach --all`: no mark and no file is left, and the agent closes nothing again by itself. */
static void after_detach_all_nothing_is_attached_or_written(void **state)
{
	struct policy *policy = policy_of("allow 20.0.0.1 tcp:1\n");
	struct standby standby;
	int fd;

	(void)state;
	begin(&standby);
	leave_mark(&standby);
	assert_true(standby_decide(&standby, policy, false));
	fd = state_of(&standby);
	assert_int_equal(state_remove_mark(fd, "node"), 0);
	close(fd);
	assert_true(standby_decide(&standby, policy, false));
	assert_int_equal(standby.why, STANDBY_UNMARKED);
	standby_beat(&standby);
	assert_int_equal(access(state_path, F_OK), -1);
	standby_end(&standby);
	policy_free(policy);
}

static void a_second_agent_of_the_instance_is_refused(void **state)
{
	struct standby first, second;
	struct error error;
	char expected[300];

	(void)state;
	begin(&first);
	assert_int_equal(standby_begin(&second, first.path, "node", &error), -EBUSY);
	snprintf(expected, sizeof(expected),
		 "instance node is held by the agent with pid %d (see egret status --instance node); stop that one, or "
		 "choose another --instance",
		 (int)getpid());
	assert_string_equal(error.text, expected);
	standby_end(&first);
}

/* Governing goes on without the folder; only what a person opens is not remembered. */
static void a_state_folder_that_cannot_be_used_is_a_problem_only(void **state)
{
	struct policy *policy = policy_of("allow 20.0.0.1 tcp:1\n");
	struct standby standby;
	struct error error;

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(standby_begin(&standby, "/proc/no/folder", "node", &error), 0);
	assert_non_null(
	    strstr(standby.problem, ": what a person opens is closed again when the agent is started anew"));
	assert_false(standby_decide(&standby, policy, false));
	assert_false(standby_has_ruled(&standby, policy));
	standby_end(&standby);
	policy_free(policy);
}

static void what_has_ruled_is_remembered_by_its_text(void **state)
{
	struct policy *first = policy_of("allow 20.0.0.1 tcp:1\n"), *second = policy_of("allow 20.0.0.2 tcp:1\n");
	struct standby standby;

	(void)state;
	begin(&standby);
	assert_false(standby_has_ruled(&standby, first));
	standby_note_ruled(&standby, first, true);
	assert_true(standby_has_ruled(&standby, first));
	assert_false(standby_has_ruled(&standby, second));
	standby_end(&standby);
	policy_free(first);
	policy_free(second);
}

/* What the layers do by a policy of this text. */
static enum egret_layers_mode layers_of(const char *text)
{
	const struct agent_options options = {.instance = "egret-unit-layers", .state = state_path};
	struct policy *policy = policy_of(text);
	struct diag diag = {};
	bool unlayered = unlayered_check(&options, policy, &diag);
	enum egret_layers_mode mode = policy->settings.layers;

	assert_int_equal(diag.warnings, unlayered);
	if (unlayered)
		assert_non_null(strstr(diag.entries[0].text, "write `set layers = enforce`"));
	policy_free(policy);
	diag_clear(&diag);
	return mode;
}

static void layers_audit_where_a_release_without_them_ruled(void **state)
{
	static const char plain[] = "allow 20.0.0.1 tcp:1\n";
	struct error error;
	int fd;

	(void)state;
	if (geteuid())
		skip();
	/* Nothing ruled here. */
	assert_int_equal(layers_of(plain), EGRET_LAYERS_ENFORCE);
	fd = state_open(state_path, true, &error);
	assert_true(fd >= 0);
	state_note_ruled(fd, "another", "0123456789abcdef");
	assert_int_equal(layers_of(plain), EGRET_LAYERS_ENFORCE);
	/* Whatever ruled: a release brings new lists along. */
	state_note_ruled(fd, "egret-unit-layers", "0123456789abcdef");
	assert_int_equal(layers_of(plain), EGRET_LAYERS_AUDIT);
	assert_int_equal(layers_of("set layers = enforce\nallow 20.0.0.1 tcp:1\n"), EGRET_LAYERS_ENFORCE);
	assert_int_equal(layers_of("set layers = off\nallow 20.0.0.1 tcp:1\n"), EGRET_LAYERS_OFF);
	/* It was said once. */
	state_note_layered(fd, "egret-unit-layers");
	assert_int_equal(layers_of(plain), EGRET_LAYERS_ENFORCE);
	close(fd);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_file_that_is_written_or_replaced_is_seen),
	    CASE(another_file_of_the_folder_is_nothing),
	    CASE(a_file_is_taken_when_it_is_finished),
	    CASE(a_switched_link_is_seen),
	    CASE(a_file_that_is_not_there_yet_is_seen_when_it_comes),
	    CASE(a_file_that_somebody_writes_is_not_read),
	    CASE(what_a_person_opened_stays_open_until_the_text_changes),
	    CASE(attach_ends_the_mark),
	    CASE(a_policy_that_is_off_stands_by),
	    CASE(after_detach_all_nothing_is_attached_or_written),
	    CASE(a_second_agent_of_the_instance_is_refused),
	    CASE(a_state_folder_that_cannot_be_used_is_a_problem_only),
	    CASE(what_has_ruled_is_remembered_by_its_text),
	    CASE(layers_audit_where_a_release_without_them_ruled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
