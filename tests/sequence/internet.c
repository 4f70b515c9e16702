// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internet.h"

#define WAIT_MS 1000

static int streams[INTERNET_PORTS + 1], datagrams[INTERNET_PORTS + 1], resolver;

static void die(const char *what)
{
	fprintf(stderr, "sequences: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_port(int type, uint16_t port)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1, no = 0;

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) || (type == SOCK_STREAM && listen(fd, 16)))
		die("a port of the internet");
	return fd;
}

void internet_up(void)
{
	for (uint16_t port = 1; port <= INTERNET_PORTS; port++) {
		streams[port] = open_port(SOCK_STREAM, port);
		datagrams[port] = open_port(SOCK_DGRAM, port);
	}
	resolver = open_port(SOCK_DGRAM, INTERNET_DNS_PORT);
}

struct sockaddr_in6 internet_address(const struct egret_addr *addr, uint16_t port)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	memcpy(&to.sin6_addr, addr, sizeof(to.sin6_addr));
	return to;
}

static bool is_ready(int fd, short events, int wait_ms)
{
	struct pollfd one = {.fd = fd, .events = events};

	return poll(&one, 1, wait_ms) > 0 && one.revents & events;
}

bool token_arrives(int fd, uint64_t token, int wait_ms)
{
	uint64_t got;

	while (is_ready(fd, POLLIN, wait_ms)) {
		if (recv(fd, &got, sizeof(got), 0) != sizeof(got))
			return false;
		if (got == token)
			return true;
	}
	return false;
}

bool internet_got(uint16_t port, uint64_t token, void (*other)(uint64_t token))
{
	uint64_t got;

	while (is_ready(datagrams[port], POLLIN, WAIT_MS)) {
		if (recv(datagrams[port], &got, sizeof(got), 0) != sizeof(got))
			continue;
		if (got == token)
			return true;
		other(got);
	}
	return false;
}

void internet_drain(void (*other)(uint64_t token))
{
	uint64_t got;
	int fd;

	for (uint16_t port = 1; port <= INTERNET_PORTS; port++) {
		while (recv(datagrams[port], &got, sizeof(got), 0) == sizeof(got))
			other(got);
		while ((fd = accept(streams[port], NULL, NULL)) >= 0)
			close(fd);
	}
}

static bool send_from(int fd, const struct egret_addr *from, const struct sockaddr_in6 *to, const void *bytes,
		      size_t len)
{
	char space[CMSG_SPACE(sizeof(struct in6_pktinfo))] = {0};
	struct sockaddr_in6 dest = *to;
	struct iovec part = {(void *)bytes, len};
	struct msghdr message = {.msg_name = &dest,
				 .msg_namelen = sizeof(dest),
				 .msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = space,
				 .msg_controllen = sizeof(space)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	struct in6_pktinfo info = {0};

	memcpy(&info.ipi6_addr, from, sizeof(info.ipi6_addr));
	header->cmsg_level = IPPROTO_IPV6;
	header->cmsg_type = IPV6_PKTINFO;
	header->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(header), &info, sizeof(info));
	return sendmsg(fd, &message, 0) == (ssize_t)len;
}

bool internet_send(const struct egret_addr *from, uint16_t port, const struct sockaddr_in6 *to, uint64_t token)
{
	return send_from(datagrams[port], from, to, &token, sizeof(token));
}

bool message_arrives(int fd, uint16_t id, int wait_ms)
{
	uint8_t message[512];
	ssize_t len;

	while (is_ready(fd, POLLIN, wait_ms)) {
		len = recv(fd, message, sizeof(message), 0);
		if (len > 12 && (message[0] << 8 | message[1]) == id)
			return true;
	}
	return false;
}

bool internet_asked(uint16_t id)
{
	return message_arrives(resolver, id, WAIT_MS);
}

bool internet_answers(const struct egret_addr *from, const struct sockaddr_in6 *to, const void *message, size_t len)
{
	return send_from(resolver, from, to, message, len);
}

bool internet_is_called(uint16_t port, int wait_ms)
{
	return is_ready(streams[port], POLLIN, wait_ms);
}

int internet_accept(uint16_t port)
{
	if (!internet_is_called(port, WAIT_MS))
		return -1;
	return accept4(streams[port], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int internet_connect(const struct egret_addr *from, const struct sockaddr_in6 *to)
{
	struct sockaddr_in6 source = internet_address(from, 0);
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), no = 0;

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	if (!bind(fd, (struct sockaddr *)&source, sizeof(source)) &&
	    !connect(fd, (const struct sockaddr *)to, sizeof(*to)))
		return fd;
	close(fd);
	return -1;
}
