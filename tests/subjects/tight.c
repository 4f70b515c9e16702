/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sends without a pause, and knows of each packet what must become of it.
 *
 *	tight FATE WHAT ADDR PORT-OR-NAME...
 *
 * FATE is "passes" or "refused" (EPERM). WHAT is "udp", a datagram to ADDR and a port, or "ask", a question of DNS
 * for the address of a name. Each goes out by a connected socket, by an unconnected one that all share, and, now and
 * then, by a new one. Ends with SIGTERM: a line "sent N wrong N" for each FATE that was given, and what was wrong
 * first. Exit code 1: something was wrong. All packets have a TTL of 33, so that whoever meets them can tell.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_FATES    16
#define DNS_PORT     53
#define TTL          33
#define ROUNDS_A_NEW 16 /* rounds until one goes by a new socket */

struct fate {
	const char *passes, *what, *addr, *where;
	struct sockaddr_in to;
	unsigned char packet[300];
	size_t len;
	int connected;
	unsigned long sent, wrong;
	int first_error;
	double first_sec;
};

static struct fate fates[MAX_FATES];
static size_t fate_count;
static volatile sig_atomic_t ends;
static int shared;

static void end(int signal)
{
	(void)signal;
	ends = 1;
}

static double now_sec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Header and question of RFC 1035 section 4.1: recursion desired, one question, type A, class IN. */
static void write_question(struct fate *fate, const char *name)
{
	static const unsigned char header[12] = {[2] = 1, [5] = 1}, type[4] = {0, 1, 0, 1};

	memcpy(fate->packet, header, sizeof(header));
	fate->len = sizeof(header);
	for (const char *label = name; *label;) {
		size_t len = strcspn(label, ".");

		fate->packet[fate->len++] = (unsigned char)len;
		memcpy(fate->packet + fate->len, label, len);
		fate->len += len;
		label += len + (label[len] == '.');
	}
	fate->packet[fate->len++] = 0;
	memcpy(fate->packet + fate->len, type, sizeof(type));
	fate->len += sizeof(type);
}

static int open_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), ttl = TTL;

	setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	return fd;
}

static int fate_parse(struct fate *fate, char **words)
{
	bool asks;

	*fate = (struct fate){.passes = words[0], .what = words[1], .addr = words[2], .where = words[3]};
	asks = !strcmp(fate->what, "ask");
	fate->to.sin_family = AF_INET;
	fate->to.sin_port = htons(asks ? DNS_PORT : atoi(fate->where));
	if (inet_pton(AF_INET, fate->addr, &fate->to.sin_addr) != 1 || strlen(fate->where) > 250)
		return -EINVAL;
	if (asks)
		write_question(fate, fate->where);
	else
		fate->len = 4;
	fate->connected = open_socket();
	/* It is refused where connect() is judged; sending from it is, too. */
	connect(fate->connected, (struct sockaddr *)&fate->to, sizeof(fate->to));
	return 0;
}

static void note(struct fate *fate, ssize_t rc, double since_sec)
{
	int error = rc < 0 ? errno : 0;

	/* What an earlier packet met (ECONNREFUSED), or a full queue, is no verdict. */
	if (error && error != EPERM)
		return;
	fate->sent++;
	if ((*fate->passes == 'p') == !error)
		return;
	if (!fate->wrong++) {
		fate->first_error = error;
		fate->first_sec = now_sec() - since_sec;
	}
}

static void send_once(struct fate *fate, bool by_new, double since_sec)
{
	int fd = by_new ? open_socket() : shared;

	fate->packet[0]++;
	note(fate, sendto(fd, fate->packet, fate->len, MSG_DONTWAIT, (struct sockaddr *)&fate->to, sizeof(fate->to)),
	     since_sec);
	if (by_new)
		close(fd);
	if (fate->connected >= 0)
		note(fate,
		     sendto(fate->connected, fate->packet, fate->len, MSG_DONTWAIT, (struct sockaddr *)&fate->to,
			    sizeof(fate->to)),
		     since_sec);
}

static int report(void)
{
	int wrong = 0;

	for (size_t i = 0; i < fate_count; i++) {
		const struct fate *fate = &fates[i];

		printf("%s %s %s %s: sent %lu wrong %lu", fate->passes, fate->what, fate->addr, fate->where, fate->sent,
		       fate->wrong);
		if (fate->wrong)
			printf(", first %s after %.3f s",
			       fate->first_error ? strerrorname_np(fate->first_error) : "sent", fate->first_sec);
		printf("\n");
		wrong |= fate->wrong || !fate->sent;
	}
	return wrong;
}

int main(int argc, char **argv)
{
	double since_sec = now_sec();

	if (argc < 5 || argc % 4 != 1 || argc / 4 > MAX_FATES) {
		fprintf(stderr, "usage: tight FATE WHAT ADDR PORT-OR-NAME...\n");
		return 2;
	}
	shared = open_socket();
	for (; (int)fate_count < argc / 4; fate_count++) {
		if (fate_parse(&fates[fate_count], argv + 1 + 4 * fate_count))
			return 2;
	}
	signal(SIGTERM, end);
	printf("ready\n");
	fflush(stdout);
	for (unsigned long round = 0; !ends; round++) {
		for (size_t i = 0; i < fate_count; i++)
			send_once(&fates[i], round % ROUNDS_A_NEW == 0, since_sec);
	}
	return report();
}
