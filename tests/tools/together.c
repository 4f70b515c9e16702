// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Two threads, on a processor each, that send from one socket at the same moment, from one socket after the other:
 *
 *	together send COUNT ADDRESS PORT	COUNT datagram sockets, opened at once; they send when SIGUSR1 comes
 *	together ask COUNT ADDRESS		the DNS server there is asked: f0 and f1 from the first socket, and on
 *	together ask-one COUNT ADDRESS		as ask, all from one socket
 *
 * Says "ready" when all are open, and at the end how many were sent and refused (EPERM).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREADS   2
#define DNS_PORT  53
#define DOMAIN    "\4wild\7example\0\0\1\0\1" /* A, IN */
#define MAX_COUNT 20000

static struct {
	struct sockaddr_in to;
	int sockets[MAX_COUNT], count, asks, from_one;
	atomic_int arrived, sent, refused;
} run;

static int allowed_cpu(int number)
{
	cpu_set_t set;

	sched_getaffinity(0, sizeof(set), &set);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set) && !number--)
			return cpu;
	return -1;
}

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static size_t write_question(uint8_t message[static 64], int number)
{
	size_t len = 12;

	memcpy(message, (uint8_t[12]){number >> 8, number, 1, 0, 0, 1}, len);
	message[len] = (uint8_t)sprintf((char *)message + len + 1, "f%d", number);
	len += 1 + message[len];
	memcpy(message + len, DOMAIN, sizeof(DOMAIN) - 1);
	return len + sizeof(DOMAIN) - 1;
}

static void send_one(int socket, int number)
{
	uint8_t message[64] = "together\n";
	size_t len = run.asks ? write_question(message, number) : strlen((char *)message);

	if (sendto(socket, message, len, 0, (struct sockaddr *)&run.to, sizeof(run.to)) >= 0)
		run.sent++;
	else if (errno == EPERM)
		run.refused++;
}

static void *send_all(void *context)
{
	int number = (int)(intptr_t)context;

	stay_on(allowed_cpu(number));
	for (int i = 0; i < run.count; i++) {
		run.arrived++;
		while (run.arrived < THREADS * (i + 1))
			;
		send_one(run.sockets[i], THREADS * i + number);
		if (run.asks)
			usleep(2000); /* the answers come to one socket after the other */
	}
	return NULL;
}

static void wait_for_signal(void)
{
	sigset_t set;
	int ignored;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	puts("ready");
	fflush(stdout);
	if (!run.asks)
		sigwait(&set, &ignored);
}

int main(int argc, char **argv)
{
	struct rlimit limit = {MAX_COUNT + 100, MAX_COUNT + 100};
	pthread_t threads[THREADS];

	run.from_one = argc == 4 && !strcmp(argv[1], "ask-one");
	run.asks = run.from_one || (argc == 4 && !strcmp(argv[1], "ask"));
	if ((!run.asks && (argc != 5 || strcmp(argv[1], "send"))) || (run.count = atoi(argv[2])) > MAX_COUNT ||
	    inet_pton(AF_INET, argv[3], &run.to.sin_addr) != 1) {
		fprintf(stderr, "usage: together send COUNT ADDRESS PORT\n       together ask|ask-one COUNT ADDRESS\n");
		return 2;
	}
	run.to.sin_family = AF_INET;
	run.to.sin_port = htons((uint16_t)(run.asks ? DNS_PORT : atoi(argv[4])));
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 0; i < run.count; i++)
		run.sockets[i] = i && run.from_one ? run.sockets[0] : socket(AF_INET, SOCK_DGRAM, 0);
	wait_for_signal();
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, send_all, (void *)(intptr_t)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	if (run.asks)
		sleep(1); /* answers count as they come in */
	printf("sent %d, refused %d\n", run.sent, run.refused);
	return 0;
}
