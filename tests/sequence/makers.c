// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "makers.h"

struct order {
	int family, type;
};

static void die(const char *what)
{
	fprintf(stderr, "sequences: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static void hand_over(int channel, int fd)
{
	char space[CMSG_SPACE(sizeof(fd))] = {0}, byte = 0;
	struct iovec part = {&byte, 1};
	struct msghdr message = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	if (sendmsg(channel, &message, 0) != 1)
		die("sendmsg of a descriptor");
}

static void serve(int channel)
{
	struct order order;

	while (recv(channel, &order, sizeof(order), 0) == sizeof(order)) {
		int fd = socket(order.family, order.type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		if (fd < 0)
			die("socket");
		hand_over(channel, fd);
		close(fd);
		/* Only now: a port that it is bound to may be wanted again at once. */
		if (send(channel, "", 1, 0) != 1)
			die("send");
	}
	_exit(0);
}

static void enter(const char *cgroup, const char *netns)
{
	char path[512];
	int fd = open(netns, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(netns);
	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		die(path);
}

void maker_start(struct maker *maker, const char *cgroup, const char *netns)
{
	struct stat st;
	int ends[2];

	if ((mkdir(cgroup, 0755) && errno != EEXIST) || stat(cgroup, &st))
		die(cgroup);
	maker->cgroup_id = st.st_ino;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		die("socketpair");
	maker->channel = ends[0];
	maker->pid = fork();
	if (maker->pid < 0)
		die("fork");
	if (maker->pid)
		return;
	close(ends[0]);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	enter(cgroup, netns);
	serve(ends[1]);
}

int maker_socket(const struct maker *maker, int family, int type)
{
	char space[CMSG_SPACE(sizeof(int))] = {0}, byte;
	struct iovec part = {&byte, 1};
	struct msghdr message = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)};
	struct order order = {family, type};
	int fd;

	if (send(maker->channel, &order, sizeof(order), 0) != sizeof(order) ||
	    recvmsg(maker->channel, &message, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&message))
		die("no socket from a maker");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	if (recv(maker->channel, &byte, 1, 0) != 1)
		die("no end of a maker's work");
	return fd;
}

void maker_stop(struct maker *maker)
{
	kill(maker->pid, SIGKILL);
	waitpid(maker->pid, NULL, 0);
}
