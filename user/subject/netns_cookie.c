// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "netns_cookie.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cgroup.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* asm-generic/socket.h, 5.14 */
#endif

uint64_t netns_cookie_of_self(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(uint64_t);
	uint64_t cookie = 0;

	if (fd < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len))
		cookie = 0;
	close(fd);
	return cookie;
}

static int open_netns(const char *process)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/ns/net", process);
	return open(path, O_RDONLY | O_CLOEXEC);
}

uint64_t netns_cookie_of_process(pid_t pid)
{
	char number[16];
	uint64_t cookie = 0;
	int own_fd, fd;

	snprintf(number, sizeof(number), "%d", (int)pid);
	fd = open_netns(number);
	own_fd = open_netns("self");
	if (fd >= 0 && own_fd >= 0 && !setns(fd, CLONE_NEWNET)) {
		cookie = netns_cookie_of_self();
		if (setns(own_fd, CLONE_NEWNET))
			abort();
	}
	if (fd >= 0)
		close(fd);
	if (own_fd >= 0)
		close(own_fd);
	return cookie;
}

/* Takes @dir, which may be none. */
static uint64_t cookie_of_processes(int dir)
{
	int fd = dir < 0 ? -1 : openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC), pid;
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	uint64_t cookie = 0;

	/* cgroups(7): of a process in another PID namespace the number is 0. */
	while (file && !cookie && fscanf(file, "%d", &pid) == 1)
		cookie = pid ? netns_cookie_of_process(pid) : 0;
	if (file)
		fclose(file);
	if (dir >= 0)
		close(dir);
	return cookie;
}

/* Takes @dir. */
static uint64_t cookie_of_children(int dir)
{
	DIR *children = fdopendir(dir);
	uint64_t cookie = 0;
	struct dirent *child;

	if (!children) {
		close(dir);
		return 0;
	}
	while (!cookie && (child = readdir(children))) {
		if (child->d_type == DT_DIR && child->d_name[0] != '.')
			cookie = cookie_of_processes(openat(dir, child->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	}
	closedir(children);
	return cookie;
}

uint64_t netns_cookie_of_cgroup(const char *path)
{
	struct error ignored;
	uint64_t cookie;
	int dir;

	if (cgroup_open(path, &dir, &ignored))
		return 0;
	cookie = cookie_of_processes(dup(dir));
	if (cookie) {
		close(dir);
		return cookie;
	}
	return cookie_of_children(dir);
}
