/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A DNS cache of a node in the shape of LocalDNS, which AKS builds of CoreDNS: one process that listens by UDP and TCP
 * on addresses of a dummy device, asks its upstream over one TCP connection that it keeps, has a file of hosts whose
 * names it answers itself without any alias, and gives what it has longer than a second at once and with TTL 0, as
 * CoreDNS does by "serve_stale 1h immediate" (its plugins cache, forward with force_tcp, hosts).
 *
 *	cache UPSTREAM HOSTS ADDR...
 *
 * HOSTS has lines of "ADDRESS NAME"; it is read at each question. Prints a line for each answer: from where it is.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_SOCKETS 128
#define MAX_MESSAGE 4096
#define MAX_NAME    256
#define MAX_ENTRIES 64
#define HEADER      12
#define FRESH_SEC   1
#define TYPE_A      1

struct message {
	uint8_t bytes[2 + MAX_MESSAGE]; /* behind its length, as TCP has it */
	size_t len;                     /* without that */
};

struct question {
	uint8_t id[2];
	const uint8_t *bytes; /* of the name, type and class */
	size_t len;
	char name[MAX_NAME];
	uint8_t type;
};

static struct entry {
	uint8_t question[MAX_NAME + 4];
	size_t question_len;
	struct message answer;
	time_t since;
} entries[MAX_ENTRIES];
static size_t entry_count;

static const char *hosts_path;
static struct sockaddr_in upstream = {.sin_family = AF_INET};
static int upstream_fd = -1;

static uint8_t *body(struct message *m)
{
	return m->bytes + 2;
}

/* --- names and records --- */

/* Behind the name at @at; 0: there is none. */
static size_t skip_name(const uint8_t *bytes, size_t len, size_t at)
{
	while (at < len && bytes[at] && bytes[at] < 0xc0)
		at += bytes[at] + 1;
	if (at >= len)
		return 0;
	return at + (bytes[at] ? 2 : 1);
}

static int question_read(const uint8_t *bytes, size_t len, struct question *ret)
{
	size_t end = len > HEADER ? skip_name(bytes, len, HEADER) : 0;

	if (!end || end + 4 > len || end - HEADER > MAX_NAME)
		return -EBADMSG;
	memcpy(ret->id, bytes, 2);
	ret->bytes = bytes + HEADER;
	ret->len = end + 4 - HEADER;
	ret->type = bytes[end + 1];
	memset(ret->name, 0, sizeof(ret->name));
	for (size_t at = HEADER; bytes[at]; at += bytes[at] + 1) {
		if (at != HEADER)
			strcat(ret->name, ".");
		strncat(ret->name, (const char *)bytes + at + 1, bytes[at]);
	}
	return 0;
}

static void expire(struct message *m)
{
	uint8_t *bytes = body(m);
	unsigned int records = bytes[6] << 8 | bytes[7];
	size_t at = skip_name(bytes, m->len, HEADER) + 4;

	for (; records; records--) {
		at = skip_name(bytes, m->len, at);
		if (!at || at + 10 > m->len)
			return;
		memset(bytes + at + 4, 0, 4);
		at += 10 + (bytes[at + 8] << 8 | bytes[at + 9]);
	}
}

/* --- from where answers come --- */

static bool host_of(const char *name, struct in_addr *ret)
{
	FILE *file = fopen(hosts_path, "re");
	char addr[INET_ADDRSTRLEN], host[MAX_NAME];
	bool found = false;

	while (file && !found && fscanf(file, "%15s %255s", addr, host) == 2)
		found = !strcasecmp(host, name) && inet_pton(AF_INET, addr, ret) == 1;
	if (file)
		fclose(file);
	return found;
}

/* One address that belongs to the name itself: RFC 1035 section 4.1.3. Of another type there is none. */
static void answer_host(const struct question *q, const struct in_addr *addr, struct message *m)
{
	static const uint8_t record[] = {0xc0, HEADER, 0, TYPE_A, 0, 1, 0, 0, 0x0e, 0x10, 0, 4};
	const uint8_t header[HEADER] = {q->id[0], q->id[1], 0x85, 0x80, 0, 1, 0, q->type == TYPE_A};

	memcpy(body(m), header, HEADER);
	memcpy(body(m) + HEADER, q->bytes, q->len);
	m->len = HEADER + q->len;
	if (q->type != TYPE_A)
		return;
	memcpy(body(m) + m->len, record, sizeof(record));
	memcpy(body(m) + m->len + sizeof(record), addr, sizeof(*addr));
	m->len += sizeof(record) + sizeof(*addr);
}

static void upstream_close(void)
{
	if (upstream_fd >= 0)
		close(upstream_fd);
	upstream_fd = -1;
}

static int upstream_open(void)
{
	const struct timeval patience = {.tv_sec = 1};

	if (upstream_fd >= 0)
		return 0;
	upstream_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (upstream_fd < 0)
		return -errno;
	setsockopt(upstream_fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(upstream_fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (!connect(upstream_fd, (struct sockaddr *)&upstream, sizeof(upstream))) {
		printf("connected\n");
		return 0;
	}
	printf("upstream: %s\n", strerror(errno));
	upstream_close();
	return -EIO;
}

static int exchange(const struct question *q, struct message *ret)
{
	const uint8_t header[HEADER] = {q->id[0], q->id[1], 1, 0, 0, 1};
	struct message asked = {.len = HEADER + q->len};

	asked.bytes[0] = asked.len >> 8;
	asked.bytes[1] = asked.len;
	memcpy(body(&asked), header, HEADER);
	memcpy(body(&asked) + HEADER, q->bytes, q->len);
	if (send(upstream_fd, asked.bytes, asked.len + 2, MSG_NOSIGNAL) != (ssize_t)asked.len + 2 ||
	    recv(upstream_fd, ret->bytes, 2, MSG_WAITALL) != 2)
		return -EIO;
	ret->len = ret->bytes[0] << 8 | ret->bytes[1];
	if (ret->len < HEADER || ret->len > MAX_MESSAGE)
		return -EMSGSIZE;
	return recv(upstream_fd, body(ret), ret->len, MSG_WAITALL) == (ssize_t)ret->len ? 0 : -EIO;
}

/* Over the connection that is there; over a new one where the upstream has closed that. */
static int ask_upstream(const struct question *q, struct message *ret)
{
	for (int attempt = 0; attempt < 2; attempt++) {
		if (upstream_open())
			return -EIO;
		if (!exchange(q, ret))
			return 0;
		upstream_close();
	}
	return -EIO;
}

static struct entry *entry_of(const struct question *q)
{
	for (size_t i = 0; i < entry_count; i++)
		if (entries[i].question_len == q->len && !memcmp(entries[i].question, q->bytes, q->len))
			return &entries[i];
	return NULL;
}

static void keep(const struct question *q, const struct message *m)
{
	struct entry *entry = entry_of(q);

	if (!entry && entry_count < MAX_ENTRIES)
		entry = &entries[entry_count++];
	if (!entry)
		return;
	memcpy(entry->question, q->bytes, q->len);
	entry->question_len = q->len;
	entry->answer = *m;
	entry->since = time(NULL);
}

static int answer(const struct question *q, struct message *m)
{
	const struct entry *entry = entry_of(q);
	struct in_addr addr;

	if (host_of(q->name, &addr)) {
		printf("hosts %s\n", q->name);
		answer_host(q, &addr, m);
	} else if (entry) {
		bool stale = time(NULL) - entry->since > FRESH_SEC;

		*m = entry->answer;
		memcpy(body(m), q->id, 2);
		printf("%s %s\n", stale ? "stale" : "cached", q->name);
		if (stale)
			expire(m);
	} else {
		if (ask_upstream(q, m))
			return -EIO;
		printf("upstream %s\n", q->name);
		keep(q, m);
	}
	m->bytes[0] = m->len >> 8;
	m->bytes[1] = m->len;
	return 0;
}

/* --- serving --- */

static struct pollfd polls[MAX_SOCKETS];
static bool is_listener[MAX_SOCKETS];
static size_t socket_count, served_count; /* the first of them: two for each address */

static void serve_udp(int fd)
{
	static struct message m;
	struct sockaddr_storage peer;
	socklen_t peer_len = sizeof(peer);
	uint8_t bytes[1500];
	ssize_t len = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&peer, &peer_len);
	struct question q;

	if (len > 0 && !question_read(bytes, len, &q) && !answer(&q, &m))
		sendto(fd, body(&m), m.len, 0, (struct sockaddr *)&peer, peer_len);
}

/* One question a segment, as dig and the resolvers of C libraries send them. */
static bool serve_tcp(int fd)
{
	static struct message m;
	uint8_t bytes[1500];
	ssize_t len = recv(fd, bytes, sizeof(bytes), 0);
	struct question q;

	if (len <= 2 || question_read(bytes + 2, len - 2, &q) || answer(&q, &m))
		return false;
	return send(fd, m.bytes, m.len + 2, MSG_NOSIGNAL) > 0;
}

static int listen_at(const char *addr, int type)
{
	struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(53)};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || socket_count == MAX_SOCKETS || inet_pton(AF_INET, addr, &local.sin_addr) != 1)
		return -EINVAL;
	/* As CoreDNS has it: another process of the same user may listen beside it. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&local, sizeof(local)) || (type == SOCK_STREAM && listen(fd, 64)))
		return -errno;
	is_listener[socket_count] = type == SOCK_STREAM;
	polls[socket_count++] = (struct pollfd){.fd = fd, .events = POLLIN};
	return 0;
}

static void accept_one(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0 && socket_count == MAX_SOCKETS)
		close(fd);
	else if (fd >= 0)
		polls[socket_count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void serve_once(void)
{
	for (size_t i = socket_count; i-- > served_count;) {
		if (!polls[i].revents || serve_tcp(polls[i].fd))
			continue;
		close(polls[i].fd);
		polls[i] = polls[--socket_count];
	}
	for (size_t i = 0; i < served_count; i++) {
		if (polls[i].revents && is_listener[i])
			accept_one(polls[i].fd);
		else if (polls[i].revents)
			serve_udp(polls[i].fd);
	}
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	upstream.sin_port = htons(53);
	if (argc < 4 || inet_pton(AF_INET, argv[1], &upstream.sin_addr) != 1) {
		fprintf(stderr, "usage: cache UPSTREAM HOSTS ADDR..., IPv4 addresses\n");
		return 2;
	}
	hosts_path = argv[2];
	for (int i = 3; i < argc; i++) {
		if (listen_at(argv[i], SOCK_DGRAM) || listen_at(argv[i], SOCK_STREAM)) {
			fprintf(stderr, "cache: cannot listen on %s: %s\n", argv[i], strerror(errno));
			return 1;
		}
	}
	served_count = socket_count;
	printf("ready\n");
	while (poll(polls, socket_count, -1) >= 0)
		serve_once();
	return 1;
}
