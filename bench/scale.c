// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Does a packet cost more under more addresses? One instance a size, all of them
 * loaded at the same time, BPF_PROG_TEST_RUN, rounds interleaved. The cache of the
 * CPU is hot: always the same address.
 *
 * Runs where bench/packet_cost.c does.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>

#include "policies.h"
#include "report.h"
#include "test_run.h"
#include "egret_limits.h"

#define DEVICE "bench0"
#define ROUNDS 41
#define REPEAT 200000
#define BAR    1.1 /* of the design, section 8: 10 to 100k addresses, hot */

enum path { HOT, FIRST, PATHS };
enum size { SMALLEST, SMALL, LARGE, LARGEST, SIZES };

static const struct {
	size_t addresses;
	const char *name;
} sizes[SIZES] = {
    [SMALLEST] = {10, "10"},
    [SMALL] = {1000, "1k"},
    [LARGE] = {100000, "100k"},
    [LARGEST] = {EGRET_MAX_ADDRESSES, "1M"},
};
static const char *const paths[PATHS] = {[HOT] = "live connection", [FIRST] = "first packet"};

static struct kernel *kernels[SIZES];
static int programs[SIZES][PATHS];
static double ns[SIZES][PATHS][ROUNDS];

static void load(enum size size)
{
	struct egress egress;
	char instance[32];

	snprintf(instance, sizeof(instance), "scale%s", sizes[size].name);
	kernels[size] = instance_of_addresses(instance, sizes[size].addresses);
	egress_load(&egress, instance, kernels[size]);
	programs[size][HOT] = egress.cached_fd;
	programs[size][FIRST] = egress.bypassing_fd;
}

static void unload(enum size size)
{
	struct error error;
	char instance[32];

	snprintf(instance, sizeof(instance), "scale%s", sizes[size].name);
	kernel_free(kernels[size]);
	if (kernel_detach(instance, &error))
		die(error.text);
}

static void measure(unsigned int ifindex)
{
	struct packet packet = packet_make(POLICY_FIRST + 3, IPPROTO_TCP, POLICY_TCP_PORT);

	for (int round = 0; round < ROUNDS; round++)
		for (int path = 0; path < PATHS; path++)
			for (int size = 0; size < SIZES; size++)
				ns[size][path][round] = test_run_ns(programs[size][path], &packet, ifindex, REPEAT, 1);
}

static void report_size(enum size size, enum path path)
{
	char name[96];

	snprintf(name, sizeof(name), "%s, %s addresses against 10", paths[path], sizes[size].name);
	report(&(struct row){.name = name,
			     .value = median_of_ratios(ns[size][path], ns[SMALLEST][path], ROUNDS),
			     .unit = "x",
			     .bar = path == HOT && size == LARGE ? BAR : 0,
			     .steady = true});
}

int main(void)
{
	unsigned int ifindex = if_nametoindex(DEVICE);

	if (!ifindex)
		die("no device " DEVICE);
	for (int size = 0; size < SIZES; size++)
		load(size);
	measure(ifindex);
	for (int path = 0; path < PATHS; path++)
		for (int size = SMALL; size < SIZES; size++)
			report_size(size, path);
	for (int size = 0; size < SIZES; size++)
		unload(size);
	return 0;
}
