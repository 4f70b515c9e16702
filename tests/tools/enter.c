/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * enter CGROUP NETNS COMMAND [ARG...]: becomes COMMAND, in that cgroup, which is made if it is not there, and in the
 * network namespace /run/netns/NETNS. "-" leaves either as it is. Not by `ip netns exec`, which mounts a fresh /sys
 * without the cgroup file system; nor by a shell and nsenter(1): tests begin thousands of commands, and this costs
 * half. Exit code 126: it cannot be entered; 127: no such command.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CANNOT_ENTER 126
#define NO_COMMAND   127

static int make_all(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST && errno != EROFS)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, 0755) && errno != EEXIST ? -errno : 0;
}

static int enter_cgroup(char *path)
{
	char procs[PATH_MAX];
	int fd, rc;

	snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		rc = make_all(path);
		if (rc)
			return rc;
		fd = open(procs, O_WRONLY | O_CLOEXEC);
	}
	if (fd < 0)
		return -errno;
	rc = write(fd, "0", 1) < 0 ? -errno : 0; /* who writes */
	close(fd);
	return rc;
}

static int enter_netns(const char *name)
{
	char path[PATH_MAX];
	int fd, rc;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = setns(fd, CLONE_NEWNET) ? -errno : 0;
	close(fd);
	return rc;
}

int main(int argc, char **argv)
{
	int rc = 0;

	if (argc < 4) {
		fprintf(stderr, "usage: enter CGROUP|- NETNS|- COMMAND [ARG...]\n");
		return CANNOT_ENTER;
	}
	if (strcmp(argv[1], "-") != 0)
		rc = enter_cgroup(argv[1]);
	if (rc) {
		fprintf(stderr, "enter: the cgroup %s: %s\n", argv[1], strerror(-rc));
		return CANNOT_ENTER;
	}
	if (strcmp(argv[2], "-") != 0)
		rc = enter_netns(argv[2]);
	if (rc) {
		fprintf(stderr, "enter: the network namespace %s: %s\n", argv[2], strerror(-rc));
		return CANNOT_ENTER;
	}
	execvp(argv[3], argv + 3);
	fprintf(stderr, "enter: %s: %s\n", argv[3], strerror(errno));
	return NO_COMMAND;
}
