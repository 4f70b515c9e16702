// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "elevate.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "caller.h"
#include "command.h"

/* What the command is told of. Those of a terminal reach it by themselves. */
static const int passed_signals[] = {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCONT};

/* Nobody else can have a name that cannot be guessed. */
static socklen_t socket_name(const char *claim, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	/* A first octet of 0: abstract, unix(7). It is gone with the process. */
	snprintf(ret->sun_path + 1, sizeof(ret->sun_path) - 1, "egret-exec-%s", claim);
	return offsetof(struct sockaddr_un, sun_path) + 1 + (socklen_t)strlen(ret->sun_path + 1);
}

static bool peer_is(int fd, pid_t pid, uid_t uid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) && (!pid || peer.pid == pid) && peer.uid == uid;
}

/* --- the user's side --- */

static int listen_for_root(const char *claim)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un name;
	socklen_t len = socket_name(claim, &name);

	if (fd >= 0 && (bind(fd, (struct sockaddr *)&name, len) || listen(fd, 4))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int catch_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	for (size_t i = 0; i < sizeof(passed_signals) / sizeof(passed_signals[0]); i++)
		sigaddset(&signals, passed_signals[i]);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	/* sudo and the command get these from the terminal, and decide. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	return signalfd(-1, &signals, SFD_CLOEXEC);
}

/* --- the words for root's egret: sudo hands no environment on --- */

struct words {
	char **all; /* ends with NULL */
	size_t count;
};

static void add_word(struct words *words, const char *format, const char *value)
{
	char **all = realloc(words->all, (words->count + 2) * sizeof(*all));

	if (!all || asprintf(&all[words->count], format, value) < 0)
		_exit(EXIT_EXEC_FAILED); /* the child, in which nothing else can be done */
	words->all = all;
	words->all[++words->count] = NULL;
}

static void add_option(struct words *words, const char *format, const char *value)
{
	if (value)
		add_word(words, format, value);
}

/* 0: it was not given. */
static void add_number(struct words *words, const char *format, unsigned int value)
{
	char number[16];

	if (!value)
		return;
	snprintf(number, sizeof(number), "%u", value);
	add_word(words, format, number);
}

static void add_options(struct words *words, const struct options *options)
{
	for (size_t i = 0; i < options->policy_count; i++)
		add_word(words, "--policy=%s", options->policies[i]);
	for (size_t i = 0; i < options->define_count; i++) {
		char *define;

		if (asprintf(&define, "%s=%s", options->defines[i].name, options->defines[i].value) >= 0)
			add_word(words, "--define=%s", define);
	}
	add_option(words, "--rules-path=%s", options->rules_path);
	add_option(words, "--cgroup=%s", options->cgroup);
	add_option(words, "--instance=%s", options->instance_given ? options->instance : NULL);
	add_option(words, "--user=%s", options->user);
	add_option(words, "--report=%s", options->report);
	if (options->audit)
		add_word(words, "%s", "--audit");
	if (options->as_root)
		add_word(words, "%s", "--as-root");
	add_number(words, "--resolve-inflight=%s", options->resolve_inflight);
	add_number(words, "--resolve-rate=%s", options->resolve_rate);
	add_word(words, "%s", "--");
	for (size_t i = 0; i < options->argument_count; i++)
		add_word(words, "%s", options->arguments[i]);
}

/* In the child. */
static void run_sudo(const struct options *options, const char *claim)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	struct words words = {};
	sigset_t none;

	if (len < 0)
		_exit(EXIT_EXEC_FAILED);
	self[len] = '\0';
	add_word(&words, "%s", "sudo");
	add_word(&words, "%s", "--");
	add_word(&words, "%s", self);
	add_word(&words, "%s", "exec");
	add_word(&words, "--caller=%s", claim);
	add_options(&words, options);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	execvp(words.all[0], words.all);
	fprintf(stderr, "egret: exec needs root, and sudo cannot be run (%s); call it as root\n", strerror(errno));
	_exit(EXIT_EXEC_FAILED);
}

struct join {
	int listener, signals, root; /* root: -1 until root's egret has come */
	bool came;
};

static void let_in(struct join *join)
{
	int fd = accept4(join->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (join->root >= 0 || !peer_is(fd, 0, 0)) {
		close(fd);
		return;
	}
	join->root = fd;
	join->came = true;
}

/* Returns true when sudo has ended. Until root's egret has joined, a signal that would end this process
 * ends it. */
static bool take_signal(struct join *join, pid_t sudo, int *ret_status)
{
	struct signalfd_siginfo info;
	unsigned char number;

	if (read(join->signals, &info, sizeof(info)) != sizeof(info))
		return false;
	if (info.ssi_signo == SIGCHLD)
		return waitpid(sudo, ret_status, WNOHANG) == sudo;
	number = (unsigned char)info.ssi_signo;
	if (join->root >= 0 && send(join->root, &number, 1, MSG_NOSIGNAL) == 1)
		return false;
	if (number == SIGTERM || number == SIGHUP)
		_exit(128 + number);
	return false;
}

static int wait_for_sudo(struct join *join, pid_t sudo)
{
	struct pollfd fds[2] = {{.fd = join->signals, .events = POLLIN}, {.fd = join->listener, .events = POLLIN}};
	int status = 0;

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return EXIT_EXEC_FAILED;
		if (fds[1].revents)
			let_in(join);
		if (fds[0].revents && take_signal(join, sudo, &status))
			break;
	}
	if (!join->came && !(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_EXEC_FAILED))
		fprintf(stderr, "egret: sudo did not start egret; exec needs root\n");
	if (!join->came)
		return EXIT_EXEC_FAILED;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* sudo(8) would say so in words of its own, which help nobody. */
static bool may_become_root(void)
{
	const char *instance = getenv("EGRET_INSTANCE");

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return true;
	if (getenv("EGRET") && instance)
		fprintf(
		    stderr,
		    "egret: this runs under `egret exec` already (instance %s), and may not call sudo; leave out the "
		    "inner egret exec, or start the outer one as root\n",
		    instance);
	else
		fprintf(stderr,
			"egret: exec needs root, and this process may not call sudo (no_new_privs is set, as in "
			"containers); call egret exec outside\n");
	return false;
}

int elevate_exec(const struct options *options)
{
	struct join join = {.root = -1};
	char claim[CALLER_CLAIM_SIZE];
	pid_t sudo;
	int code;

	if (!may_become_root())
		return EXIT_EXEC_FAILED;
	if (caller_claim(claim)) {
		fprintf(stderr, "egret: exec cannot tell its own process from /proc; call it as root\n");
		return EXIT_EXEC_FAILED;
	}
	join.listener = listen_for_root(claim);
	join.signals = catch_signals();
	sudo = join.listener < 0 || join.signals < 0 ? -1 : fork();
	if (sudo < 0) {
		fprintf(stderr, "egret: cannot start sudo: %s\n", strerror(errno));
		return EXIT_EXEC_FAILED;
	}
	if (!sudo)
		run_sudo(options, claim);
	code = wait_for_sudo(&join, sudo);
	if (join.root >= 0)
		close(join.root);
	close(join.listener);
	close(join.signals);
	return code;
}

/* --- root's side --- */

int elevate_join(const char *claim, pid_t caller, uid_t uid)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), rc = 0;
	struct sockaddr_un name;
	socklen_t len = socket_name(claim, &name);

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&name, len))
		rc = -errno;
	else if (!peer_is(fd, caller, uid))
		rc = -ESRCH;
	if (!rc)
		return fd;
	close(fd);
	return rc;
}

static bool is_passed(int number)
{
	for (size_t i = 0; i < sizeof(passed_signals) / sizeof(passed_signals[0]); i++)
		if (passed_signals[i] == number)
			return true;
	return false;
}

static void follow(int fd, pid_t command)
{
	unsigned char number;

	while (read(fd, &number, 1) == 1)
		if (is_passed(number))
			kill(command, number);
	kill(command, SIGHUP);
}

pid_t elevate_follow(int fd, pid_t command)
{
	pid_t follower = fork();

	if (!follower) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		follow(fd, command);
		_exit(0);
	}
	close(fd);
	return follower > 0 ? follower : 0;
}

void elevate_stop(pid_t follower)
{
	if (!follower)
		return;
	kill(follower, SIGKILL);
	while (waitpid(follower, NULL, 0) < 0 && errno == EINTR)
		;
}
