/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The asker: a socket in each of its cgroups, since what is learned is bounded by subject. As
 * soon as an answer was read, its address is sent a datagram, and connected to: neither may be
 * refused. Every tenth second a line says how far it came.
 */
#include "soak.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_SOCKETS 64
#define AT_ONCE     8 /* questions of one socket: EGRET_QUERIES */
#define PATIENCE_MS 2000
#define TELL_MS     10000
#define TYPE_A      1

struct totals {
	unsigned long long asked, read, lost, datagrams, connections, refused, failed;
};

struct asker {
	const char *domain;
	struct sockaddr_in server;
	int fds[MAX_SOCKETS], count, datagram_fd;
	uint32_t next;
	useconds_t pause_us;
	struct totals totals;
	uint64_t told_ms;
};

static int enter(const char *cgroup)
{
	char path[512];
	int fd, rc;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	rc = fd < 0 || write(fd, "0", 1) != 1 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	return rc;
}

static int open_socket(struct asker *asker, const char *cgroup)
{
	int fd;

	if (asker->count == MAX_SOCKETS || enter(cgroup))
		return -1;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&asker->server, sizeof(asker->server)))
		return -1;
	asker->fds[asker->count++] = fd;
	return 0;
}

static size_t append_label(uint8_t *message, size_t at, const char *label, size_t len)
{
	message[at] = len;
	memcpy(message + at + 1, label, len);
	return at + 1 + len;
}

static size_t question(uint8_t *message, uint32_t number, const char *domain)
{
	char first[16];
	size_t at = DNS_HEADER;

	memset(message, 0, DNS_HEADER);
	message[0] = number >> 8;
	message[1] = number;
	message[2] = 1; /* recursion desired */
	message[5] = 1; /* one question */
	at = append_label(message, at, first, snprintf(first, sizeof(first), "n%u", number));
	while (*domain) {
		size_t len = strcspn(domain, ".");

		at = append_label(message, at, domain, len);
		domain += len + (domain[len] == '.');
	}
	memcpy(message + at, (uint8_t[]){0, 0, TYPE_A, 0, 1}, 5);
	return at + 5;
}

static void ask(struct asker *asker, int fd)
{
	uint8_t message[DNS_MAX_BYTES];
	size_t len = question(message, asker->next, asker->domain);

	asker->next = (asker->next + 1) % SOAK_NAMES;
	asker->totals.asked++;
	if (send(fd, message, len, 0) < 0)
		asker->totals.refused++;
}

/* The address that ends the answer; 0 = none came. */
static uint32_t read_answer(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	uint8_t message[DNS_MAX_BYTES];
	uint32_t addr_be;
	ssize_t len;

	if (poll(&ready, 1, PATIENCE_MS) <= 0)
		return 0;
	len = recv(fd, message, sizeof(message), 0);
	if (len < DNS_HEADER + (ssize_t)sizeof(addr_be) || !message[7])
		return 0;
	memcpy(&addr_be, message + len - sizeof(addr_be), sizeof(addr_be));
	return ntohl(addr_be);
}

static void count_error(struct asker *asker, int error)
{
	if (error == EPERM) {
		asker->totals.refused++;
		return;
	}
	asker->totals.failed++;
	fprintf(stderr, "soak: %s\n", strerrorname_np(error));
}

static void use(struct asker *asker, uint32_t addr)
{
	struct sockaddr_in tcp = soak_address(addr, SOAK_TCP_PORT), udp = soak_address(addr, SOAK_UDP_PORT);
	struct linger at_once = {.l_onoff = 1};
	int fd;

	asker->totals.datagrams++;
	if (sendto(asker->datagram_fd, "", 1, 0, (struct sockaddr *)&udp, sizeof(udp)) < 0)
		count_error(asker, errno);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	asker->totals.connections++;
	if (connect(fd, (struct sockaddr *)&tcp, sizeof(tcp)))
		count_error(asker, errno);
	close(fd);
}

static void turn(struct asker *asker)
{
	for (int i = 0; i < asker->count; i++)
		for (int n = 0; n < AT_ONCE; n++)
			ask(asker, asker->fds[i]);
	for (int i = 0; i < asker->count; i++) {
		for (int n = 0; n < AT_ONCE; n++) {
			uint32_t addr = read_answer(asker->fds[i]);

			if (!addr) {
				asker->totals.lost++;
				continue;
			}
			asker->totals.read++;
			use(asker, addr);
		}
	}
	if (asker->pause_us)
		usleep(asker->pause_us);
}

static void tell(struct asker *asker)
{
	const struct totals *totals = &asker->totals;

	asker->told_ms = soak_now_ms();
	printf("asked %llu read %llu lost %llu datagrams %llu connections %llu refused %llu failed %llu\n",
	       totals->asked, totals->read, totals->lost, totals->datagrams, totals->connections, totals->refused,
	       totals->failed);
	fflush(stdout);
}

int soak_ask(const char *server, const char *domain, const char *pause_us, char **cgroups)
{
	const char *first = getenv("SOAK_FIRST");
	struct asker asker = {.domain = domain,
			      .next = first ? atoi(first) : 0,
			      .pause_us = atoi(pause_us),
			      .server = soak_address(0, DNS_PORT)};

	if (inet_pton(AF_INET, server, &asker.server.sin_addr) != 1)
		return 2;
	for (; *cgroups; cgroups++) {
		if (open_socket(&asker, *cgroups)) {
			perror(*cgroups);
			return 1;
		}
	}
	asker.datagram_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (;;) {
		turn(&asker);
		if (soak_now_ms() - asker.told_ms >= TELL_MS)
			tell(&asker);
	}
}
