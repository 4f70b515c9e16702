// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the egress program costs a packet (the ingress program where it says "coming in"),
 * against an empty program in the same run: BPF_PROG_TEST_RUN, rounds interleaved,
 * medians of the ratios.
 *
 * Runs in a network namespace of its own that has a device besides lo, because
 * what goes over lo is not judged.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "policies.h"
#include "report.h"
#include "test_run.h"

#define INSTANCE "bench"
#define DEVICE   "bench0"
#define ROUNDS   41
#define REPEAT   200000

enum variant {
	EMPTY,
	HOT_TCP,
	HOT_TCP6,
	HOT_UDP,
	IN_UDP,
	FIRST,
	FIRST_CIDR,
	DENIED_AGAIN,
	DENIED_FIRST,
	LOOPBACK,
	VARIANTS
};

static const struct {
	const char *name;
	double bar; /* of the design, section 8 */
} rows[VARIANTS] = {
    [HOT_TCP] = {"live connection, TCP over IPv4", 1.6},
    [HOT_TCP6] = {"live connection, TCP over IPv6", 1.6},
    [HOT_UDP] = {"live flow, UDP", 2.1},
    [IN_UDP] = {"UDP that is not DNS, coming in", 3}, /* and HOT_UDP out: within 3 by its own bar */
    [FIRST] = {"first packet to an allowed address", 2.4},
    [FIRST_CIDR] = {"first packet to an allowed CIDR", 0},
    [DENIED_AGAIN] = {"denied again on the same socket", 3},
    [DENIED_FIRST] = {"denied first, with accounting", 20},
    [LOOPBACK] = {"loopback", 0},
};

struct bench {
	unsigned int ifindex[VARIANTS];
	struct packet packets[VARIANTS];
	int programs[VARIANTS];
	double ns[VARIANTS][ROUNDS];
};

static void report_all(const struct bench *bench, size_t addresses)
{
	char name[160];

	snprintf(name, sizeof(name), "empty program, beside %zu addresses", addresses);
	report(&(struct row){.name = name, .value = median(bench->ns[EMPTY], ROUNDS), .unit = "ns"});
	for (int i = HOT_TCP; i < VARIANTS; i++) {
		snprintf(name, sizeof(name), "%s, %zu addresses", rows[i].name, addresses);
		report(&(struct row){.name = name,
				     .value = median_of_ratios(bench->ns[i], bench->ns[EMPTY], ROUNDS),
				     .unit = "x empty",
				     .bar = rows[i].bar,
				     .steady = true});
	}
}

static void set_packets(struct bench *bench)
{
	unsigned int device = if_nametoindex(DEVICE);

	if (!device)
		die("no device " DEVICE);
	for (int i = 0; i < VARIANTS; i++) {
		bench->ifindex[i] = i == LOOPBACK ? 1 : device;
		bench->packets[i] = packet_make(POLICY_FIRST + 3, IPPROTO_TCP, POLICY_TCP_PORT);
	}
	/* Who dials an own address speaks from it. */
	bench->packets[LOOPBACK] = packet_make(0x0a000001, IPPROTO_TCP, POLICY_TCP_PORT);
	bench->packets[HOT_TCP6] = packet_make6(POLICY_FIRST + 3, POLICY_TCP_PORT);
	bench->packets[HOT_UDP] = packet_make(POLICY_FIRST + 3, IPPROTO_UDP, POLICY_UDP_PORT);
	bench->packets[IN_UDP] = bench->packets[HOT_UDP];
	bench->packets[FIRST_CIDR] = packet_make(POLICY_IN_CIDR, IPPROTO_TCP, POLICY_TCP_PORT);
	bench->packets[DENIED_AGAIN] = packet_make(POLICY_DENIED, IPPROTO_TCP, POLICY_TCP_PORT);
	bench->packets[DENIED_FIRST] = bench->packets[DENIED_AGAIN];
}

static void set_programs(struct bench *bench, const struct kernel *kernel)
{
	struct egress egress;

	egress_load(&egress, INSTANCE, kernel);
	for (int i = 0; i < VARIANTS; i++)
		bench->programs[i] = egress.cached_fd;
	bench->programs[EMPTY] = empty_load();
	bench->programs[IN_UDP] = egress.ingress_fd;
	bench->programs[FIRST] = bench->programs[FIRST_CIDR] = bench->programs[DENIED_FIRST] = egress.bypassing_fd;
}

static void measure(struct bench *bench)
{
	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < VARIANTS; i++)
			bench->ns[i][round] = test_run_ns(bench->programs[i], &bench->packets[i], bench->ifindex[i],
							  REPEAT, i != DENIED_AGAIN && i != DENIED_FIRST);
}

static void run(struct bench *bench, size_t addresses)
{
	struct kernel *kernel = instance_of_addresses(INSTANCE, addresses);
	struct error error;

	set_programs(bench, kernel);
	measure(bench);
	report_all(bench, addresses);
	kernel_free(kernel);
	if (kernel_detach(INSTANCE, &error))
		die(error.text);
}

int main(void)
{
	static struct bench bench;

	set_packets(&bench);
	run(&bench, 10);
	run(&bench, 100000);
	return 0;
}
