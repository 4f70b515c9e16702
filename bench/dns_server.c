// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * dns_server DELAY_MS: a stub that stands in for a DNS server DELAY_MS away. On
 * 127.0.0.1, udp:53, it gives every name one address of the family that is asked
 * for, and holds each answer back for that long. Prints "ready"; ends by a signal.
 * It reads just enough of a query to answer what this bench sends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "report.h"

#define DNS_PORT   53
#define HEADER_LEN 12 /* RFC 1035 section 4.1.1 */
#define TYPE_A     1
#define TYPE_AAAA  28 /* RFC 3596 section 2.1 */
#define TTL_SEC    600
#define PACKET_MAX 512
#define WAITING    (1 << 15) /* answers that are held back; a power of two */

struct answer {
	uint64_t due_ns;
	struct sockaddr_in to;
	size_t len;
	uint8_t bytes[PACKET_MAX];
};

/* The delay is the same for all: what came first is due first. */
static struct answer waiting[WAITING];
static size_t first, count;

/* The end of the question, or 0. Names of a query are not compressed. */
static size_t question_end(const uint8_t *bytes, size_t len)
{
	size_t at = HEADER_LEN;

	while (at < len && bytes[at])
		at += bytes[at] + 1;
	at += 1 + 4;
	return at <= len ? at : 0;
}

/* Behind the question: one record, its name a pointer to the question's (section 4.1.4). */
static size_t put_record(uint8_t *at, uint8_t type, uint32_t number)
{
	size_t data_len = type == TYPE_A ? 4 : 16;
	const uint8_t head[] = {0xc0, HEADER_LEN,       0, type, 0, 1, 0, 0, TTL_SEC >> 8, TTL_SEC & 0xff,
				0,    (uint8_t)data_len};
	uint32_t number_be = htonl(number & 0xffffff);

	memcpy(at, head, sizeof(head));
	memset(at + sizeof(head), 0, data_len);
	memcpy(at + sizeof(head) + data_len - 4, &number_be, 4);
	at[sizeof(head)] = 0x20; /* 20.0.0.0/8 or 2000::/3 */
	if (type == TYPE_A)
		at[sizeof(head)] = 20;
	return sizeof(head) + data_len;
}

static uint32_t number_of(const uint8_t *bytes, size_t end)
{
	uint32_t hash = 2166136261; /* FNV-1a: each name gets its own address, nearly */

	for (size_t i = HEADER_LEN; i < end - 4; i++)
		hash = (hash ^ bytes[i]) * 16777619;
	return hash;
}

/* Turns a query into its answer in place. */
static void answer_make(struct answer *answer)
{
	uint8_t *bytes = answer->bytes, type;
	size_t end = question_end(bytes, answer->len);

	if (!end || end + 28 > PACKET_MAX) {
		answer->len = 0;
		return;
	}
	type = bytes[end - 3];
	bytes[2] |= 0x84; /* QR, AA */
	bytes[3] = 0x80;  /* RA, no error */
	memset(bytes + 6, 0, 6);
	answer->len = end;
	if (type != TYPE_A && type != TYPE_AAAA)
		return;
	bytes[7] = 1;
	answer->len += put_record(bytes + end, type, number_of(bytes, end));
}

static void receive_all(int fd, uint64_t delay_ns)
{
	while (count < WAITING) {
		struct answer *answer = &waiting[(first + count) & (WAITING - 1)];
		socklen_t to_len = sizeof(answer->to);
		ssize_t len =
		    recvfrom(fd, answer->bytes, PACKET_MAX, MSG_DONTWAIT, (struct sockaddr *)&answer->to, &to_len);

		if (len < 0)
			return;
		answer->len = (size_t)len;
		answer->due_ns = clock_now_ns() + delay_ns;
		answer_make(answer);
		count += answer->len > 0;
	}
}

static void send_due(int fd)
{
	uint64_t now = clock_now_ns();

	while (count && waiting[first].due_ns <= now) {
		const struct answer *answer = &waiting[first];

		sendto(fd, answer->bytes, answer->len, 0, (const struct sockaddr *)&answer->to, sizeof(answer->to));
		first = (first + 1) & (WAITING - 1);
		count--;
	}
}

static void wait_for_more(int fd)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	uint64_t now = clock_now_ns(), due = count ? waiting[first].due_ns : 0;
	struct timespec rest = {.tv_nsec = due > now ? (long)(due - now) : 0};

	if (ppoll(&readable, 1, count ? &rest : NULL, NULL) < 0 && errno != EINTR)
		die("ppoll");
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_port = htons(DNS_PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), room = 8 << 20;
	uint64_t delay_ns;

	if (argc != 2) {
		fputs("usage: dns_server DELAY_MS\n", stderr);
		return 2;
	}
	delay_ns = strtoul(argv[1], NULL, 10) * CLOCK_NS_PER_MS;
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)))
		die("bind");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	prctl(PR_SET_TIMERSLACK, 1000);
	puts("ready");
	fflush(stdout);
	for (;;) {
		wait_for_more(fd);
		receive_all(fd, delay_ns);
		send_due(fd);
	}
}
