/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "ledger.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>

#define DEFAULT_RATE 800

#define KIND_WORD(symbol, word) [LEDGER_##symbol] = word,
const char *const ledger_kind_words[LEDGER_KIND_COUNT] = {LEDGER_KINDS(KIND_WORD)};

struct ledger_payload ledger_payload(uint64_t number)
{
	struct ledger_payload payload = {.number_be = htobe64(number)};

	memcpy(payload.magic, LEDGER_MAGIC, sizeof(payload.magic));
	return payload;
}

uint64_t ledger_number(const void *bytes, size_t len_bytes)
{
	struct ledger_payload payload;

	if (len_bytes < sizeof(payload))
		return 0;
	memcpy(&payload, bytes, sizeof(payload));
	return memcmp(payload.magic, LEDGER_MAGIC, sizeof(payload.magic)) ? 0 : be64toh(payload.number_be);
}

uint64_t ledger_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}

const char *ledger_addr(const struct sockaddr_storage *addr, char text[static LEDGER_ADDR_SIZE])
{
	const struct sockaddr_in6 *v6 = (const void *)addr;

	if (addr->ss_family == AF_INET)
		return inet_ntop(AF_INET, &((const struct sockaddr_in *)addr)->sin_addr, text, LEDGER_ADDR_SIZE);
	if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		return inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], text, LEDGER_ADDR_SIZE);
	return inet_ntop(AF_INET6, &v6->sin6_addr, text, LEDGER_ADDR_SIZE);
}

int ledger_parse(const char *text, uint16_t port, struct sockaddr_storage *ret, socklen_t *ret_len)
{
	struct sockaddr_in6 *v6 = (void *)ret;
	struct sockaddr_in *v4 = (void *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		*ret_len = sizeof(*v4);
	} else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		*ret_len = sizeof(*v6);
	} else {
		fprintf(stderr, "ledger: %s: not an address\n", text);
		return -EINVAL;
	}
	return 0;
}

int ledger_stop_fd(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int usage(void)
{
	fputs("usage: ledger [-r RATE] send FILE LABEL=ADDR...\n"
	      "       ledger receive FILE\n"
	      "       ledger account SENT RECEIVED [WINDOWS]\n"
	      "       ledger now\n"
	      "send and receive go on until SIGTERM; RATE is datagrams a second of each kind\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	int option, rate = DEFAULT_RATE, left;
	const char *command;

	while ((option = getopt(argc, argv, "+r:")) != -1) {
		if (option != 'r' || (rate = atoi(optarg)) <= 0)
			return usage();
	}
	left = argc - optind - 1;
	command = left >= 0 ? argv[optind] : "";
	argv += optind + 1;
	if (!strcmp(command, "send") && left >= 2)
		return ledger_send(rate, argv[0], argv + 1);
	if (!strcmp(command, "receive") && left == 1)
		return ledger_receive(argv[0]);
	if (!strcmp(command, "account") && (left == 2 || left == 3))
		return ledger_account(argv[0], argv[1], left == 3 ? argv[2] : NULL);
	if (!strcmp(command, "now") && !left)
		return printf("%llu\n", (unsigned long long)ledger_now_ns()) < 0;
	return usage();
}
