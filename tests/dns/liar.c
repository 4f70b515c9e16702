/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A DNS server (UDP and TCP) that answers as the first label of the question says: rightly
 * or with one thing wrong. A server of the field cannot be told to lie.
 *
 *	liar ADDR
 *
 * "LIE.x.y" gives the lie of that name; over TCP, "LIE--DELIVERY.x.y" cuts the stream as
 * DELIVERY says. "fN.x.y" is 20.7.(N / 250).(N % 250 + 1).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_SOCKETS 512
#define MAX_MESSAGE 65535
#define HEADER      12
#define POINTER     0xc00c /* to the question's name: RFC 1035 section 4.1.4 */
#define TYPE_A      1
#define TYPE_CNAME  5
#define TYPE_TXT    16

struct message {
	uint8_t bytes[MAX_MESSAGE];
	size_t len;
};

struct question {
	const uint8_t *bytes; /* of the name, type and class */
	size_t len;
	uint16_t id;
	char lie[64];      /* first label, lower case, up to "--" */
	char delivery[64]; /* after "--" */
	bool tcp;
};

/* --- writing --- */

static void put(struct message *m, const void *bytes, size_t len)
{
	if (m->len + len > sizeof(m->bytes))
		return;
	memcpy(m->bytes + m->len, bytes, len);
	m->len += len;
}

static void put16(struct message *m, uint16_t value)
{
	uint16_t be = htons(value);

	put(m, &be, sizeof(be));
}

static void put_name(struct message *m, const char *name)
{
	while (*name) {
		uint8_t len = strcspn(name, ".");

		put(m, &len, 1);
		put(m, name, len);
		name += len + (name[len] == '.');
	}
	put(m, "", 1);
}

static void put_header(struct message *m, uint16_t id, uint16_t flags, uint16_t answers, uint16_t additional)
{
	m->len = 0;
	put16(m, id);
	put16(m, flags);
	put16(m, 1);
	put16(m, answers);
	put16(m, 0);
	put16(m, additional);
}

/* Type, class, TTL, length; the owner stands before it. */
static void put_record(struct message *m, uint16_t type, uint32_t ttl, uint16_t len)
{
	put16(m, type);
	put16(m, 1);
	put16(m, ttl >> 16);
	put16(m, ttl);
	put16(m, len);
}

static void put_addr(struct message *m, const char *text, uint32_t ttl)
{
	struct in_addr addr;

	inet_pton(AF_INET, text, &addr);
	put_record(m, TYPE_A, ttl, sizeof(addr));
	put(m, &addr, sizeof(addr));
}

static void put_a(struct message *m, const char *text)
{
	put16(m, POINTER);
	put_addr(m, text, 60);
}

static void put_alias(struct message *m, const char *to)
{
	put16(m, POINTER);
	put_record(m, TYPE_CNAME, 60, strlen(to) + 2);
	put_name(m, to);
}

/* An answer without an error, with the question as it was asked. */
static void begin(struct message *m, const struct question *q, uint16_t answers)
{
	put_header(m, q->id, 0x8180, answers, 0);
	put(m, q->bytes, q->len);
}

/* --- lies --- */

static void lie_badid(struct message *m, const struct question *q)
{
	begin(m, q, 1);
	m->bytes[1] ^= 1;
	put_a(m, "20.2.0.1");
}

static void lie_question(struct message *m, const struct question *q)
{
	put_header(m, q->id, 0x8180, 1, 0);
	put_name(m, "evil.wild.example");
	put16(m, TYPE_A);
	put16(m, 1);
	put_a(m, "20.2.0.2");
}

static void lie_stray(struct message *m, const struct question *q)
{
	begin(m, q, 1);
	put_name(m, "x.evil.example");
	put_addr(m, "20.2.0.3", 60);
}

static void lie_additional(struct message *m, const struct question *q)
{
	begin(m, q, 0);
	m->bytes[11] = 1;
	put_a(m, "20.2.0.4");
}

static void lie_chain(struct message *m, const struct question *q)
{
	begin(m, q, 2);
	put_alias(m, "x.cdn.example");
	put_name(m, "X.cdn.example");
	put_addr(m, "20.2.0.5", 60);
}

static void lie_broken(struct message *m, const struct question *q)
{
	begin(m, q, 2);
	put_alias(m, "x.cdn.example");
	put_name(m, "y.cdn.example");
	put_addr(m, "20.2.0.6", 60);
}

static void lie_short(struct message *m, const struct question *q)
{
	begin(m, q, 1);
	put16(m, POINTER);
	put_addr(m, "20.2.0.7", 5);
}

static void lie_cut(struct message *m, const struct question *q)
{
	begin(m, q, 2);
	put_a(m, "20.2.0.8");
	put16(m, POINTER);
	put16(m, TYPE_A);
}

static void lie_loop(struct message *m, const struct question *q)
{
	begin(m, q, 1);
	put16(m, 0xc0ff);
	put_addr(m, "20.2.0.9", 60);
}

/* Says that it is cut short, and comes with an address all the same. */
static void lie_tc(struct message *m, const struct question *q)
{
	begin(m, q, 1);
	m->bytes[2] |= 2;
	put_a(m, "20.2.0.10");
}

static void lie_dot(struct message *m, const struct question *q)
{
	begin(m, q, 1);
	put_a(m, "20.2.0.11");
}

static void put_many(struct message *m, const char *owner)
{
	char text[INET_ADDRSTRLEN];

	for (int i = 1; i <= 64; i++) {
		snprintf(text, sizeof(text), "20.3.0.%d", i);
		if (owner)
			put_name(m, owner);
		else
			put16(m, POINTER);
		put_addr(m, text, 60);
	}
}

static void lie_many(struct message *m, const struct question *q)
{
	begin(m, q, 64);
	put_many(m, NULL);
}

static void put_txt(struct message *m, size_t len)
{
	static const uint8_t zeros[8192];

	put16(m, POINTER);
	put_record(m, TYPE_TXT, 60, len);
	put(m, zeros, len);
}

/* 4,096 octets: what a resolver sends by UDP at most (RFC 6891 section 6.2.5). */
static void lie_large(struct message *m, const struct question *q)
{
	begin(m, q, 2);
	put_txt(m, 4096 - m->len - 28);
	put_a(m, "20.2.0.21");
}

/* More than Egret keeps of a stream. */
static void lie_huge(struct message *m, const struct question *q)
{
	begin(m, q, 2);
	put_txt(m, 6000);
	put_a(m, "20.2.0.22");
}

/* By UDP nothing but "ask again by TCP". */
static void lie_tcp(struct message *m, const struct question *q)
{
	begin(m, q, q->tcp);
	if (q->tcp)
		put_a(m, "20.2.0.20");
	else
		m->bytes[2] |= 2;
}

static void lie_nothing(struct message *m, const struct question *q)
{
	(void)q;
	m->len = 0;
}

static void lie_nxdomain(struct message *m, const struct question *q)
{
	begin(m, q, 0);
	m->bytes[3] |= 3;
}

/* No lie: fN. Of AAAA there is none. */
static void answer_fresh(struct message *m, const struct question *q)
{
	unsigned n = strtoul(q->lie + 1, NULL, 10);
	char text[INET_ADDRSTRLEN];
	bool is_a = q->len > 4 && q->bytes[q->len - 3] == TYPE_A;

	begin(m, q, is_a);
	snprintf(text, sizeof(text), "20.7.%u.%u", n / 250 & 255, n % 250 + 1);
	if (is_a)
		put_a(m, text);
}

static const struct {
	const char *label;
	void (*tell)(struct message *m, const struct question *q);
} lies[] = {
    {"badid", lie_badid}, {"question", lie_question},
    {"stray", lie_stray}, {"additional", lie_additional},
    {"chain", lie_chain}, {"broken", lie_broken},
    {"short", lie_short}, {"cut", lie_cut},
    {"loop", lie_loop},   {"tc", lie_tc},
    {"dot", lie_dot},     {"many", lie_many},
    {"large", lie_large}, {"huge", lie_huge},
    {"tcp", lie_tcp},     {"nothing", lie_nothing},
};

static void answer(struct message *m, const struct question *q)
{
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		if (!strcmp(q->lie, lies[i].label)) {
			lies[i].tell(m, q);
			return;
		}
	}
	if (q->lie[0] == 'f' && q->lie[1] >= '0' && q->lie[1] <= '9')
		answer_fresh(m, q);
	else
		lie_nxdomain(m, q);
}

/* --- reading --- */

static int question_read(const uint8_t *bytes, size_t len, struct question *ret)
{
	size_t at = HEADER;
	char *dashes, *dot;

	memset(ret, 0, sizeof(*ret));
	while (at < len && bytes[at])
		at += bytes[at] + 1;
	if (at + 5 > len || bytes[HEADER] > 63)
		return -EBADMSG;
	ret->bytes = bytes + HEADER;
	ret->len = at + 5 - HEADER;
	ret->id = bytes[0] << 8 | bytes[1];
	for (size_t i = 0; i < bytes[HEADER]; i++)
		ret->lie[i] = bytes[HEADER + 1 + i] | (bytes[HEADER + 1 + i] >= 'A' && bytes[HEADER + 1 + i] <= 'Z') << 5;
	dot = strchr(ret->lie, '.'); /* one within a label */
	if (dot)
		*dot = 0;
	dashes = strstr(ret->lie, "--");
	if (dashes) {
		*dashes = 0;
		strcpy(ret->delivery, dashes + 2);
	}
	return 0;
}

static void serve_udp(int fd)
{
	static struct message m;
	struct sockaddr_storage peer;
	socklen_t peer_len = sizeof(peer);
	struct question q;
	uint8_t bytes[1500];
	ssize_t len = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&peer, &peer_len);

	if (len < 0 || question_read(bytes, len, &q))
		return;
	answer(&m, &q);
	if (m.len)
		sendto(fd, m.bytes, m.len, 0, (struct sockaddr *)&peer, peer_len);
}

/* A segment of its own, read before the next one is sent. */
static void send_segment(int fd, const uint8_t *bytes, size_t len)
{
	if (send(fd, bytes, len, MSG_NOSIGNAL) < 0)
		return;
	usleep(20000);
}

static void deliver(int fd, const struct question *q, const uint8_t *bytes, size_t len)
{
	if (!strcmp(q->delivery, "split")) {
		send_segment(fd, bytes, 1);
		send_segment(fd, bytes + 1, 8);
		send_segment(fd, bytes + 9, 20);
		send_segment(fd, bytes + 29, len - 29);
	} else if (!strcmp(q->delivery, "next")) {
		/* The end of one message and the beginning of the next in one segment. */
		send_segment(fd, bytes, len - 3);
		usleep(100000);
		send_segment(fd, bytes + len - 3, 3);
	} else {
		send_segment(fd, bytes, len);
	}
}

static bool serve_tcp(int fd)
{
	static struct message m, framed;
	uint8_t bytes[4096];
	struct question q;
	ssize_t len = recv(fd, bytes, sizeof(bytes), 0), at, size;

	if (len <= 0)
		return false;
	framed.len = 0;
	for (at = 0; at + 2 <= len; at += 2 + size) {
		size = bytes[at] << 8 | bytes[at + 1];
		if (at + 2 + size > len || question_read(bytes + at + 2, size, &q))
			return false;
		q.tcp = true;
		answer(&m, &q);
		put16(&framed, m.len);
		put(&framed, m.bytes, m.len);
	}
	if (framed.len)
		deliver(fd, &q, framed.bytes, framed.len);
	return true;
}

/* --- */

static struct pollfd polls[MAX_SOCKETS];
static size_t socket_count;

static int open_socket(const char *addr, int type)
{
	struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(53)};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), one = 1, bytes = 8 << 20;

	if (fd < 0 || inet_pton(AF_INET, addr, &local.sin_addr) != 1)
		return -EINVAL;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	if (bind(fd, (struct sockaddr *)&local, sizeof(local)) || (type == SOCK_STREAM && listen(fd, 64)))
		return -errno;
	polls[socket_count++] = (struct pollfd){.fd = fd, .events = POLLIN};
	return 0;
}

static void accept_one(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), one = 1;

	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (socket_count == MAX_SOCKETS)
		close(fd);
	else
		polls[socket_count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

int main(int argc, char **argv)
{
	if (argc != 2 || open_socket(argv[1], SOCK_DGRAM) || open_socket(argv[1], SOCK_STREAM)) {
		fprintf(stderr, "usage: liar ADDR, an IPv4 address of this host: %s\n", strerror(errno));
		return 2;
	}
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		if (poll(polls, socket_count, -1) < 0)
			return 1;
		if (polls[0].revents)
			serve_udp(polls[0].fd);
		if (polls[1].revents)
			accept_one(polls[1].fd);
		for (size_t i = socket_count; i-- > 2;) {
			if (!polls[i].revents || serve_tcp(polls[i].fd))
				continue;
			close(polls[i].fd);
			polls[i] = polls[--socket_count];
		}
	}
}
