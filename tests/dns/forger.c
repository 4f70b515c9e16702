/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Both ends of a forged DNS answer: a socket that asks what it is told and stays open, and
 * whoever answers it from where no resolver is, knowing id, port and question.
 *
 *	forger talk FAMILY PORT     a UDP socket of family 4 or 6 on that port; for each line of standard input
 *	    ask SERVER ID TYPE NAME     a question of type A or AAAA: "asked", or the errno
 *	    send ADDR PORT              a datagram: "sent", or the errno
 *	  and "got FROM" for each datagram that comes.
 *	forger answer HOW FROM TO PORT ID NAME ADDRESS
 *	    NAME has ADDRESS, says FROM port 53 to TO:PORT. HOW: bound (a socket on that address, local or
 *	    not), raw (IPv4: with a header of our own), frame (IPv4: put on lo by a packet socket)
 *	forger learn SERVER FIRST COUNT PREFIX SUFFIX
 *	    asks for COUNT names PREFIX<number>SUFFIX and awaits the answers
 *	forger flood SERVER FIRST COUNT PREFIX SUFFIX
 *	    the same, from one socket after the other, and nothing is awaited
 *	forger segments SERVER NAME HIDDEN
 *	    asks for both by one call, of which UDP_SEGMENT makes two datagrams: "sent", or the errno
 *	forger stream SERVER STEP...
 *	    by one TCP socket, each step in a segment of its own: length:NAME and question:NAME, which make a
 *	    message of two; both:NAME; many:COUNT:SUFFIX, questions for p1SUFFIX and so on at once; page:NAME, as
 *	    both but by sendfile, so that rewrite:NAME changes what is sent again; again, which
 *	    connects anew; hear, which awaits an answer: "answered" or "silence"
 *	forger mptcp ADDR PORT      connects by Multipath TCP
 *
 * A name that ends in "^N" ends with a pointer to offset N of the message, not with the root.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <linux/if_ether.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#define DNS_PORT     53
#define QUESTION     12 /* where it begins */
#define TYPE_A       1
#define TYPE_AAAA    28
#define WINDOW       8   /* questions that `learn` has open at a time */
#define A_SOCKET     256 /* questions that `flood` asks of it */
#define ANSWER_IN_MS 1000
#define TRIES        10

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

struct message {
	uint8_t bytes[4096];
	size_t len;
};

struct end {
	struct sockaddr_storage addr;
	socklen_t len;
};

static int said(int error, const char *word)
{
	printf("%s\n", error ? strerrorname_np(error) : word);
	fflush(stdout);
	return error ? 1 : 0;
}

static struct end end_of(const char *text, unsigned port)
{
	struct end ret = {};
	struct sockaddr_in *v4 = (void *)&ret.addr;
	struct sockaddr_in6 *v6 = (void *)&ret.addr;

	if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		ret.len = sizeof(*v6);
	} else if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		ret.len = sizeof(*v4);
	} else {
		fprintf(stderr, "forger: %s: not an address\n", text);
		exit(2);
	}
	return ret;
}

/* --- messages --- */

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
	while (*name && *name != '^') {
		uint8_t len = strcspn(name, ".^");

		put(m, &len, 1);
		put(m, name, len);
		name += len + (name[len] == '.');
	}
	if (*name)
		put16(m, 0xc000 | strtoul(name + 1, NULL, 10)); /* RFC 1035 section 4.1.4 */
	else
		put(m, "", 1);
}

static void put_question(struct message *m, uint16_t id, uint16_t flags, uint16_t answers, uint16_t type,
			 const char *name)
{
	m->len = 0;
	put16(m, id);
	put16(m, flags);
	put16(m, 1);
	put16(m, answers);
	put16(m, 0);
	put16(m, 0);
	put_name(m, name);
	put16(m, type);
	put16(m, 1);
}

static void put_answer(struct message *m, uint16_t id, const char *name, const char *address)
{
	uint8_t bytes[16];
	bool v6 = inet_pton(AF_INET6, address, bytes) == 1;

	if (!v6 && inet_pton(AF_INET, address, bytes) != 1) {
		fprintf(stderr, "forger: %s: not an address\n", address);
		exit(2);
	}
	put_question(m, id, 0x8180, 1, v6 ? TYPE_AAAA : TYPE_A, name);
	put16(m, 0xc000 | QUESTION);
	put16(m, v6 ? TYPE_AAAA : TYPE_A);
	put16(m, 1);
	put16(m, 0);
	put16(m, 60);
	put16(m, v6 ? 16 : 4);
	put(m, bytes, v6 ? 16 : 4);
}

/* --- who asks --- */

static int open_udp(int family, unsigned port)
{
	struct end local = end_of(family == AF_INET ? "0.0.0.0" : "::", port);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || (port && bind(fd, (struct sockaddr *)&local.addr, local.len))) {
		perror("forger: a socket");
		exit(1);
	}
	return fd;
}

static int send_to(int fd, const struct end *to, const struct message *m)
{
	return sendto(fd, m->bytes, m->len, 0, (const struct sockaddr *)&to->addr, to->len) < 0 ? errno : 0;
}

static int obey(int fd, const char *line)
{
	struct message m = {};
	char where[64], type[8], name[300];
	unsigned number;
	struct end to;

	if (sscanf(line, "ask %63s %u %7s %299s", where, &number, type, name) == 4) {
		to = end_of(where, DNS_PORT);
		put_question(&m, number, 0x0100, 0, strcmp(type, "A") ? TYPE_AAAA : TYPE_A, name);
		return said(send_to(fd, &to, &m), "asked");
	}
	if (sscanf(line, "send %63s %u", where, &number) == 2) {
		to = end_of(where, number);
		put(&m, "hello", 5);
		return said(send_to(fd, &to, &m), "sent");
	}
	return said(EINVAL, NULL);
}

static void hear(int fd)
{
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	char text[INET6_ADDRSTRLEN] = "";
	uint8_t bytes[512];

	if (recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_len) < 0)
		return;
	if (from.ss_family == AF_INET)
		inet_ntop(AF_INET, &((struct sockaddr_in *)&from)->sin_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&from)->sin6_addr, text, sizeof(text));
	printf("got %s\n", text);
	fflush(stdout);
}

static int talk(char **argv)
{
	int fd = open_udp(strcmp(argv[0], "6") ? AF_INET : AF_INET6, strtoul(argv[1], NULL, 10));
	struct pollfd polls[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
	char line[512];

	setvbuf(stdin, NULL, _IONBF, 0); /* poll sees nothing of what stdio keeps */
	said(0, "ready");
	while (poll(polls, 2, -1) >= 0) {
		if (polls[1].revents)
			hear(fd);
		if (!polls[0].revents)
			continue;
		if (!fgets(line, sizeof(line), stdin))
			return 0;
		obey(fd, line);
	}
	return 1;
}

/* --- who answers --- */

static int answer_bound(const struct end *from, const struct end *to, const struct message *m)
{
	int fd = socket(from->addr.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (from->addr.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof(one));
	else /* sending from an address that is not its own takes more than to bind it */
		setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)&from->addr, from->len))
		return errno;
	return send_to(fd, to, m);
}

static uint16_t checksum(const void *bytes, size_t len)
{
	const uint16_t *words = bytes;
	uint32_t sum = 0;

	for (size_t i = 0; i < len / 2; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16));
}

static void put_packet(struct message *packet, const struct end *from, const struct end *to, const struct message *m)
{
	const struct sockaddr_in *source = (const void *)&from->addr, *dest = (const void *)&to->addr;
	struct iphdr ip = {.version = 4,
			   .ihl = sizeof(ip) / 4,
			   .ttl = 64,
			   .protocol = IPPROTO_UDP,
			   .tot_len = htons(sizeof(ip) + sizeof(struct udphdr) + m->len),
			   .saddr = source->sin_addr.s_addr,
			   .daddr = dest->sin_addr.s_addr};
	/* Without a checksum, which RFC 768 leaves to the sender. */
	struct udphdr udp = {.source = source->sin_port, .dest = dest->sin_port, .len = htons(sizeof(udp) + m->len)};

	ip.check = checksum(&ip, sizeof(ip));
	put(packet, &ip, sizeof(ip));
	put(packet, &udp, sizeof(udp));
	put(packet, m->bytes, m->len);
}

static int answer_raw(const struct end *from, const struct end *to, const struct message *m)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	struct message packet = {};

	put_packet(&packet, from, to, m);
	return fd < 0 ? errno : send_to(fd, to, &packet);
}

static int answer_frame(const struct end *from, const struct end *to, const struct message *m)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_ll lo = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(ETH_P_IP),
				 .sll_ifindex = (int)if_nametoindex("lo"),
				 .sll_halen = ETH_ALEN};
	struct message packet = {};
	struct end device = {.len = sizeof(lo)};

	memcpy(&device.addr, &lo, sizeof(lo));
	put_packet(&packet, from, to, m);
	return fd < 0 ? errno : send_to(fd, &device, &packet);
}

static int answer(char **argv)
{
	struct end from = end_of(argv[1], DNS_PORT), to = end_of(argv[2], strtoul(argv[3], NULL, 10));
	struct message m = {};

	put_answer(&m, strtoul(argv[4], NULL, 10), argv[5], argv[6]);
	if (!strcmp(argv[0], "raw"))
		return said(answer_raw(&from, &to, &m), "sent");
	if (!strcmp(argv[0], "frame"))
		return said(answer_frame(&from, &to, &m), "sent");
	return said(answer_bound(&from, &to, &m), "sent");
}

/* --- many --- */

static int ask_number(int fd, const struct end *server, unsigned number, char **affixes)
{
	struct message m = {};
	char name[300];

	snprintf(name, sizeof(name), "%s%u%s", affixes[0], number, affixes[1]);
	put_question(&m, number, 0x0100, 0, TYPE_A, name);
	return send_to(fd, server, &m);
}

/* Notes which of the @count questions from @first on is answered. False: nothing came. */
static bool await_answer(int fd, unsigned first, unsigned count, bool *ret_answered)
{
	struct pollfd one = {.fd = fd, .events = POLLIN};
	uint8_t bytes[512];

	if (poll(&one, 1, ANSWER_IN_MS) <= 0 || recv(fd, bytes, sizeof(bytes), 0) < QUESTION)
		return false;
	for (unsigned i = 0; i < count; i++) {
		if ((uint16_t)(first + i) == (bytes[0] << 8 | bytes[1]))
			ret_answered[i] = true;
	}
	return true;
}

static bool ask_window(int fd, const struct end *server, unsigned first, unsigned count, char **affixes)
{
	bool answered[WINDOW] = {};

	for (int tries = 0; tries < TRIES; tries++) {
		for (unsigned i = 0; i < count; i++) {
			if (!answered[i])
				ask_number(fd, server, first + i, affixes);
		}
		do {
			if (!memchr(answered, false, count))
				return true;
		} while (await_answer(fd, first, count, answered));
	}
	return false;
}

static int learn(char **argv)
{
	unsigned first = strtoul(argv[1], NULL, 10), end = first + strtoul(argv[2], NULL, 10);
	struct end server = end_of(argv[0], DNS_PORT);
	int fd = open_udp(AF_INET, 0);

	for (unsigned at = first; at < end; at += WINDOW) {
		if (!ask_window(fd, &server, at, end - at < WINDOW ? end - at : WINDOW, argv + 3))
			return said(ETIMEDOUT, NULL);
	}
	return said(0, "learned");
}

static int flood(char **argv)
{
	unsigned first = strtoul(argv[1], NULL, 10), end = first + strtoul(argv[2], NULL, 10);
	struct end server = end_of(argv[0], DNS_PORT);
	int fd = -1, error;

	for (unsigned at = first; at < end; at++) {
		if (!((at - first) % A_SOCKET)) {
			close(fd);
			fd = open_udp(AF_INET, 0);
		}
		error = ask_number(fd, &server, at, argv + 3);
		if (error && error != ENOBUFS)
			return said(error, NULL);
	}
	return said(0, "asked");
}

static int segments(char **argv)
{
	struct end server = end_of(argv[0], DNS_PORT);
	struct message m, hidden;
	int fd = open_udp(server.addr.ss_family, 0), size;

	put_question(&m, 1, 0x0100, 0, TYPE_A, argv[1]);
	put_question(&hidden, 2, 0x0100, 0, TYPE_A, argv[2]);
	size = m.len;
	if (hidden.len > m.len || setsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, sizeof(size)))
		return said(hidden.len > m.len ? EMSGSIZE : errno, NULL);
	put(&m, hidden.bytes, hidden.len);
	return said(send_to(fd, &server, &m), "sent");
}

static void put_framed(struct message *stream, const struct message *m)
{
	put16(stream, m->len);
	put(stream, m->bytes, m->len);
}

/* What a step sends. */
static void write_step(struct message *stream, const char *step)
{
	static const struct message none;
	const char *name = strchr(step, ':') + 1;
	struct message m = none;
	char text[300];

	*stream = none;
	put_question(&m, 77, 0x0100, 0, TYPE_A, name);
	if (!strncmp(step, "length:", 7))
		put16(stream, m.len);
	else if (!strncmp(step, "question:", 9))
		put(stream, m.bytes, m.len);
	else if (!strncmp(step, "both:", 5) || !strncmp(step, "page:", 5) || !strncmp(step, "rewrite:", 8))
		put_framed(stream, &m);
	for (unsigned i = 1; !strncmp(step, "many:", 5) && i <= strtoul(name, NULL, 10); i++) {
		snprintf(text, sizeof(text), "p%u%s", i, strchr(name, ':') + 1);
		put_question(&m, i, 0x0100, 0, TYPE_A, text);
		put_framed(stream, &m);
	}
}

static int stream_connect(int fd, const struct end *server)
{
	const struct sockaddr nobody = {.sa_family = AF_UNSPEC};

	connect(fd, &nobody, sizeof(nobody));
	return connect(fd, (const struct sockaddr *)&server->addr, server->len) ? errno : 0;
}

static bool stream_hears(int fd)
{
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	uint8_t bytes[4096];

	return poll(&poller, 1, ANSWER_IN_MS) == 1 && read(fd, bytes, sizeof(bytes)) > 0;
}

static int send_step(int fd, int page, const char *step)
{
	bool rewrites = !strncmp(step, "rewrite:", 8);
	struct message m;
	off_t from = 0;

	write_step(&m, step);
	if (!rewrites && strncmp(step, "page:", 5))
		return send(fd, m.bytes, m.len, MSG_NOSIGNAL) < 0 ? errno : 0;
	if (pwrite(page, m.bytes, m.len, 0) < 0)
		return errno;
	return rewrites || sendfile(fd, page, &from, m.len) >= 0 ? 0 : errno;
}

static int stream(char **argv)
{
	struct end server = end_of(argv[0], DNS_PORT);
	int fd = socket(server.addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, error;
	int page = memfd_create("page", MFD_CLOEXEC);

	error = stream_connect(fd, &server);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	for (argv++; *argv && !error; argv++) {
		if (!strcmp(*argv, "again")) {
			error = stream_connect(fd, &server);
		} else if (!strcmp(*argv, "hear")) {
			puts(stream_hears(fd) ? "answered" : "silence");
		} else {
			error = send_step(fd, page, *argv);
			usleep(20000);
		}
	}
	return error ? said(error, NULL) : 0;
}

static int mptcp(char **argv)
{
	struct end to = end_of(argv[0], strtoul(argv[1], NULL, 10));
	int fd = socket(to.addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP);
	struct timeval limit = {.tv_sec = 3};

	if (fd < 0)
		return said(errno, NULL);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	return said(connect(fd, (struct sockaddr *)&to.addr, to.len) ? errno : 0, "connected");
}

#define ANY (-1)

static const struct command {
	const char *name;
	int args; /* or ANY */
	int (*run)(char **argv);
} commands[] = {
    {"talk", 2, talk},         {"answer", 7, answer}, {"learn", 5, learn},     {"flood", 5, flood},
    {"segments", 3, segments}, {"mptcp", 2, mptcp},   {"stream", ANY, stream},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (argc >= 2 && !strcmp(argv[1], commands[i].name) &&
		    (argc == commands[i].args + 2 || (commands[i].args == ANY && argc > 2)))
			return commands[i].run(argv + 2);
	}
	fputs("usage: forger talk|answer|learn|flood|segments|stream|mptcp ...: its source has a table\n", stderr);
	return 2;
}
