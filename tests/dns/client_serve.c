/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the clients connect to: takes every connection and closes it, echoes every datagram. Apart
 * from the servers of tests/tools, which log each arrival and have a short queue: here nothing
 * may be lost that Egret let pass.
 */
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 4096
#define ROOM    (8 << 20)

static int bound(int type, const char *port)
{
	union address at;
	int fd = socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1, room = ROOM;

	if (fd < 0 || address_parse("::", port, &at))
		return -EINVAL;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one));
	/* The addresses of a whole prefix are local, but none is configured. */
	setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof(one));
	if (bind(fd, &at.any, sizeof(at.v6)) || (type == SOCK_STREAM && listen(fd, BACKLOG)))
		return -errno;
	return fd;
}

static void accept_all(int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		close(fd);
}

/* Back from the address that the datagram came to. */
static void echo_all(int fd)
{
	char text[512], control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	union address peer;
	struct iovec iov = {.iov_base = text};
	struct msghdr msg = {.msg_name = &peer, .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control};
	struct cmsghdr *cmsg;
	ssize_t len;

	for (;;) {
		msg.msg_namelen = sizeof(peer);
		msg.msg_controllen = sizeof(control);
		iov.iov_len = sizeof(text);
		len = recvmsg(fd, &msg, 0);
		if (len < 0)
			return;
		cmsg = CMSG_FIRSTHDR(&msg);
		if (cmsg && cmsg->cmsg_type == IPV6_PKTINFO)
			((struct in6_pktinfo *)CMSG_DATA(cmsg))->ipi6_ifindex = 0; /* it lives on lo, the peer not */
		iov.iov_len = len;
		sendmsg(fd, &msg, 0);
	}
}

int cmd_serve(char **argv)
{
	struct pollfd polls[2] = {{.fd = bound(SOCK_STREAM, argv[0]), .events = POLLIN},
				  {.fd = bound(SOCK_DGRAM, argv[0]), .events = POLLIN}};

	if (polls[0].fd < 0 || polls[1].fd < 0) {
		fprintf(stderr, "client: port %s: %s\n", argv[0], strerror(errno));
		return 2;
	}
	puts("ready");
	fflush(stdout);
	for (;;) {
		if (poll(polls, 2, -1) < 0)
			return 1;
		if (polls[0].revents)
			accept_all(polls[0].fd);
		if (polls[1].revents)
			echo_all(polls[1].fd);
	}
}
