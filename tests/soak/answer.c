/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The internet of the soak: RFC 1035 section 4, as much of it as one kind of question needs. */
#include "soak.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TYPE_A    1
#define TTL_SEC   3600
#define BURST     256
#define BACKLOG   4096
#define RECORD    16 /* a pointer to the name, type, class, TTL, length, an address */
#define BUF_BYTES (8 << 20)

static int open_server(const char *addr, int type, uint16_t port)
{
	struct sockaddr_in local = soak_address(INADDR_ANY, port);
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1, size = BUF_BYTES;

	if (fd < 0 || inet_pton(AF_INET, addr, &local.sin_addr) != 1)
		return -1;
	setsockopt(fd, SOL_IP, IP_FREEBIND, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (type == SOCK_DGRAM)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&local, sizeof(local)) || (type == SOCK_STREAM && listen(fd, BACKLOG)))
		return -1;
	return fd;
}

/* The end of the one question; 0 if there is none. */
static size_t question_end(const uint8_t *message, size_t len)
{
	size_t at = DNS_HEADER;

	while (at < len && message[at])
		at += message[at] + 1u;
	return at + 5 <= len ? at + 5 : 0;
}

/* N of nN.anything; -1 for any other name, and for what is not an A record. */
static long number_asked(const uint8_t *message, size_t end)
{
	char digits[16] = "";
	size_t label = message[DNS_HEADER];

	if (label < 2 || label >= sizeof(digits) || message[DNS_HEADER + 1] != 'n' || message[end - 3] != TYPE_A)
		return -1;
	memcpy(digits, message + DNS_HEADER + 2, label - 1);
	return atol(digits);
}

static size_t append_answer(uint8_t *message, size_t end, uint32_t addr)
{
	const uint8_t record[RECORD] = {
	    0xc0,         DNS_HEADER,    0, TYPE_A, 0,          1,          0,         0,
	    TTL_SEC >> 8, TTL_SEC & 255, 0, 4,      addr >> 24, addr >> 16, addr >> 8, addr};

	memcpy(message + end, record, sizeof(record));
	message[7] = 1; /* one answer */
	return end + sizeof(record);
}

static bool answer_one(int fd)
{
	uint8_t message[DNS_MAX_BYTES + RECORD];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(fd, message, DNS_MAX_BYTES, 0, (struct sockaddr *)&from, &from_len);
	size_t end;
	long number;

	if (len < 0)
		return false;
	end = len > DNS_HEADER ? question_end(message, len) : 0;
	if (!end)
		return true;
	message[2] |= 0x84; /* an answer, from who knows */
	message[3] = 0;
	memset(message + 6, 0, 6);
	number = number_asked(message, end);
	if (number >= 0)
		end = append_answer(message, end, SOAK_NETWORK + number);
	sendto(fd, message, end, 0, (struct sockaddr *)&from, from_len);
	return true;
}

/* Taken, and let go of; the asker's reset ends it, so that nothing waits for anything afterwards. */
static bool accept_one(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static bool discard_one(int fd)
{
	char byte;

	return recv(fd, &byte, sizeof(byte), 0) >= 0;
}

int soak_answer(const char *addr)
{
	struct pollfd fds[] = {
	    {.fd = open_server(addr, SOCK_DGRAM, DNS_PORT), .events = POLLIN},
	    {.fd = open_server("0.0.0.0", SOCK_STREAM, SOAK_TCP_PORT), .events = POLLIN},
	    {.fd = open_server("0.0.0.0", SOCK_DGRAM, SOAK_UDP_PORT), .events = POLLIN},
	};
	bool (*const serve[])(int) = {answer_one, accept_one, discard_one};

	for (int i = 0; i < 3; i++) {
		if (fds[i].fd < 0) {
			perror("soak: answer");
			return 1;
		}
	}
	puts("ready");
	fflush(stdout);
	while (poll(fds, 3, -1) >= 0 || errno == EINTR)
		for (int i = 0; i < 3; i++)
			for (int n = 0; fds[i].revents && n < BURST && serve[i](fds[i].fd); n++)
				;
	return 1;
}
