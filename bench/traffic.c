// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * traffic CGROUP LANE...: what each way to filter adds to real system calls over
 * veth, against no filter. One process visits all lanes in random order, many times;
 * a figure is the median of the deltas of one sweep. bench/traffic.sh makes the
 * lanes, and sets nft, ipset and iptables up in theirs; the rest is attached here.
 *
 * Understated for all of them by the same: once one cgroup has a program, or one
 * namespace a netfilter hook, the others pay a look at an empty list.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lanes.h"
#include "report.h"

#define ADDRESSES  100000
#define EPOCHS     12 /* new sockets for all lanes, at other places in memory */
#define SWEEPS     20 /* in each */
#define MAX_SWEEPS (EPOCHS * SWEEPS)
#define WARM_UP    500

enum filter { NONE, AGAIN, EMPTY, EGRET, LPM, NFT, NFT_CIDRS, NFT_PORTS, NFT_CT, IPSET, IPTABLES, FILTERS };

static const struct {
	const char *lane, *text;
	bool filters;
} filters[FILTERS] = {
    [NONE] = {"none", "no filter", false},
    [AGAIN] = {"again", "no filter, again (noise)", false},
    [EMPTY] = {"empty", "an empty cgroup_skb program", false},
    [EGRET] = {"egret", "Egret, 100k addresses", true},
    [LPM] = {"lpm", "a cgroup_skb trie as IPAddressAllow=, 100k", true},
    [NFT] = {"nft", "nft set of addresses, 100k", true},
    [NFT_CIDRS] = {"nft-cidrs", "nft set that may hold CIDRs, 100k", true},
    [NFT_PORTS] = {"nft-ports", "nft set with protocols and ports, counted, 100k", true},
    [NFT_CT] = {"nft-ct", "nft conntrack + set, 100k", true},
    [IPSET] = {"ipset", "ipset, 100k", true},
    [IPTABLES] = {"iptables", "iptables, 100 rules in a row", true},
};

enum operation { UDP, UDP_UNCONNECTED, TCP, CONNECT, OPERATIONS };

static const struct {
	const char *text;
	double (*run_ns)(const struct lane *lane, int count);
	int count;
	int every;       /* of this many sweeps, one */
	bool must_enter; /* makes sockets */
} operations[OPERATIONS] = {
    [UDP] = {"UDP send, connected", lane_udp_ns, 1000, 1, false},
    [UDP_UNCONNECTED] = {"UDP send, unconnected", lane_udp_unconnected_ns, 1000, 1, false},
    [TCP] = {"TCP request and response", lane_tcp_ns, 200, 1, false},
    [CONNECT] = {"TCP connect and close", lane_connect_ns, 30, 4, true},
};

static struct lane lanes[FILTERS];
static double ns[OPERATIONS][FILTERS][MAX_SWEEPS];
static size_t samples[OPERATIONS];

static bool there(enum filter filter)
{
	return lanes[filter].name;
}

static void open_lanes(const char *cgroup, char **names)
{
	for (; *names; names++)
		for (int i = 0; i < FILTERS; i++)
			if (!strcmp(*names, filters[i].lane))
				lane_open(&lanes[i], cgroup, filters[i].lane);
	lanes_attach_empty(cgroup, filters[EMPTY].lane);
	lanes_attach_egret(cgroup, filters[EGRET].lane, ADDRESSES);
	lanes_attach_lpm(cgroup, filters[LPM].lane, ADDRESSES);
}

static void shuffle(int order[FILTERS])
{
	for (int i = 0; i < FILTERS; i++) {
		int other = random() % (i + 1);

		order[i] = order[other];
		order[other] = i;
	}
}

static void sweep(enum operation operation)
{
	int order[FILTERS];

	shuffle(order);
	for (int i = 0; i < FILTERS; i++) {
		const struct lane *lane = &lanes[order[i]];

		if (!there(order[i]))
			continue;
		if (operations[operation].must_enter)
			lane_enter(lane);
		operations[operation].run_ns(lane, operations[operation].count / 10); /* the CPU's caches */
		ns[operation][order[i]][samples[operation]] =
		    operations[operation].run_ns(lane, operations[operation].count);
	}
	samples[operation]++;
}

static void check_denied(void)
{
	for (int i = 0; i < FILTERS; i++)
		if (there(i))
			lane_check_denied(&lanes[i], filters[i].filters);
}

static void epoch(void)
{
	for (int i = 0; i < FILTERS; i++) {
		if (!there(i))
			continue;
		lane_open_sockets(&lanes[i]);
		lane_udp_ns(&lanes[i], WARM_UP);
	}
	for (int i = 0; i < SWEEPS; i++) {
		check_denied();
		for (int operation = 0; operation < OPERATIONS; operation++)
			if (i % operations[operation].every == 0)
				sweep(operation);
	}
}

static double added_ns(enum operation operation, enum filter filter)
{
	return median_of_deltas(ns[operation][filter], ns[operation][NONE], samples[operation]);
}

static void report_added(enum operation operation)
{
	char name[160];

	snprintf(name, sizeof(name), "%s, takes with %s", operations[operation].text, filters[NONE].text);
	report(&(struct row){.name = name, .value = median(ns[operation][NONE], samples[operation]), .unit = "ns"});
	for (int i = AGAIN; i < FILTERS; i++) {
		if (!there(i))
			continue;
		snprintf(name, sizeof(name), "%s, added by %s", operations[operation].text, filters[i].text);
		report(&(struct row){.name = name, .value = added_ns(operation, i), .unit = "ns"});
	}
}

static void report_ratio(enum operation operation, enum filter other, double bar)
{
	char name[160];

	if (!there(other))
		return;
	snprintf(name, sizeof(name), "%s, added: Egret / %s", operations[operation].text, filters[other].text);
	report(&(struct row){.name = name,
			     .value = added_ns(operation, EGRET) / added_ns(operation, other),
			     .unit = "x",
			     .bar = bar,
			     .steady = true});
}

static void pin_to_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fputs("usage: traffic CGROUP LANE...\n", stderr);
		return 2;
	}
	pin_to_cpu(sched_getcpu());
	open_lanes(argv[1], argv + 2);
	for (int i = 0; i < EPOCHS; i++)
		epoch();
	for (int operation = 0; operation < OPERATIONS; operation++)
		report_added(operation);
	/* The bars are of the design, section 8. */
	report_ratio(UDP, NFT, 0.6);
	report_ratio(UDP, NFT_PORTS, 0.6);
	report_ratio(UDP, NFT_CT, 0.27);
	report_ratio(UDP_UNCONNECTED, NFT, 0);
	report_ratio(UDP_UNCONNECTED, NFT_CT, 0);
	lanes_detach();
	return 0;
}
