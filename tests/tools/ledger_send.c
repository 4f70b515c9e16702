/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The sender: a thread for each way to send, each with a book of its own. */
#include "ledger.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SEC UINT64_C(1000000000)
#define MAX_DESTS  64
/* Below the ports that the kernel gives, so nobody else has one of them. */
#define FIRST_PORT 10000
#define PORT_COUNT 20000
/* What is allowed may take its time on a busy machine. What may have been cut is given up soon, so
 * that it falls into one window; the packets are on the wire by then, or never. */
#define PATIENT_MS 15000
#define HASTY_MS   100
#define FIRST_BOOK 65536

struct dest {
	char label[LEDGER_LABEL_SIZE], text[LEDGER_ADDR_SIZE];
	struct sockaddr_storage addr;
	socklen_t len;
	int patience_ms;
};

struct entry {
	uint64_t number, before_ns, after_ns;
	const char *result;
	uint16_t port;
	uint8_t dest, kind;
};

struct worker {
	pthread_t thread;
	int (*act)(struct worker *worker, unsigned int dest);
	enum ledger_kind kind;
	unsigned int per_sec;
	int fds[MAX_DESTS];
	struct entry *entries;
	size_t count, room;
};

static struct dest dests[MAX_DESTS];
static unsigned int dest_count;
static atomic_uint_fast64_t last_number;
static atomic_bool stopping;

static const char *result_word(int rc)
{
	const char *word = rc < 0 ? strerrorname_np(-rc) : "ok";

	return rc == -ETIMEDOUT ? "silent" : word ? word : "unknown";
}

static struct entry begin(enum ledger_kind kind, unsigned int dest)
{
	return (struct entry){.number = ++last_number, .before_ns = ledger_now_ns(), .dest = dest, .kind = kind};
}

static void end(struct worker *worker, struct entry *entry, int rc)
{
	entry->after_ns = ledger_now_ns();
	entry->result = result_word(rc);
	if (worker->count == worker->room) {
		worker->room = worker->room ? worker->room * 2 : FIRST_BOOK;
		worker->entries = reallocarray(worker->entries, worker->room, sizeof(*worker->entries));
		if (!worker->entries) {
			fputs("ledger: out of memory\n", stderr);
			exit(1);
		}
	}
	worker->entries[worker->count++] = *entry;
}

/* --- datagrams --- */

static int datagram_socket(const struct dest *dest)
{
	int fd = socket(dest->addr.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static int send_to(int fd, const struct dest *dest, uint64_t number)
{
	struct ledger_payload payload = ledger_payload(number);

	if (fd < 0)
		return fd;
	if (sendto(fd, &payload, sizeof(payload), 0, (const void *)&dest->addr, dest->len) < 0)
		return -errno;
	return 0;
}

/* One socket a family. */
static int act_udp_send(struct worker *worker, unsigned int i)
{
	int *fd = &worker->fds[dests[i].addr.ss_family == AF_INET6];
	struct entry entry;

	if (*fd < 0)
		*fd = datagram_socket(&dests[i]);
	entry = begin(LEDGER_UDP_SEND, i);
	end(worker, &entry, send_to(*fd, &dests[i], entry.number));
	return 0;
}

static int act_udp_new(struct worker *worker, unsigned int i)
{
	int fd = datagram_socket(&dests[i]);
	struct entry entry = begin(LEDGER_UDP_NEW, i);

	end(worker, &entry, send_to(fd, &dests[i], entry.number));
	if (fd >= 0)
		close(fd);
	return 0;
}

static int act_udp(struct worker *worker, unsigned int i)
{
	struct ledger_payload payload;
	struct entry entry;
	int *fd = &worker->fds[i], rc = 0;

	if (*fd < 0) {
		*fd = datagram_socket(&dests[i]);
		if (*fd >= 0 && connect(*fd, (const void *)&dests[i].addr, dests[i].len))
			rc = -errno;
	}
	entry = begin(LEDGER_UDP, i);
	payload = ledger_payload(entry.number);
	if (!rc && send(*fd, &payload, sizeof(payload), 0) < 0)
		rc = -errno;
	end(worker, &entry, rc);
	if (rc && rc != -EPERM) { /* a connection is asked for anew */
		close(*fd);
		*fd = -1;
	}
	return 0;
}

/* --- connections --- */

static int await(int fd, short events, int patience_ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = events};
	int ready = poll(&poll_fd, 1, patience_ms);

	return ready < 0 ? -errno : ready ? 0 : -ETIMEDOUT;
}

/* The next port that is free. */
static int bind_next(int fd, int family, uint16_t *ret_port)
{
	static atomic_uint next;
	struct sockaddr_storage any;
	socklen_t len;

	for (int tries = 0; tries < PORT_COUNT; tries++) {
		*ret_port = FIRST_PORT + next++ % PORT_COUNT;
		ledger_parse(family == AF_INET ? "0.0.0.0" : "::", *ret_port, &any, &len);
		if (!bind(fd, (void *)&any, len))
			return 0;
	}
	return -EADDRINUSE;
}

static int finish_connect(int fd, int patience_ms)
{
	socklen_t len = sizeof(int);
	int error = 0, rc = await(fd, POLLOUT, patience_ms);

	if (!rc && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len))
		return -errno;
	return rc ? rc : -error;
}

/* Ends by a reset: no FIN that is sent again and again, and no port that waits. */
static void drop(int *fd)
{
	struct linger at_once = {.l_onoff = 1};

	if (*fd >= 0) {
		setsockopt(*fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(*fd);
	}
	*fd = -1;
}

static int open_connection(const struct dest *dest, struct entry *entry, int *ret_fd)
{
	int fd = socket(dest->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1, rc;

	if (fd < 0)
		return -errno;
	rc = bind_next(fd, dest->addr.ss_family, &entry->port);
	setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &one, sizeof(one));
	if (!rc && connect(fd, (const void *)&dest->addr, dest->len))
		rc = errno == EINPROGRESS ? finish_connect(fd, dest->patience_ms) : -errno;
	if (rc)
		drop(&fd);
	*ret_fd = fd;
	return rc;
}

/* Sends the number and awaits it back. */
static int exchange(int fd, uint64_t number, int patience_ms)
{
	struct ledger_payload payload = ledger_payload(number), reply;
	size_t have = 0;

	if (send(fd, &payload, sizeof(payload), MSG_NOSIGNAL) != sizeof(payload))
		return -errno;
	while (have < sizeof(reply)) {
		int rc = await(fd, POLLIN, patience_ms);
		ssize_t len = rc ? 0 : recv(fd, (char *)&reply + have, sizeof(reply) - have, 0);

		if (rc || len < 0)
			return rc ? rc : -errno;
		if (!len)
			return -ECONNRESET;
		have += len;
	}
	return ledger_number(&reply, sizeof(reply)) == number ? 0 : -EBADMSG;
}

static int act_tcp(struct worker *worker, unsigned int i)
{
	struct entry entry = begin(LEDGER_TCP, i);
	int fd = -1, rc = open_connection(&dests[i], &entry, &fd);

	if (!rc)
		rc = exchange(fd, entry.number, dests[i].patience_ms);
	drop(&fd);
	end(worker, &entry, rc);
	return rc;
}

static int act_line(struct worker *worker, unsigned int i)
{
	int *fd = &worker->fds[i], rc;
	struct entry entry;

	if (*fd < 0) {
		entry = begin(LEDGER_OPEN, i);
		rc = open_connection(&dests[i], &entry, fd);
		end(worker, &entry, rc);
		return rc;
	}
	entry = begin(LEDGER_LINE, i);
	rc = exchange(*fd, entry.number, dests[i].patience_ms);
	if (rc) /* gone with all that it would send again */
		drop(fd);
	end(worker, &entry, rc);
	return rc;
}

/* --- threads --- */

/* On time, or at once; what was missed is not made up for in a burst. */
static void pace(uint64_t *next_ns, uint64_t interval_ns)
{
	uint64_t now = ledger_now_ns();
	struct timespec at;

	*next_ns += interval_ns;
	if (*next_ns <= now) {
		*next_ns = now;
		return;
	}
	at = (struct timespec){*next_ns / NS_PER_SEC, *next_ns % NS_PER_SEC};
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static void *work(void *context)
{
	struct worker *worker = context;
	uint64_t next_ns = ledger_now_ns();

	for (unsigned int turn = 0; !stopping; turn++) {
		worker->act(worker, turn % dest_count);
		pace(&next_ns, NS_PER_SEC / worker->per_sec);
	}
	return NULL;
}

static int add_dest(const char *argument)
{
	const char *sign = strchr(argument, '=');
	struct dest *dest = &dests[dest_count];

	if (!sign || (size_t)(sign - argument) >= sizeof(dest->label) || dest_count == MAX_DESTS)
		return -EINVAL;
	memcpy(dest->label, argument, sign - argument);
	snprintf(dest->text, sizeof(dest->text), "%s", sign + 1);
	dest->patience_ms = strcmp(dest->label, LEDGER_ALLOWED) ? HASTY_MS : PATIENT_MS;
	dest_count++;
	return ledger_parse(sign + 1, LEDGER_PORT, &dest->addr, &dest->len);
}

static int write_book(const struct worker *worker, FILE *file)
{
	for (size_t i = 0; i < worker->count; i++) {
		const struct entry *entry = &worker->entries[i];
		const struct dest *dest = &dests[entry->dest];

		fprintf(file, "%llu %s %s %s %u %llu %llu %s\n", (unsigned long long)entry->number,
			ledger_kind_words[entry->kind], dest->label, dest->text, entry->port,
			(unsigned long long)entry->before_ns, (unsigned long long)entry->after_ns, entry->result);
	}
	return ferror(file);
}

int ledger_send(int rate, const char *path, char **arguments)
{
	struct worker workers[] = {
	    {.act = act_udp_send, .per_sec = rate},     {.act = act_udp_new, .per_sec = rate},
	    {.act = act_udp, .per_sec = rate},          {.act = act_tcp, .per_sec = rate / 8 + 1},
	    {.act = act_line, .per_sec = rate / 2 + 1},
	};
	const size_t count = sizeof(workers) / sizeof(workers[0]);
	int stop_fd = ledger_stop_fd(), failed = 0;
	FILE *file = fopen(path, "we");

	for (; *arguments; arguments++)
		if (add_dest(*arguments))
			return 2;
	if (!file || stop_fd < 0)
		return 1;
	for (size_t i = 0; i < count; i++) {
		memset(workers[i].fds, 0xff, sizeof(workers[i].fds));
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			return 1;
	}
	puts("ready");
	fflush(stdout);
	await(stop_fd, POLLIN, -1);
	stopping = true;
	for (size_t i = 0; i < count; i++) {
		pthread_join(workers[i].thread, NULL);
		failed |= write_book(&workers[i], file);
	}
	return fclose(file) || failed;
}
