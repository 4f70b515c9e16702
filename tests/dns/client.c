/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 *	client getaddrinfo NAME PORT        the C library's
 *	client cares PORT NAME...           c-ares', all names at once
 *	client musl NAME SERVER PORT        A and AAAA in parallel on one unconnected socket
 *	client fresh PREFIX COUNT SERVER PORT
 *	client serve PORT                   what all of them connect to
 *	client stream PREFIX COUNT SERVER PORT WINDOW
 *	client open PREFIX COUNT SERVER PORT WINDOW     the same, with questions in the SYN (Fast Open)
 *	client answer ADDRESS CHUNK         the server of `stream`: client_stream.c
 *
 * All but `fresh`, `stream` and `open` connect by TCP to every address that they are given, one after the other.
 */
#include "client.h"

#include <ares.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_MS 3000

/* What became of one command: "connected" only if every address was reached. */
struct result {
	int addresses, error;
	char text[1 << 15];
};

uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

socklen_t address_len(const union address *address)
{
	return address->any.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
}

const char *address_text(const union address *address)
{
	static char text[INET6_ADDRSTRLEN];

	if (address->any.sa_family == AF_INET)
		return inet_ntop(AF_INET, &address->v4.sin_addr, text, sizeof(text));
	return inet_ntop(AF_INET6, &address->v6.sin6_addr, text, sizeof(text));
}

int address_parse(const char *text, const char *port, union address *ret)
{
	*ret = (union address){.v4 = {.sin_family = AF_INET, .sin_port = htons(atoi(port))}};
	if (inet_pton(AF_INET, text, &ret->v4.sin_addr) == 1)
		return 0;
	*ret = (union address){.v6 = {.sin6_family = AF_INET6, .sin6_port = htons(atoi(port))}};
	return inet_pton(AF_INET6, text, &ret->v6.sin6_addr) == 1 ? 0 : -EINVAL;
}

/* --- messages: RFC 1035 section 4.1 --- */

size_t question_write(uint8_t *to, uint16_t id, const char *name, uint16_t type)
{
	const uint8_t header[DNS_HEADER] = {id >> 8, id & 0xff, 1 /* RD */, 0, 0, 1};
	size_t at = DNS_HEADER;

	memcpy(to, header, sizeof(header));
	while (*name) {
		size_t len = strcspn(name, ".");

		to[at++] = len;
		memcpy(to + at, name, len);
		at += len;
		name += len + (name[len] == '.');
	}
	to[at++] = 0;
	to[at++] = type >> 8;
	to[at++] = type & 0xff;
	to[at++] = 0;
	to[at++] = 1; /* IN */
	return at;
}

/* Behind the name at @at. */
static size_t name_end(const uint8_t *bytes, size_t len, size_t at)
{
	while (at < len && bytes[at] && bytes[at] < 0xc0)
		at += bytes[at] + 1;
	return at + (at < len && bytes[at] ? 2 : 1);
}

int answer_address(const uint8_t *answer, size_t len, const uint8_t *question, size_t question_len, uint16_t type,
		   uint16_t port_be, union address *ret)
{
	size_t at = question_len, data_len;

	if (len < question_len || memcmp(answer, question, 2) || !(answer[2] & 0x80) ||
	    memcmp(answer + DNS_HEADER, question + DNS_HEADER, question_len - DNS_HEADER))
		return -EBADMSG;
	for (int i = answer[6] << 8 | answer[7]; i > 0; i--) {
		at = name_end(answer, len, at) + 10;
		if (at > len)
			return -EBADMSG;
		data_len = answer[at - 2] << 8 | answer[at - 1];
		if (at + data_len > len)
			return -EBADMSG;
		if ((answer[at - 10] << 8 | answer[at - 9]) == type)
			break;
		at += data_len;
		if (i == 1)
			return -ENOENT;
	}
	if (!(answer[6] | answer[7]))
		return -ENOENT;
	memset(ret, 0, sizeof(*ret));
	ret->any.sa_family = type == DNS_TYPE_A ? AF_INET : AF_INET6;
	ret->v4.sin_port = port_be; /* of either family in the same place */
	if (type == DNS_TYPE_A)
		memcpy(&ret->v4.sin_addr, answer + at, sizeof(ret->v4.sin_addr));
	else
		memcpy(&ret->v6.sin6_addr, answer + at, sizeof(ret->v6.sin6_addr));
	return 0;
}

/* --- what is done with an address --- */

static int connect_once(const union address *to)
{
	int fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error = 0;
	struct pollfd writable = {.fd = fd, .events = POLLOUT};
	socklen_t len = sizeof(error);

	if (fd < 0)
		return errno;
	if (connect(fd, &to->any, address_len(to)) && errno != EINPROGRESS)
		error = errno;
	else if (poll(&writable, 1, TIMEOUT_MS) != 1)
		error = ETIMEDOUT;
	else
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	close(fd);
	return error;
}

static void use(struct result *result, const union address *to)
{
	int error = connect_once(to);
	size_t len = strlen(result->text);

	result->addresses++;
	if (error)
		result->error = error;
	snprintf(result->text + len, sizeof(result->text) - len, " %s%s%s", address_text(to), error ? "=" : "",
		 error ? strerrorname_np(error) : "");
}

static int print(const struct result *result)
{
	if (!result->addresses)
		printf("unresolved\n");
	else
		printf("%s%s\n", result->error ? strerrorname_np(result->error) : "connected", result->text);
	return result->error || !result->addresses;
}

/* --- clients --- */

static int cmd_getaddrinfo(char **argv)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all, *one;
	struct result result = {0};
	union address to;
	int err = getaddrinfo(argv[0], argv[1], &hints, &all);

	if (err) {
		printf("unresolved %s\n", gai_strerror(err));
		return 1;
	}
	for (one = all; one; one = one->ai_next) {
		memcpy(&to, one->ai_addr, one->ai_addrlen);
		use(&result, &to);
	}
	freeaddrinfo(all);
	return print(&result);
}

static void cares_answered(void *context, int status, int timeouts, struct ares_addrinfo *all)
{
	struct result *result = context;
	struct ares_addrinfo_node *one;
	union address to;

	(void)timeouts;
	if (status != ARES_SUCCESS) {
		result->error = ENOENT;
		return;
	}
	for (one = all->nodes; one; one = one->ai_next) {
		memcpy(&to, one->ai_addr, one->ai_addrlen);
		use(result, &to);
	}
	ares_freeaddrinfo(all);
}

static int cares_run(ares_channel channel)
{
	fd_set readable, writable;
	struct timeval timeout;
	int count;

	for (;;) {
		FD_ZERO(&readable);
		FD_ZERO(&writable);
		count = ares_fds(channel, &readable, &writable);
		if (!count)
			return 0;
		if (select(count, &readable, &writable, NULL, ares_timeout(channel, NULL, &timeout)) < 0)
			return -errno;
		ares_process(channel, &readable, &writable);
	}
}

static int cmd_cares(char **argv)
{
	struct ares_addrinfo_hints hints = {.ai_socktype = SOCK_STREAM};
	struct result result = {0};
	ares_channel channel;

	if (ares_library_init(ARES_LIB_INIT_ALL) || ares_init(&channel))
		return 2;
	for (char **name = argv + 1; *name; name++)
		ares_getaddrinfo(channel, *name, argv[0], &hints, cares_answered, &result);
	if (cares_run(channel))
		return 2;
	ares_destroy(channel);
	return print(&result);
}

/* As musl's res_msend: both questions leave before either answer is read. */
static int cmd_musl(char **argv)
{
	static const uint16_t types[2] = {DNS_TYPE_A, DNS_TYPE_AAAA};
	uint8_t questions[2][MESSAGE_SIZE], answer[MESSAGE_SIZE];
	struct result result = {0};
	union address server, to;
	size_t lens[2];
	struct pollfd readable = {.events = POLLIN};

	if (address_parse(argv[1], "53", &server))
		return 2;
	readable.fd = socket(server.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (int i = 0; i < 2; i++) {
		lens[i] = question_write(questions[i], 0x4d00 + i, argv[0], types[i]);
		if (sendto(readable.fd, questions[i], lens[i], 0, &server.any, address_len(&server)) < 0)
			result.error = errno;
	}
	for (int left = 2; left > 0 && !result.error && poll(&readable, 1, TIMEOUT_MS) == 1; left--) {
		ssize_t len = recvfrom(readable.fd, answer, sizeof(answer), 0, NULL, NULL);

		for (int i = 0; i < 2; i++)
			if (len > 0 &&
			    !answer_address(answer, len, questions[i], lens[i], types[i], htons(atoi(argv[2])), &to))
				use(&result, &to);
	}
	close(readable.fd);
	return print(&result);
}

static const struct {
	const char *name;
	int args, more;
	int (*run)(char **argv);
} commands[] = {
    {"getaddrinfo", 2, 0, cmd_getaddrinfo},
    {"cares", 2, 1, cmd_cares},
    {"musl", 3, 0, cmd_musl},
    {"fresh", 4, 0, cmd_fresh},
    {"serve", 1, 0, cmd_serve},
    {"stream", 5, 0, cmd_stream},
    {"open", 5, 0, cmd_open},
    {"answer", 2, 0, cmd_answer},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		if (argc - 2 == commands[i].args || (commands[i].more && argc - 2 > commands[i].args))
			return commands[i].run(argv + 2);
	}
	fputs("usage: client getaddrinfo NAME PORT | cares PORT NAME... | musl NAME SERVER PORT |\n"
	      "       fresh PREFIX COUNT SERVER PORT | serve PORT |\n"
	      "       stream|open PREFIX COUNT SERVER PORT WINDOW | answer ADDRESS CHUNK\n",
	      stderr);
	return 2;
}
