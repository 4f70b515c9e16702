/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sockets that Egret meets in odd ways.
 *
 *	early SERVER NAME       a socket that is there first: asks for the A of NAME when a line
 *	                        comes in on standard input, and says "answered"
 *	early --mptcp ADDR PORT connects by MPTCP (RFC 8684)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DNS_HEADER 12
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static int connect_to(const char *addr, uint16_t port, int type, int protocol)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, protocol);

	if (fd < 0 || inet_pton(AF_INET, addr, &to.sin_addr) != 1)
		return -1;
	return connect(fd, (struct sockaddr *)&to, sizeof(to)) ? -1 : fd;
}

static int fail(void)
{
	printf("%s\n", strerrorname_np(errno));
	return 1;
}

static size_t write_question(const char *name, uint8_t *bytes)
{
	static const uint8_t header[DNS_HEADER] = {0x12, 0x34, 1, 0, 0, 1};
	size_t at = DNS_HEADER;

	memcpy(bytes, header, sizeof(header));
	while (*name) {
		size_t len = strcspn(name, ".");

		bytes[at++] = (uint8_t)len;
		memcpy(bytes + at, name, len);
		at += len;
		name += len + (name[len] == '.');
	}
	memcpy(bytes + at, "\0\0\1\0\1", 5);
	return at + 5;
}

static int ask_later(const char *server, const char *name)
{
	uint8_t question[512], answer[512];
	size_t len = write_question(name, question);
	int fd = connect_to(server, 53, SOCK_DGRAM, 0);
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	char line[16];

	if (fd < 0)
		return fail();
	puts("ready");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin) || send(fd, question, len, 0) < 0 || poll(&poll_fd, 1, 5000) != 1 ||
	    recv(fd, answer, sizeof(answer), 0) < 0)
		return fail();
	puts("answered");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "--mptcp")) {
		if (connect_to(argv[2], (uint16_t)atoi(argv[3]), SOCK_STREAM, IPPROTO_MPTCP) < 0)
			return fail();
		puts("connected");
		return 0;
	}
	if (argc == 3)
		return ask_later(argv[1], argv[2]);
	fprintf(stderr, "usage: early SERVER NAME | early --mptcp ADDR PORT\n");
	return 2;
}
