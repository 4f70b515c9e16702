// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../subject/cgroup.h"
#include "command.h"

static bool is_socket(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISSOCK(st.st_mode);
}

/* A unix socket reaches only what listens on this machine, as any file does. */
static bool is_unix_socket(int fd)
{
	int domain = 0;
	socklen_t len = sizeof(domain);

	return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) && domain == AF_UNIX;
}

int sandbox_check(struct error *error)
{
	static const char *const names[] = {"input", "output", "error"};

	for (int fd = 0; fd <= 2; fd++)
		if (is_socket(fd) && !is_unix_socket(fd))
			return error_set(error, -EINVAL,
					 "standard %s is a network socket, which the command would inherit "
					 "ungoverned; put a pipe in between",
					 names[fd]);
	return 0;
}

/* Once through the list; how many were closed: the list may have moved under its reader. */
static size_t close_some_sockets(DIR *dir)
{
	struct dirent *entry;
	size_t count = 0;

	rewinddir(dir);
	while ((entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		if (fd > 2 && fd != dirfd(dir) && is_socket(fd) && !close(fd))
			count++;
	}
	return count;
}

static int close_inherited_sockets(void)
{
	DIR *dir = opendir("/proc/self/fd");

	if (!dir)
		return -errno;
	while (close_some_sockets(dir))
		;
	closedir(dir);
	return 0;
}

static void restore_signals(void)
{
	sigset_t none;

	for (int signal_number = 1; signal_number < NSIG; signal_number++)
		signal(signal_number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* For prompts and scripts: is this under a list, and which? */
static void tell_instance(const char *instance)
{
	setenv("EGRET", "1", 1);
	setenv("EGRET_INSTANCE", instance, 1);
}

static int refuse(const char *what, int rc)
{
	fprintf(stderr, "egret: %s: %s\n", what, strerror(-rc));
	return EXIT_EXEC_FAILED;
}

int sandbox_run(const struct sandbox *sandbox)
{
	int rc;

	rc = cgroup_enter(sandbox->cgroup_fd);
	if (rc)
		return refuse("cannot enter the governed cgroup", rc);
	rc = close_inherited_sockets();
	if (rc)
		return refuse("cannot list inherited descriptors in /proc/self/fd", rc);
	rc = caller_become(sandbox->caller);
	if (!rc && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		rc = -errno;
	if (rc)
		return refuse("cannot become the user for whom the command is to run", rc);
	tell_instance(sandbox->instance);
	/* After the change of user, which clears it: prctl(2). */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != sandbox->parent)
		return EXIT_EXEC_FAILED;
	restore_signals();
	execvp(sandbox->words[0], sandbox->words);
	rc = errno;
	fprintf(stderr, "egret: cannot run %s: %s\n", sandbox->words[0], strerror(rc));
	return rc == ENOENT ? EXIT_EXEC_NOT_FOUND : EXIT_EXEC_CANNOT_RUN;
}
