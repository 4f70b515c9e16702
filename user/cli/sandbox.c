// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
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

#define MAX_GROUPS 256

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
	if (!getuid() && !getenv("SUDO_UID"))
		fputs("egret: warning: the command runs as root, and root can leave its cgroup; "
		      "call egret through sudo from your own user\n",
		      stderr);
	return 0;
}

static void close_inherited_sockets(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	int fds[1024];
	size_t count = 0;

	if (!dir)
		return;
	while ((entry = readdir(dir)) && count < sizeof(fds) / sizeof(fds[0])) {
		int fd = atoi(entry->d_name);

		if (fd > 2 && fd != dirfd(dir) && is_socket(fd))
			fds[count++] = fd;
	}
	closedir(dir);
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

/* The groups of /etc/group: a static program cannot ask the name service. */
static size_t groups_of(const char *user, gid_t first, gid_t *groups, size_t max)
{
	FILE *file = fopen("/etc/group", "re");
	struct group *group;
	size_t count = 0;

	groups[count++] = first;
	while (file && count < max && (group = fgetgrent(file)))
		for (char **member = group->gr_mem; *member && count < max; member++)
			if (!strcmp(*member, user) && group->gr_gid != first)
				groups[count++] = group->gr_gid;
	if (file)
		fclose(file);
	return count;
}

static void set_home_of(uid_t uid)
{
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd *user;

	while (file && (user = fgetpwent(file))) {
		if (user->pw_uid != uid)
			continue;
		setenv("HOME", user->pw_dir, 1);
		setenv("USER", user->pw_name, 1);
		setenv("LOGNAME", user->pw_name, 1);
		break;
	}
	if (file)
		fclose(file);
}

static bool parse_id(const char *text, unsigned int *ret)
{
	char *end;
	unsigned long value;

	if (!text || !*text)
		return false;
	value = strtoul(text, &end, 10);
	*ret = value;
	return !*end && value < UINT32_MAX;
}

/* sudo(8) tells who called it in SUDO_UID, SUDO_GID and SUDO_USER. */
static int become_caller(void)
{
	const char *user = getenv("SUDO_USER");
	gid_t groups[MAX_GROUPS];
	unsigned int uid, gid;

	if (getuid() || !getenv("SUDO_UID"))
		return 0;
	if (!parse_id(getenv("SUDO_UID"), &uid) || !parse_id(getenv("SUDO_GID"), &gid))
		return -EINVAL;
	if (!uid)
		return 0;
	if (setgroups(groups_of(user ? user : "", gid, groups, MAX_GROUPS), groups) || setresgid(gid, gid, gid) ||
	    setresuid(uid, uid, uid))
		return -errno;
	set_home_of(uid);
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

int sandbox_run(int cgroup_fd, pid_t parent, char *const *words)
{
	int rc;

	rc = cgroup_enter(cgroup_fd);
	if (rc) {
		fprintf(stderr, "egret: cannot enter the governed cgroup: %s\n", strerror(-rc));
		return EXIT_EXEC_FAILED;
	}
	close_inherited_sockets();
	rc = become_caller();
	if (!rc && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		rc = -errno;
	if (rc) {
		fprintf(stderr, "egret: cannot drop to the user who called sudo: %s\n", strerror(-rc));
		return EXIT_EXEC_FAILED;
	}
	/* After the change of user, which clears it: prctl(2). */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		return EXIT_EXEC_FAILED;
	restore_signals();
	execvp(words[0], words);
	rc = errno;
	fprintf(stderr, "egret: cannot run %s: %s\n", words[0], strerror(rc));
	return rc == ENOENT ? EXIT_EXEC_NOT_FOUND : EXIT_EXEC_CANNOT_RUN;
}
