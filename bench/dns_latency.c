// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * dns_latency CGROUP CPU: how long an application waits for a name: from a new socket to
 * the answer, as getaddrinfo asks. In random order without Egret (twice: what differs is
 * noise), with Egret, and through a forwarder as the proxy that others learn by. Each lane
 * has a server of the same kind (bench/dns_latency.sh). All of them share one CPU: so
 * nobody waits for another one to wake up.
 *
 * The forwarder is on 127.0.0.1 of its lane; the others ask POLICY_RESOLVER.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "lanes.h"
#include "policies.h"
#include "report.h"

#define EPOCHS     40
#define SWEEPS     15 /* in each */
#define QUERIES    10 /* of a lane in each sweep */
#define EACH       (SWEEPS * QUERIES)
#define PATTERNS   10
#define HEADER_LEN 12
#define ID_LIMIT   60000 /* of names; the server takes them modulo that, nearly */

enum way { NONE, AGAIN, EGRET, PROXY, WAYS };

static const struct {
	const char *lane, *text;
	uint32_t server;
} ways[WAYS] = {
    [NONE] = {"none", "without Egret", POLICY_RESOLVER},
    [AGAIN] = {"again", "without Egret, again (noise)", POLICY_RESOLVER},
    [EGRET] = {"egret", "with Egret", POLICY_RESOLVER},
    [PROXY] = {"proxy", "through dnsmasq as a proxy", INADDR_LOOPBACK},
};

static struct lane lanes[WAYS];
static double us[WAYS][EPOCHS][EACH];
static double p50[WAYS][EPOCHS], p99[WAYS][EPOCHS];

/* "fN.nP.bench.example": a name that was not asked for before. */
static size_t question_make(uint8_t *to)
{
	static unsigned number;
	static const uint8_t tail[] = "\2n3\5bench\7example\0\0\1\0\1";
	char label[16];
	size_t len;

	number = (number + 1) % ID_LIMIT;
	len = snprintf(label, sizeof(label), "f%u", number);
	memcpy(to, (const uint8_t[]){number >> 8, number & 0xff, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, HEADER_LEN);
	to[HEADER_LEN] = len;
	memcpy(to + HEADER_LEN + 1, label, len);
	memcpy(to + HEADER_LEN + 1 + len, tail, sizeof(tail) - 1);
	return HEADER_LEN + 1 + len + sizeof(tail) - 1;
}

static double query_us(enum way way)
{
	struct sockaddr_in to = lane_address(ways[way].server, 53);
	struct timeval patience = {.tv_sec = 2};
	uint8_t message[512];
	size_t len = question_make(message);
	uint64_t since = clock_now_ns();
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	double ret;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) || send(fd, message, len, 0) < 0)
		die("question");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (recv(fd, message, sizeof(message), 0) < 0)
		die(ways[way].lane);
	ret = (double)(clock_now_ns() - since) / 1000;
	close(fd);
	if (message[7] != 1) {
		fprintf(stderr, "dns_latency: no address by %s\n", ways[way].lane);
		exit(1);
	}
	return ret;
}

static void sweep(int epoch, int from)
{
	int order[WAYS];

	for (int i = 0; i < WAYS; i++) {
		int other = random() % (i + 1);

		order[i] = order[other];
		order[other] = i;
	}
	for (int i = 0; i < WAYS; i++) {
		lane_enter(&lanes[order[i]]);
		query_us(order[i]); /* the CPU's caches */
		for (int query = 0; query < QUERIES; query++)
			us[order[i]][epoch][from + query] = query_us(order[i]);
	}
}

static void measure(void)
{
	for (int epoch = 0; epoch < EPOCHS; epoch++) {
		for (int i = 0; i < SWEEPS; i++)
			sweep(epoch, i * QUERIES);
		for (int way = 0; way < WAYS; way++) {
			p50[way][epoch] = median(us[way][epoch], EACH);
			p99[way][epoch] = percentile(us[way][epoch], EACH, 99);
		}
	}
}

/* How far two lanes without Egret are apart, in 19 of 20 epochs. */
static double noise(void)
{
	double apart[EPOCHS];

	for (int i = 0; i < EPOCHS; i++)
		apart[i] = p50[AGAIN][i] > p50[NONE][i] ? p50[AGAIN][i] / p50[NONE][i] : p50[NONE][i] / p50[AGAIN][i];
	return percentile(apart, EPOCHS, 95);
}

static void report_all(void)
{
	char name[160], note[96];

	for (int way = 0; way < WAYS; way++) {
		snprintf(name, sizeof(name), "DNS query, p50, %s", ways[way].text);
		snprintf(note, sizeof(note), "p99: %.0f us", median(p99[way], EPOCHS));
		report(&(struct row){.name = name, .value = median(p50[way], EPOCHS), .unit = "us", .note = note});
	}
	report(&(struct row){.name = "DNS query, p50, with Egret / without",
			     .value = median_of_ratios(p50[EGRET], p50[NONE], EPOCHS),
			     .unit = "x",
			     .bar = noise(),
			     .note = "the bar is what two lanes without Egret differ by, in 19 of 20 epochs"});
	report(&(struct row){.name = "DNS query, p50, without Egret, again / without",
			     .value = median_of_ratios(p50[AGAIN], p50[NONE], EPOCHS),
			     .unit = "x"});
	report(&(struct row){.name = "DNS query, p50, through dnsmasq as a proxy / without",
			     .value = median_of_ratios(p50[PROXY], p50[NONE], EPOCHS),
			     .unit = "x"});
}

static void share_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
}

int main(int argc, char **argv)
{
	struct kernel *kernel;
	struct error error;

	if (argc != 3) {
		fputs("usage: dns_latency CGROUP CPU\n", stderr);
		return 2;
	}
	share_cpu(atoi(argv[2]));
	for (int way = 0; way < WAYS; way++)
		lane_open(&lanes[way], argv[1], ways[way].lane);
	kernel = instance_of_patterns("latency", PATTERNS);
	lanes_attach_instance(argv[1], ways[EGRET].lane, kernel);
	measure();
	report_all();
	kernel_free(kernel);
	if (kernel_detach("latency", &error))
		die(error.text);
	return 0;
}
