// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * crowd ADDRESS PORT COUNT: a crowd of slow clients. Opens COUNT connections to a server, each with half of a request,
 * and says "ready" when all were tried; keeps what the server keeps open until its input ends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define HALF "GET /metrics HTTP/1.1\r\nX: "

/* 0: no descriptor, or no place at the server within a moment. */
static int join(const struct sockaddr_in *server)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct pollfd done = {.fd = fd, .events = POLLOUT};

	if (fd < 0)
		return 0;
	if (connect(fd, (const struct sockaddr *)server, sizeof(*server)) && errno != EINPROGRESS) {
		close(fd);
		return 0;
	}
	if (poll(&done, 1, 20) == 1)
		send(fd, HALF, strlen(HALF), MSG_NOSIGNAL);
	return fd;
}

int main(int argc, char **argv)
{
	struct sockaddr_in server = {.sin_family = AF_INET};
	struct rlimit limit = {20000, 20000};
	char octet;
	int count, joined = 0;

	if (argc != 4 || inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) {
		fprintf(stderr, "usage: crowd ADDRESS PORT COUNT\n");
		return 2;
	}
	server.sin_port = htons((uint16_t)atoi(argv[2]));
	count = atoi(argv[3]);
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 0; i < count; i++)
		joined += join(&server) > 0;
	printf("ready: %d\n", joined);
	fflush(stdout);
	while (read(0, &octet, 1) > 0)
		;
	return 0;
}
