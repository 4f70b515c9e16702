/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What one subject may do too much of.
 *
 *	flood to FIRST COUNT PORT SOCKETS
 *	    one datagram to each of COUNT IPv4 addresses from FIRST on, by SOCKETS sockets in turn: "sent N refused N"
 *	flood from FIRST COUNT ADDR PORT
 *	    one datagram from each of COUNT addresses, which are the machine's own, to ADDR: "sent N refused N"
 *	flood hoard SERVER SOCKETS QUESTIONS
 *	    opens SOCKETS datagram sockets, asks so many names of wild.example by each, of each another one, and a TCP
 *	    connection of each tenth: "sockets N asked N refused N"; then keeps them all until SIGTERM
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_SOCKETS 1024
#define DNS_PORT    53
#define TCP_EACH    10

static unsigned long sent, refused;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct sockaddr_in address_of(const char *text, const char *port)
{
	struct sockaddr_in ret = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};

	if (inet_pton(AF_INET, text, &ret.sin_addr) != 1)
		die(text);
	return ret;
}

static void note(ssize_t rc)
{
	/* What an earlier one met is of no interest, nor a full queue. */
	if (rc < 0 && errno == EPERM)
		refused++;
	else if (rc >= 0)
		sent++;
}

static int flood_to(char **argv)
{
	struct sockaddr_in first = address_of(argv[0], argv[2]), to = first;
	uint32_t count = (uint32_t)atoi(argv[1]), sockets = (uint32_t)atoi(argv[3]);
	int fds[MAX_SOCKETS];

	if (!sockets || sockets > MAX_SOCKETS)
		return 2;
	for (uint32_t i = 0; i < sockets; i++)
		fds[i] = socket(AF_INET, SOCK_DGRAM, 0);
	for (uint32_t i = 0; i < count; i++) {
		to.sin_addr.s_addr = htonl(ntohl(first.sin_addr.s_addr) + i);
		note(sendto(fds[i % sockets], "x", 1, 0, (struct sockaddr *)&to, sizeof(to)));
	}
	printf("sent %lu refused %lu\n", sent, refused);
	return 0;
}

static int flood_from(char **argv)
{
	struct sockaddr_in first = address_of(argv[0], "0"), to = address_of(argv[2], argv[3]);
	uint32_t count = (uint32_t)atoi(argv[1]);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	union {
		char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {.iov_base = "x", .iov_len = 1};
	struct msghdr msg = {.msg_name = &to,
			     .msg_namelen = sizeof(to),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	struct in_pktinfo info = {0};

	*cmsg = (struct cmsghdr){.cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO, .cmsg_len = CMSG_LEN(sizeof(info))};
	for (uint32_t i = 0; i < count; i++) {
		info.ipi_spec_dst.s_addr = htonl(ntohl(first.sin_addr.s_addr) + i);
		memcpy(CMSG_DATA(cmsg), &info, sizeof(info));
		note(sendmsg(fd, &msg, 0));
	}
	printf("sent %lu refused %lu\n", sent, refused);
	return 0;
}

/* Recursion desired, one question: qNNNNNNNN.wild.example, type A, class IN (RFC 1035 section 4.1). */
static void ask(int fd, uint32_t number)
{
	static const char rest[] = "\4wild\7example\0\0\1\0\1";
	unsigned char message[64] = {[0] = (unsigned char)(number >> 8), [1] = (unsigned char)number, [2] = 1, [5] = 1};
	size_t len = 12;

	message[len++] = 9;
	len += (size_t)sprintf((char *)message + len, "q%08x", number);
	memcpy(message + len, rest, sizeof(rest) - 1);
	note(send(fd, message, len + sizeof(rest) - 1, 0));
}

static int flood_hoard(char **argv)
{
	struct sockaddr_in server = address_of(argv[0], "53");
	struct rlimit files = {.rlim_cur = 1 << 20, .rlim_max = 1 << 20};
	uint32_t sockets = (uint32_t)atoi(argv[1]), questions = (uint32_t)atoi(argv[2]), made = 0;

	setrlimit(RLIMIT_NOFILE, &files);
	for (; made < sockets; made++) {
		int fd = socket(AF_INET, SOCK_DGRAM, 0);

		if (fd < 0)
			die("socket");
		if (connect(fd, (struct sockaddr *)&server, sizeof(server)))
			die(argv[0]);
		for (uint32_t i = 0; i < questions; i++)
			ask(fd, made * questions + i);
		if (made % TCP_EACH)
			continue;
		fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fd, (struct sockaddr *)&server, sizeof(server));
	}
	printf("sockets %u asked %lu refused %lu\n", made, sent, refused);
	fflush(stdout);
	pause();
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 6 && !strcmp(argv[1], "to"))
		return flood_to(argv + 2);
	if (argc == 6 && !strcmp(argv[1], "from"))
		return flood_from(argv + 2);
	if (argc == 5 && !strcmp(argv[1], "hoard"))
		return flood_hoard(argv + 2);
	fprintf(stderr, "usage: flood to|from|hoard...\n");
	return 2;
}
