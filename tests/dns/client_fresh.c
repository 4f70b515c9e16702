/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Many names that nobody asked for before, and for each, at the moment that the answer is read, a
 * first packet to its address: is it lost? By turns the A and the AAAA record, a connection and
 * a datagram, from threads that all have many names under way.
 *
 * No name is begun that is far ahead of the oldest one under way: of one subject Egret keeps 1,024
 * addresses, and a thread that the machine lets wait must not find its own pushed out.
 *
 * Lost is what is refused (EPERM), what is answered only after it was sent again, and what is
 * never answered. The name is PREFIX and a number, below wild.example.
 */
#include "client.h"

#include <errno.h>
#include <linux/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define THREADS       4
#define SOCKETS       8                /* of a thread, to ask from */
#define NAMES         (EACH * SOCKETS) /* of a thread, under way */
#define EACH          7                /* of a socket: A and AAAA of them; Egret remembers 16 questions */
#define ASK_AGAIN_US  1000000
#define ASKED_AT_MOST 5
#define LOST_US       1500000
#define WINDOW        400 /* names, of two addresses each: EGRET_SHARE_ADDRS */
#define DOMAIN        "wild.example"

enum state {
	FREE,
	ASKED,
	USED,  /* the first packet has left */
	JUDGED /* what became of it is known; the other answer may still come, and takes one of the 16 till then */
};

struct attempt {
	enum state state;
	bool by_aaaa, by_udp;
	int times, fd;
	unsigned number;
	uint64_t since_us;
	uint8_t questions[2][MESSAGE_SIZE];
	size_t lens[2];
	bool answered[2];
};

struct worker {
	pthread_t thread;
	unsigned first, asked_again;
	atomic_uint oldest; /* under way, or to be begun next */
	unsigned done, refused, sent_again, silent, unresolved, reached;
	uint16_t next_id;
	int epoll_fd, sockets[SOCKETS];
	struct attempt attempts[NAMES];
};

static struct {
	const char *prefix;
	unsigned count;
	union address server;
	uint16_t port_be;
} run;
static struct worker workers[THREADS];

static void watch(struct worker *worker, int fd, uint32_t events, uint32_t tag)
{
	struct epoll_event event = {.events = events, .data.u32 = tag};

	epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static size_t index_of(const struct worker *worker, const struct attempt *attempt)
{
	return attempt - worker->attempts;
}

/* --- asking --- */

/* Musl's way: both questions at once, on a socket that is not connected. */
static void ask(struct worker *worker, struct attempt *attempt)
{
	int fd = worker->sockets[index_of(worker, attempt) / EACH];

	attempt->state = ASKED;
	attempt->since_us = now_us();
	for (int i = 0; i < 2; i++)
		if (!attempt->answered[i])
			sendto(fd, attempt->questions[i], attempt->lens[i], 0, &run.server.any,
			       address_len(&run.server));
}

static void begin(struct worker *worker, struct attempt *attempt, unsigned number)
{
	static const uint16_t types[2] = {DNS_TYPE_A, DNS_TYPE_AAAA};
	char name[96];

	snprintf(name, sizeof(name), "%s%u." DOMAIN, run.prefix, number);
	*attempt = (struct attempt){.number = number, .by_aaaa = number & 4, .by_udp = number & 8, .fd = -1};
	for (int i = 0; i < 2; i++)
		attempt->lens[i] = question_write(attempt->questions[i], worker->next_id++, name, types[i]);
	ask(worker, attempt);
}

static void end(struct worker *worker, struct attempt *attempt, unsigned *outcome)
{
	struct linger reset = {.l_onoff = 1}; /* no port is kept busy */

	if (attempt->fd >= 0) {
		setsockopt(attempt->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(attempt->fd);
	}
	attempt->fd = -1;
	attempt->since_us = now_us();
	attempt->state = attempt->answered[0] && attempt->answered[1] ? FREE : JUDGED;
	(*outcome)++;
	worker->done++;
}

/* --- the first packet --- */

static void use(struct worker *worker, struct attempt *attempt, const union address *to)
{
	int type = attempt->by_udp ? SOCK_DGRAM : SOCK_STREAM;
	ssize_t sent;

	attempt->fd = socket(to->any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	attempt->state = USED;
	attempt->since_us = now_us();
	if (attempt->by_udp)
		sent = sendto(attempt->fd, "first", 5, 0, &to->any, address_len(to));
	else
		sent = connect(attempt->fd, &to->any, address_len(to));
	if (sent < 0 && errno != EINPROGRESS) {
		end(worker, attempt, errno == EPERM ? &worker->refused : &worker->silent);
		return;
	}
	watch(worker, attempt->fd, attempt->by_udp ? EPOLLIN : EPOLLOUT, SOCKETS + index_of(worker, attempt));
}

static void came_back(struct worker *worker, struct attempt *attempt)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info), error_len = sizeof(int);
	int error = 0;

	getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &error, &error_len);
	if (!attempt->by_udp)
		getsockopt(attempt->fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	if (error)
		end(worker, attempt, &worker->silent);
	else
		end(worker, attempt, info.tcpi_total_retrans ? &worker->sent_again : &worker->reached);
}

/* --- answers --- */

static bool answers(struct worker *worker, struct attempt *attempt, const uint8_t *answer, size_t len)
{
	static const uint16_t types[2] = {DNS_TYPE_A, DNS_TYPE_AAAA};
	union address to;
	int rc;

	for (int i = 0; i < 2; i++) {
		if (attempt->state == FREE || attempt->answered[i])
			continue;
		rc = answer_address(answer, len, attempt->questions[i], attempt->lens[i], types[i], run.port_be, &to);
		if (rc == -EBADMSG)
			continue;
		attempt->answered[i] = true;
		if (attempt->state == JUDGED)
			attempt->state = FREE;
		if (i != attempt->by_aaaa)
			return true;
		if (rc)
			end(worker, attempt, &worker->unresolved);
		else
			use(worker, attempt, &to);
		return true;
	}
	return false;
}

static void read_answers(struct worker *worker, unsigned socket)
{
	struct attempt *attempts = &worker->attempts[socket * EACH];
	uint8_t answer[MESSAGE_SIZE];
	ssize_t len;

	while ((len = recv(worker->sockets[socket], answer, sizeof(answer), 0)) > 0)
		for (int i = 0; i < EACH; i++)
			if (answers(worker, &attempts[i], answer, len))
				break;
}

/* --- a thread --- */

static void look_at_time(struct worker *worker, struct attempt *attempt)
{
	uint64_t waited_us = now_us() - attempt->since_us;

	if (attempt->state == USED && waited_us > LOST_US) {
		end(worker, attempt, &worker->silent);
	} else if (attempt->state == JUDGED && waited_us > ASK_AGAIN_US) {
		attempt->state = FREE;
	} else if (attempt->state == ASKED && waited_us > ASK_AGAIN_US) {
		worker->asked_again++;
		if (++attempt->times == ASKED_AT_MOST)
			end(worker, attempt, &worker->unresolved);
		else
			ask(worker, attempt);
	}
}

static unsigned oldest_of_all(void)
{
	unsigned oldest = run.count;

	for (int i = 0; i < THREADS; i++)
		if (workers[i].oldest < oldest)
			oldest = workers[i].oldest;
	return oldest;
}

static void begin_some(struct worker *worker, unsigned *next)
{
	unsigned limit = oldest_of_all() + WINDOW, oldest = run.count;

	if (limit > run.count)
		limit = run.count;
	for (int i = 0; i < NAMES; i++) {
		struct attempt *attempt = &worker->attempts[i];

		if (attempt->state != FREE)
			look_at_time(worker, attempt);
		if (attempt->state == FREE && *next < limit) {
			begin(worker, attempt, *next);
			*next += THREADS;
		}
		if (attempt->state != FREE && attempt->number < oldest)
			oldest = attempt->number;
	}
	worker->oldest = *next < oldest ? *next : oldest;
}

static unsigned share_of(const struct worker *worker)
{
	return (run.count - worker->first + THREADS - 1) / THREADS;
}

static void *work(void *context)
{
	struct worker *worker = context;
	struct epoll_event events[64];
	unsigned next = worker->first;

	while (worker->done < share_of(worker)) {
		begin_some(worker, &next);
		for (int i = epoll_wait(worker->epoll_fd, events, 64, 10) - 1; i >= 0; i--) {
			if (events[i].data.u32 < SOCKETS)
				read_answers(worker, events[i].data.u32);
			else if (worker->attempts[events[i].data.u32 - SOCKETS].state == USED)
				came_back(worker, &worker->attempts[events[i].data.u32 - SOCKETS]);
		}
	}
	worker->oldest = run.count;
	return NULL;
}

static int worker_start(struct worker *worker, unsigned first)
{
	int room = 4 << 20;

	worker->first = worker->oldest = first;
	worker->next_id = first << 14;
	worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < SOCKETS; i++) {
		worker->sockets[i] = socket(run.server.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (worker->sockets[i] < 0)
			return -errno;
		setsockopt(worker->sockets[i], SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
		watch(worker, worker->sockets[i], EPOLLIN, i);
	}
	return -pthread_create(&worker->thread, NULL, work, worker);
}

int cmd_fresh(char **argv)
{
	struct worker all = {0};
	uint64_t since_us = now_us();
	unsigned lost;

	run.prefix = argv[0];
	run.count = strtoul(argv[1], NULL, 10);
	run.port_be = htons(atoi(argv[3]));
	if (address_parse(argv[2], "53", &run.server))
		return 2;
	for (int i = 0; i < THREADS; i++)
		if (worker_start(&workers[i], i))
			return 2;
	for (int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		all.refused += workers[i].refused;
		all.sent_again += workers[i].sent_again;
		all.silent += workers[i].silent;
		all.unresolved += workers[i].unresolved;
		all.asked_again += workers[i].asked_again;
	}
	lost = all.refused + all.sent_again + all.silent;
	printf("note: %u fresh names, %u first packets lost, %.0f names/s (%u refused, %u sent again, %u silent; "
	       "%u names without an answer, %u asked again)\n",
	       run.count, lost, run.count * 1e6 / (now_us() - since_us), all.refused, all.sent_again, all.silent,
	       all.unresolved, all.asked_again);
	return lost || all.unresolved;
}
