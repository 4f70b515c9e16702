// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the layer device costs a packet that its socket's hook has judged, against an empty tc program in the same run:
 * BPF_PROG_TEST_RUN, rounds interleaved, medians of the ratios.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "bench_device.skel.h"
#include "policies.h"
#include "report.h"
#include "test_run.h"

#define LOOPBACK   1 /* any device: the program's map of devices is not asked */
#define ROUNDS     101
#define REPEAT     100000
#define GO_ON      ((uint32_t)-1) /* TC_ACT_UNSPEC */
#define DEVICE_BAR 1.7            /* of the design, section 8 */

enum variant { EMPTY, TCP, UDP, TCP6, VARIANTS };

static const char *const names[VARIANTS] = {
    [TCP] = "at a pod's device: live connection, TCP over IPv4",
    [UDP] = "at a pod's device: live flow, UDP",
    [TCP6] = "at a pod's device: live connection, TCP over IPv6",
};

static double ns[VARIANTS][ROUNDS];

static void measure(const struct bench_device *object)
{
	const struct packet packets[VARIANTS] = {
	    [EMPTY] = packet_make(POLICY_FIRST, IPPROTO_TCP, POLICY_TCP_PORT),
	    [TCP] = packet_make(POLICY_FIRST, IPPROTO_TCP, POLICY_TCP_PORT),
	    [UDP] = packet_make(POLICY_FIRST, IPPROTO_UDP, POLICY_UDP_PORT),
	    [TCP6] = packet_make6(POLICY_FIRST, POLICY_TCP_PORT),
	};
	int empty = bpf_program__fd(object->progs.empty), judged = bpf_program__fd(object->progs.judged);

	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < VARIANTS; i++)
			ns[i][round] = test_run_ns(i == EMPTY ? empty : judged, &packets[i], LOOPBACK, REPEAT, GO_ON);
}

static struct bench_device *load(void)
{
	struct bench_device *object = bench_device__open();
	struct bpf_program *program;

	if (!object)
		die("open");
	bpf_object__for_each_program(program, object->obj)
	{
		bpf_program__set_autoload(program, program == object->progs.judged || program == object->progs.empty);
	}
	if (bench_device__load(object))
		die("load");
	return object;
}

int main(void)
{
	measure(load());
	report(&(struct row){
	    .name = "at a pod's device: empty tc program", .value = median(ns[EMPTY], ROUNDS), .unit = "ns"});
	for (int i = TCP; i < VARIANTS; i++)
		report(&(struct row){.name = names[i],
				     .value = median_of_ratios(ns[i], ns[EMPTY], ROUNDS),
				     .unit = "x empty",
				     .bar = DEVICE_BAR,
				     .steady = true});
	return 0;
}
