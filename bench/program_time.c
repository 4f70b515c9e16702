// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * program_time CGROUP: run time of the egress program under real traffic, as the
 * kernel counts it (BPF_ENABLE_STATS, which is kernel.bpf_stats_enabled for as long
 * as this process lives), against an empty program that is attached the same way.
 * Both figures hold what the counting itself takes: two clocks a packet.
 */
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "lanes.h"
#include "report.h"

#define ADDRESSES 100000
#define ROUNDS    101

enum side { EMPTY, EGRET, SIDES };
enum traffic { UDP, UDP_UNCONNECTED, TCP, FIRST, TRAFFICS };

static const struct {
	const char *text;
	double (*run_ns)(const struct lane *lane, int count);
	int count;
	double bar; /* of the design, section 8 */
} traffics[TRAFFICS] = {
    [UDP] = {"live flow, connected UDP", lane_udp_ns, 2000, 0},
    [UDP_UNCONNECTED] = {"live flow, unconnected UDP", lane_udp_unconnected_ns, 2000, 0},
    [TCP] = {"live connection, TCP", lane_tcp_ns, 500, 0},
    [FIRST] = {"first packet of a new UDP socket", lane_udp_first_ns, 200, 2.4},
};

static struct lane lanes[SIDES];
static int programs[SIDES];
static double ns[TRAFFICS][SIDES][ROUNDS];

static double run_ns(enum traffic traffic, enum side side)
{
	struct run_time before, after;

	if (traffic == FIRST)
		lane_enter(&lanes[side]);
	before = program_time(programs[side]);
	traffics[traffic].run_ns(&lanes[side], traffics[traffic].count);
	after = program_time(programs[side]);
	if (after.count == before.count) {
		fprintf(stderr, "program_time: the program of lane %s did not run\n", lanes[side].name);
		return 0;
	}
	return (double)(after.ns - before.ns) / (double)(after.count - before.count);
}

static void measure(void)
{
	for (int round = 0; round < ROUNDS; round++)
		for (int traffic = 0; traffic < TRAFFICS; traffic++)
			for (int i = 0; i < SIDES; i++) {
				int side = (round + i) % SIDES;

				ns[traffic][side][round] = run_ns(traffic, side);
			}
}

static void report_one(enum traffic traffic)
{
	char name[128];

	for (int side = 0; side < SIDES; side++) {
		snprintf(name, sizeof(name), "%s, %s program by bpf_stats", traffics[traffic].text,
			 side == EGRET ? "Egret's" : "an empty");
		report(&(struct row){.name = name, .value = median(ns[traffic][side], ROUNDS), .unit = "ns"});
	}
	snprintf(name, sizeof(name), "%s, 100k addresses, by bpf_stats", traffics[traffic].text);
	report(&(struct row){.name = name,
			     .value = median_of_ratios(ns[traffic][EGRET], ns[traffic][EMPTY], ROUNDS),
			     .unit = "x empty",
			     .bar = traffics[traffic].bar,
			     .note = "both sides hold what the counting takes"});
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: program_time CGROUP\n", stderr);
		return 2;
	}
	lane_open(&lanes[EMPTY], argv[1], "empty");
	lane_open(&lanes[EGRET], argv[1], "egret");
	lanes_attach_empty(argv[1], "empty");
	lanes_attach_egret(argv[1], "egret", ADDRESSES);
	programs[EMPTY] = lanes_empty_fd();
	programs[EGRET] = lanes_egret_fd();
	for (int side = 0; side < SIDES; side++)
		lane_open_sockets(&lanes[side]);
	if (bpf_enable_stats(BPF_STATS_RUN_TIME) < 0)
		die("BPF_ENABLE_STATS");
	measure();
	for (int traffic = 0; traffic < TRAFFICS; traffic++)
		report_one(traffic);
	lanes_detach();
	return 0;
}
