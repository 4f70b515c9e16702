// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* For whom `exec` runs a command, and how an ordinary user's egret calls root's through sudo. */
/* Before cmocka.h, which has a macro of the name fail. */
#include "cli/command.h"

#include "said.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "cli/caller.h"
#include "cli/elevate.h"

#define NOBODY 65534 /* of every distribution's /etc/passwd */

static char folder[64];

/* --- who called --- */

static void be_called_by(const char *uid, const char *gid, const char *user)
{
	clearenv();
	if (uid)
		setenv("SUDO_UID", uid, 1);
	if (gid)
		setenv("SUDO_GID", gid, 1);
	if (user)
		setenv("SUDO_USER", user, 1);
}

/* Not for who is no root: sudo would not have started us. */
static void need_root(void)
{
	if (getuid())
		skip();
}

static void root_without_sudo_stays_root(void **state)
{
	struct caller caller;
	struct error error;

	(void)state;
	need_root();
	be_called_by(NULL, NULL, NULL);
	assert_int_equal(caller_find(NULL, NULL, &caller, &error), 0);
	assert_true(caller.same);
	assert_true(caller.plain_root);
	caller_free(&caller);
}

static void sudo_tells_the_person(void **state)
{
	struct caller caller;
	struct error error;

	(void)state;
	need_root();
	be_called_by("65534", "65534", "somebody");
	assert_int_equal(caller_find(NULL, NULL, &caller, &error), 0);
	assert_false(caller.same);
	assert_int_equal(caller.uid, NOBODY);
	assert_int_equal(caller.groups[0], NOBODY);
	assert_string_equal(caller.user, "nobody");
	caller_free(&caller);
	/* A user of a directory, of whom /etc/passwd knows nothing. */
	be_called_by("4000000", "4000001", "ada@example");
	setenv("SUDO_HOME", "/home/ada", 1);
	assert_int_equal(caller_find(NULL, NULL, &caller, &error), 0);
	assert_int_equal(caller.gid, 4000001);
	assert_string_equal(caller.user, "ada@example");
	assert_string_equal(caller.home, "/home/ada");
	caller_free(&caller);
}

/* -1, and what wraps round to a user that exists, is nobody's uid. */
static void what_is_no_uid_is_refused(void **state)
{
	static const char *const wrong[] = {"", "root", "-1", "4294967295", "4294967296", "0x10", "12 ", " 12"};
	struct caller caller;
	struct error error;

	(void)state;
	need_root();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		be_called_by(wrong[i], "0", NULL);
		assert_int_equal(caller_find(NULL, NULL, &caller, &error), -EINVAL);
		be_called_by("0", wrong[i], NULL);
		assert_int_equal(caller_find(NULL, NULL, &caller, &error), -EINVAL);
		assert_string_equal(
		    error.text, "SUDO_UID and SUDO_GID are set, and hold no user and group; call egret through sudo");
	}
}

static void a_user_by_name_is_looked_up(void **state)
{
	struct caller caller;
	struct error error;

	(void)state;
	be_called_by(NULL, NULL, NULL);
	assert_int_equal(caller_find(NULL, "nobody", &caller, &error), 0);
	assert_int_equal(caller.uid, NOBODY);
	assert_null(caller.environment);
	caller_free(&caller);
	assert_int_equal(caller_find(NULL, "nobodyy", &caller, &error), -EINVAL);
	assert_string_equal(error.text, "--user nobodyy: /etc/passwd has no such user");
	caller_free(&caller);
}

/* --- what the egret that called sudo claims --- */

/* A process of @uid with this environment, and what its egret would claim. */
static pid_t start_person(uid_t uid, char *const *environment, char claim[static CALLER_CLAIM_SIZE])
{
	static char *const words[] = {"sleep", "600", NULL};
	int ends[2];
	pid_t child;
	char last;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setgid(uid) || setuid(uid) || caller_claim(claim) ||
		    write(ends[1], claim, CALLER_CLAIM_SIZE) != CALLER_CLAIM_SIZE)
			_exit(1);
		/* The pid and the start time stay. */
		execve("/bin/sleep", words, environment);
		_exit(1);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], claim, CALLER_CLAIM_SIZE), CALLER_CLAIM_SIZE);
	assert_int_equal(read(ends[0], &last, 1), 0); /* closed by execve */
	close(ends[0]);
	return child;
}

static void end_person(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void print_as_person(void *context)
{
	setenv("OF_ROOT", "1", 1);
	if (caller_become(context)) {
		puts("cannot become that person");
		return;
	}
	printf("uid %d gid %d home %s mark %s of root %s\n", (int)geteuid(), (int)getegid(), getenv("HOME"),
	       getenv("MARK"), getenv("OF_ROOT") ? "yes" : "no");
	if (!setuid(0))
		puts("can become root again");
}

static void the_command_has_the_environment_of_who_typed_it(void **state)
{
	char *const environment[] = {"HOME=/home/ada", "MARK=mine", NULL};
	char claim[CALLER_CLAIM_SIZE];
	struct caller caller;
	struct error error;
	struct said said;
	pid_t person;

	(void)state;
	need_root();
	person = start_person(NOBODY, environment, claim);
	be_called_by("65534", "65534", "nobody");
	assert_int_equal(caller_find(claim, NULL, &caller, &error), 0);
	assert_int_equal(caller.pid, person);
	said_by(print_as_person, &caller, &said);
	assert_says_all(&said, "uid 65534 gid 65534 home /home/ada mark mine of root no\n");
	caller_free(&caller);
	/* As another user: nothing of it, since LD_PRELOAD would make that user of whoever calls. */
	assert_int_equal(caller_find(claim, "root", &caller, &error), 0);
	assert_null(caller.environment);
	assert_int_equal(caller.pid, person);
	caller_free(&caller);
	end_person(person);
}

static void a_claim_that_is_not_true_is_refused(void **state)
{
	char *const environment[] = {NULL};
	char claim[CALLER_CLAIM_SIZE], other[CALLER_CLAIM_SIZE], expected[160];
	unsigned long long started;
	struct caller caller;
	struct error error;
	pid_t person;

	(void)state;
	need_root();
	person = start_person(NOBODY, environment, claim);
	snprintf(expected, sizeof(expected),
		 "process %d is not the egret of user 1 that called sudo; call egret exec again", (int)person);
	/* Of another user. */
	be_called_by("1", "1", NULL);
	assert_int_equal(caller_find(claim, NULL, &caller, &error), -EINVAL);
	assert_string_equal(error.text, expected);
	caller_free(&caller);
	/* Of this pid, another process. */
	be_called_by("65534", "65534", NULL);
	assert_int_equal(sscanf(claim, "%*d:%llu", &started), 1);
	snprintf(other, sizeof(other), "%d:%llu:0", (int)person, started + 1);
	assert_int_equal(caller_find(other, NULL, &caller, &error), -EINVAL);
	caller_free(&caller);
	end_person(person);
	assert_int_equal(caller_find(claim, NULL, &caller, &error), -EINVAL);
	caller_free(&caller);
	/* By hand. */
	assert_int_equal(caller_find("me", NULL, &caller, &error), -EINVAL);
	assert_string_equal(error.text, "--caller is for egret itself, when it calls sudo; leave it out");
	caller_free(&caller);
	be_called_by(NULL, NULL, NULL);
	assert_int_equal(caller_find(claim, NULL, &caller, &error), -EINVAL);
	assert_string_equal(error.text, "--caller is for egret itself, when it calls sudo; leave it out");
	caller_free(&caller);
}

static void a_report_is_written_as_the_person(void **state)
{
	char mine[128], theirs[128];
	struct caller caller;
	struct error error;
	struct stat st;
	FILE *file;

	(void)state;
	need_root();
	be_called_by("65534", "65534", "nobody");
	assert_int_equal(caller_find(NULL, NULL, &caller, &error), 0);
	snprintf(mine, sizeof(mine), "%s/only-root/report", folder);
	snprintf(theirs, sizeof(theirs), "%s/report", folder);
	errno = 0;
	assert_null(caller_open(&caller, mine));
	assert_int_equal(errno, EACCES);
	assert_int_equal(geteuid(), 0);
	file = caller_open(&caller, theirs);
	assert_non_null(file);
	fclose(file);
	assert_int_equal(geteuid(), 0);
	assert_int_equal(getegid(), 0);
	assert_int_equal(stat(theirs, &st), 0);
	assert_int_equal(st.st_uid, NOBODY);
	caller_free(&caller);
}

/* --- sudo --- */

/* A sudo(8) that does what the line @does says; "$@" is `-- PROGRAM exec ...`. */
static void write_sudo(const char *does)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/sudo", folder);
	file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", does);
	fclose(file);
	chmod(path, 0755);
}

static void elevate(void *context)
{
	static char *arguments[] = {"curl", "-v", "https://a.example/", NULL};
	static struct options options;
	char path[256];

	(void)context;
	options = (struct options){
	    .policies = {"a.rules", "b.rules"},
	    .policy_count = 2,
	    .defines = {{"location", "east us"}},
	    .define_count = 1,
	    .rules_path = "/rules",
	    .instance = "east",
	    .instance_given = true,
	    .report = "r.json",
	    .audit = true,
	    .resolve_rate = 7,
	    .arguments = arguments,
	    .argument_count = 3,
	};
	snprintf(path, sizeof(path), "%s:/usr/bin:/bin", folder);
	setenv("PATH", context ? context : path, 1);
	exit(elevate_exec(&options));
}

static void sudo_is_given_all_that_was_said(void **state)
{
	struct said said;

	(void)state;
	write_sudo("shift 2; for word; do echo \"$word\"; done; exit 1");
	said_by(elevate, NULL, &said);
	assert_says(&said, "exec\n--caller=");
	assert_says(&said, "\n--policy=a.rules\n--policy=b.rules\n--define=location=east us\n--rules-path=/rules\n"
			   "--instance=east\n--report=r.json\n--audit\n--resolve-rate=7\n--\ncurl\n-v\n"
			   "https://a.example/\n");
	/* Its word was no, or its password was not known. */
	assert_says(&said, "egret: sudo did not start egret; exec needs root\n");
	assert_int_equal(said.code, EXIT_EXEC_FAILED);
}

static void without_sudo_a_person_is_told_to_be_root(void **state)
{
	struct said said;

	(void)state;
	said_by(elevate, "/nowhere", &said);
	assert_int_equal(said.code, EXIT_EXEC_FAILED);
	assert_says_all(&said, "egret: exec needs root, and sudo cannot be run (No such file or directory); call it as "
			       "root\n");
}

static void elevate_without_privileges(void *context)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (context) {
		setenv("EGRET", "1", 1);
		setenv("EGRET_INSTANCE", context, 1);
	}
	elevate(NULL);
}

static void who_may_not_call_sudo_is_told_why(void **state)
{
	struct said said;

	(void)state;
	write_sudo("exit 0");
	said_by(elevate_without_privileges, NULL, &said);
	assert_int_equal(said.code, EXIT_EXEC_FAILED);
	assert_says_all(&said, "egret: exec needs root, and this process may not call sudo (no_new_privs is set, as in "
			       "containers); call egret exec outside\n");
	said_by(elevate_without_privileges, "exec-77", &said);
	assert_says_all(&said, "egret: this runs under `egret exec` already (instance exec-77), and may not call sudo; "
			       "leave out the inner egret exec, or start the outer one as root\n");
}

/* This program again, as root's egret behind sudo: joins who called, and waits for what is passed on. */
static int be_root(const char *claim)
{
	bool other_user = getenv("OTHER_USER"), other_process = getenv("OTHER_PROCESS");
	pid_t person = atoi(claim);
	int fd = elevate_join(claim, person + other_process, other_user);
	char number;

	if (fd < 0) {
		printf("refused: %s\n", strerror(-fd));
		return 8;
	}
	kill(person, SIGUSR1);
	if (read(fd, &number, 1) == 1)
		printf("told of signal %s\n", number == SIGUSR1 ? "USR1" : "?");
	return 7;
}

static void signals_reach_the_command_and_its_code_comes_back(void **state)
{
	struct said said;

	(void)state;
	need_root();
	write_sudo("shift; exec \"$@\"");
	said_by(elevate, NULL, &said);
	assert_says_all(&said, "told of signal USR1\n");
	assert_int_equal(said.code, 7);
}

/* Its name cannot be guessed; who knows it all the same is asked for by the kernel. */
static void root_joins_nobody_but_who_called(void **state)
{
	struct said said;

	(void)state;
	need_root();
	write_sudo("shift; OTHER_USER=1 exec \"$@\"");
	said_by(elevate, NULL, &said);
	assert_says_all(&said, "refused: No such process\n");
	write_sudo("shift; OTHER_PROCESS=1 exec \"$@\"");
	said_by(elevate, NULL, &said);
	assert_says_all(&said, "refused: No such process\n");
}

static void print_told(int number)
{
	static const char text[] = "the command is told\n";
	ssize_t ignored = write(STDOUT_FILENO, text, sizeof(text) - 1);

	(void)ignored;
	_exit(number == SIGHUP ? 3 : 4);
}

static void follow_who_is_gone(void *context)
{
	static const char kill_it = SIGKILL;
	int ends[2], status;
	pid_t command, follower;

	(void)context;
	signal(SIGHUP, print_told);
	command = fork();
	if (!command) {
		alarm(60);
		for (;;)
			pause();
	}
	/* A signal that is none of those is not passed on, whoever sits there. */
	if (pipe(ends) || write(ends[1], &kill_it, 1) != 1)
		return;
	close(ends[1]);
	follower = elevate_follow(ends[0], command);
	waitpid(command, &status, 0);
	printf("code %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	fflush(stdout);
	elevate_stop(follower);
}

/* Who typed it closed the terminal, or killed egret: as if the terminal were gone. */
static void a_command_whose_caller_is_gone_is_hung_up(void **state)
{
	struct said said;

	(void)state;
	said_by(follow_who_is_gone, NULL, &said);
	assert_says_all(&said, "the command is told\ncode 3\n");
}

static int make_folder(void **state)
{
	char path[128];

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/egret-caller-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/only-root", folder);
	return chmod(folder, 01777) || mkdir(path, 0700);
}

static int remove_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "/bin/rm -rf %s", folder);
	return system(command);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(root_without_sudo_stays_root),
	    cmocka_unit_test(sudo_tells_the_person),
	    cmocka_unit_test(what_is_no_uid_is_refused),
	    cmocka_unit_test(a_user_by_name_is_looked_up),
	    cmocka_unit_test(the_command_has_the_environment_of_who_typed_it),
	    cmocka_unit_test(a_claim_that_is_not_true_is_refused),
	    cmocka_unit_test(a_report_is_written_as_the_person),
	    cmocka_unit_test(sudo_is_given_all_that_was_said),
	    cmocka_unit_test(without_sudo_a_person_is_told_to_be_root),
	    cmocka_unit_test(who_may_not_call_sudo_is_told_why),
	    cmocka_unit_test(signals_reach_the_command_and_its_code_comes_back),
	    cmocka_unit_test(root_joins_nobody_but_who_called),
	    cmocka_unit_test(a_command_whose_caller_is_gone_is_hung_up),
	};

	if (argc > 2 && !strncmp(argv[2], "--caller=", strlen("--caller=")))
		return be_root(argv[2] + strlen("--caller="));
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
