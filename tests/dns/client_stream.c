/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Many names over one TCP connection, many of them under way, and for each, at the moment that its answer is read, a
 * first packet to its address: is it refused? By turns a connection and a datagram. What was refused is tried again
 * after a while, for the agent asks for what Egret could not read.
 *
 * And the server: X<n>.wild.example has 20.X.<n / 250>.<n % 250 + 1>, with the number of the letter X. It writes each
 * answer at once, or (CHUNK) cuts what it has to say into writes of 1 to so many octets.
 */
#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define DOMAIN      "wild.example"
#define LATE_US     20000000 /* the agent asks for 100 names a second */
#define BUFFER_SIZE (1 << 17)

/* Octets that were read, and are not used up. */
struct buffer {
	uint8_t bytes[BUFFER_SIZE];
	size_t len;
};

static bool buffer_read(struct buffer *buffer, int fd)
{
	ssize_t len = read(fd, buffer->bytes + buffer->len, sizeof(buffer->bytes) - buffer->len);

	if (len > 0)
		buffer->len += len;
	return len > 0;
}

/* The octets of the first message that is whole; 0: there is none. */
static size_t message_whole(const struct buffer *buffer, size_t at)
{
	size_t len;

	if (buffer->len < at + 2)
		return 0;
	len = buffer->bytes[at] << 8 | buffer->bytes[at + 1];
	return buffer->len >= at + 2 + len ? len : 0;
}

static void buffer_drop(struct buffer *buffer, size_t len)
{
	memmove(buffer->bytes, buffer->bytes + len, buffer->len - len);
	buffer->len -= len;
}

static bool write_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len) {
		ssize_t written = send(fd, bytes, len, MSG_NOSIGNAL);

		if (written <= 0)
			return false;
		bytes += written;
		len -= written;
	}
	return true;
}

/* --- the client --- */

static struct {
	const char *prefix;
	unsigned count, window, asked, answered, refused, never;
	uint16_t port_be;
	bool opens_fast;
	union address *late; /* refused, to be tried again */
} run;

static bool ask_some(int fd)
{
	static uint8_t out[BUFFER_SIZE];
	size_t len = 0;
	char name[256];

	while (run.asked < run.count && run.asked - run.answered < run.window) {
		size_t size;

		snprintf(name, sizeof(name), "%s%u." DOMAIN, run.prefix, run.asked);
		size = question_write(out + len + 2, run.asked, name, DNS_TYPE_A);
		out[len] = size >> 8;
		out[len + 1] = size;
		len += 2 + size;
		run.asked++;
	}
	return write_all(fd, out, len);
}

static bool is_refused(const union address *to, bool by_udp)
{
	struct linger reset = {.l_onoff = 1}; /* no port is kept busy */
	int fd = socket(to->any.sa_family, (by_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ssize_t sent;
	bool refused;

	if (by_udp)
		sent = sendto(fd, "first", 5, 0, &to->any, address_len(to));
	else
		sent = connect(fd, &to->any, address_len(to));
	refused = sent < 0 && errno == EPERM;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	return refused;
}

static void use(const uint8_t *answer, size_t len)
{
	union address to = {.v4 = {.sin_family = AF_INET, .sin_port = run.port_be}};

	memcpy(&to.v4.sin_addr, answer + len - 4, 4);
	if (is_refused(&to, run.answered & 1))
		run.late[run.refused++] = to;
	run.answered++;
}

static bool use_answers(struct buffer *buffer, int fd)
{
	size_t at = 0, len;

	if (!buffer_read(buffer, fd))
		return false;
	for (; (len = message_whole(buffer, at)); at += 2 + len)
		use(buffer->bytes + at + 2, len);
	buffer_drop(buffer, at);
	return true;
}

static void try_again(void)
{
	uint64_t since_us = now_us();

	for (unsigned i = 0; i < run.refused; i++) {
		while (is_refused(&run.late[i], false) && now_us() - since_us < LATE_US)
			usleep(20000);
		run.never += is_refused(&run.late[i], false);
	}
}

/* Was what left with the SYN taken? The kernel says so when its acknowledgement comes. */
static const char *first_of(int fd)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	if (!run.opens_fast || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return "";
	return info.tcpi_options & TCPI_OPT_SYN_DATA ? ", the SYN's were taken" : ", the SYN's were not taken";
}

static int connect_to(const char *text)
{
	int fd, one = 1;
	union address server;

	if (address_parse(text, "53", &server))
		return -1;
	fd = socket(server.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	/* Linux 4.11. With a cookie of the server, the SYN leaves with what is written first. */
	if (run.opens_fast && setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof(one)))
		return -1;
	return connect(fd, &server.any, address_len(&server)) ? -1 : fd;
}

int cmd_open(char **argv)
{
	run.opens_fast = true;
	return cmd_stream(argv);
}

int cmd_stream(char **argv)
{
	static struct buffer buffer;
	uint64_t since_us = now_us(), took_us;
	const char *first;
	int fd;

	run.prefix = argv[0];
	run.count = strtoul(argv[1], NULL, 10);
	run.port_be = htons(atoi(argv[3]));
	run.window = strtoul(argv[4], NULL, 10);
	run.late = calloc(run.count, sizeof(*run.late));
	fd = connect_to(argv[2]);
	if (!run.late || fd < 0)
		return 2;
	while (run.answered < run.count && ask_some(fd) && use_answers(&buffer, fd))
		;
	took_us = now_us() - since_us;
	first = first_of(fd);
	try_again();
	printf("note: %u fresh names over one connection, %u answered, %u first packets lost, %u for good, %.0f "
	       "names/s%s\n",
	       run.count, run.answered, run.refused, run.never, run.count * 1e6 / took_us, first);
	return run.refused || run.never || run.answered < run.count;
}

/* --- the server --- */

/* Behind the question: EDNS may follow. */
static size_t question_end(const uint8_t *question, size_t len)
{
	size_t at = DNS_HEADER;

	while (at < len && question[at])
		at += question[at] + 1;
	return at + 5;
}

static size_t answer_write(uint8_t *to, const uint8_t *question, size_t len)
{
	size_t digits = DNS_HEADER + 1;
	unsigned number;

	memcpy(to, question, len);
	to[2] |= 0x80;
	to[7] = to[len - 3] == DNS_TYPE_A;
	to[11] = 0; /* of EDNS, that the question may have had */
	if (!to[7])
		return len;
	while (to[digits] < '0' || to[digits] > '9')
		digits++;
	number = strtoul((const char *)to + digits, NULL, 10);
	memcpy(to + len, "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x14", 13);
	to[len + 13] = to[DNS_HEADER + 1];
	to[len + 14] = number / 250;
	to[len + 15] = number % 250 + 1;
	return len + 16;
}

/* @chunk: 0: all at once. */
static bool write_cut(int fd, const uint8_t *bytes, size_t len, unsigned chunk)
{
	size_t at = 0;

	while (at < len) {
		size_t size = chunk ? 1 + (size_t)random() % chunk : len;

		if (size > len - at)
			size = len - at;
		if (!write_all(fd, bytes + at, size))
			return false;
		at += size;
	}
	return true;
}

static bool answer_all(struct buffer *buffer, int fd, unsigned chunk)
{
	static uint8_t out[2 * BUFFER_SIZE];
	size_t at = 0, len, out_len = 0;

	for (; (len = message_whole(buffer, at)); at += 2 + len) {
		size_t size = answer_write(out + out_len + 2, buffer->bytes + at + 2, len);

		out[out_len] = size >> 8;
		out[out_len + 1] = size;
		out_len += 2 + size;
		if (chunk)
			continue;
		if (!write_all(fd, out, out_len))
			return false;
		out_len = 0;
	}
	buffer_drop(buffer, at);
	return write_cut(fd, out, out_len, chunk);
}

/* By UDP, for the agent. */
static void answer_datagrams(const union address *local)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint8_t question[MESSAGE_SIZE], answer[2 * MESSAGE_SIZE];
	union address peer;
	socklen_t len = sizeof(peer);
	ssize_t size;

	if (fd < 0 || bind(fd, &local->any, address_len(local)))
		return;
	while ((size = recvfrom(fd, question, sizeof(question), 0, &peer.any, &len)) > DNS_HEADER) {
		sendto(fd, answer, answer_write(answer, question, question_end(question, size)), 0, &peer.any, len);
		len = sizeof(peer);
	}
}

int cmd_answer(char **argv)
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, queue = 16, fd;
	unsigned chunk = strtoul(argv[1], NULL, 10);
	static struct buffer buffer;
	union address local;

	if (address_parse(argv[0], "53", &local))
		return 2;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(listener, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof(queue));
	if (bind(listener, &local.any, address_len(&local)) || listen(listener, 16))
		return 2;
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		answer_datagrams(&local);
		exit(1);
	}
	puts("ready");
	fflush(stdout);
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		buffer.len = 0;
		while (buffer_read(&buffer, fd) && answer_all(&buffer, fd, chunk))
			;
		close(fd);
	}
	return 1;
}
