// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * sequences COUNT CGROUP NODE INTERNET: random sequences of what sockets, peers and
 * operators do, with real sockets between two network namespaces (NODE and INTERNET are
 * their paths), each step held to the model (tests/model/history.h). Ends 1 at the first
 * that differs, with all steps of its sequence.
 *
 * The programs are those of the build, with one constant changed: a second of flow
 * life is one tick, so that flows end within a test.
 */
#include "bed.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/read.h"
#include "subject/cgroup.h"
#include "programs.h"

static void attach(const char *cgroup)
{
	struct bpf_program *const programs[] = {
	    bed.programs->progs.egret_create,   bed.programs->progs.egret_ingress,  bed.programs->progs.egret_connect4,
	    bed.programs->progs.egret_connect6, bed.programs->progs.egret_sendmsg4, bed.programs->progs.egret_sendmsg6,
	    bed.programs->progs.egret_egress,
	};
	int fd = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		die(cgroup);
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (!bpf_program__attach_cgroup(programs[i], fd))
			die("attach");
	}
	close(fd);
}

static void load_programs(void)
{
	bed.programs = egret_bpf__open();
	if (!bed.programs)
		die("open");
	bed.programs->rodata->ticks_per_sec = 1;
	programs_share_keys(bed.kernel, (void *)bed.programs->rodata->hash_keys);
	programs_share_maps(bed.programs->obj, INSTANCE);
	if (egret_bpf__load(bed.programs))
		die("load");
}

static void listen_everywhere(void)
{
	for (int i = 0; i < MAKERS; i++) {
		struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)(7000 + i))};
		int fd = maker_socket(&bed.makers[i], AF_INET6, SOCK_STREAM), no = 0, yes = 1;

		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
		if (bind(fd, (struct sockaddr *)&any, sizeof(any)) || listen(fd, 16))
			die("a listener of the node");
		bed.listeners[i] = fd;
	}
}

static void start_makers(const char *cgroup, const char *netns)
{
	static const char *const names[MAKERS] = {"host", "pod", "a", "b"};
	char path[512];

	for (int i = 0; i < MAKERS; i++) {
		snprintf(path, sizeof(path), "%s/%s", cgroup, names[i]);
		maker_start(&bed.makers[i], path, netns);
	}
}

static void find_own_cgroup(void)
{
	char path[CGROUP_PATH_SIZE];
	struct error error;
	int fd;

	if (cgroup_of_self(path, sizeof(path), &error) || cgroup_open(path, &fd, &error) ||
	    cgroup_id(fd, &bed.cgroup_id))
		die("the cgroup of this process");
	close(fd);
}

static void take_step(void)
{
	static void (*const often[])(void) = {step_open,         step_send,    step_send,    step_send,    step_send,
					      step_receive,      step_receive, step_receive, step_connect, step_connect,
					      step_accept,       step_say,     step_say,     step_say,     step_resolve,
					      step_send_to_many, step_ask,     step_ask,     step_ask,     step_answer,
					      step_answer,       step_answer,  step_frame,   step_frame};
	uint32_t rare = random_below(100);

	clock_take();
	bed.steps++;
	if (rare < 4)
		step_reload();
	else if (rare < 5)
		step_wait();
	else if (rare < 6)
		step_answer_late();
	else if (rare < 7)
		step_lesson_ends();
	else if (rare < 8)
		step_rule_returns();
	else if (rare < 9)
		step_crowd();
	else if (rare < 10)
		step_idle();
	else if (rare < 11 && !random_below(8))
		step_restart();
	else
		RANDOM_OF(often)();
}

static void run_sequence(void)
{
	bed.log_len = 0;
	bed.give_up = false;
	for (int i = 0; i < SOCKETS; i++)
		socket_close(&bed.sockets[i]);
	for (int i = 0; i < STREAMS; i++)
		stream_close(&bed.streams[i]);
	world_draw(&bed.world, true);
	load_world();
	for (int i = 0; i < STEPS && !bed.give_up; i++)
		take_step();
	internet_drain(unexpected);
	bed.unsure += bed.give_up;
}

static void set_clock(void)
{
	struct timespec tick;

	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	bed.clock.one_way_ms = TICKS_ONE_WAY * tick.tv_nsec / 1000000;
	bed.clock.both_ways_ms = TICKS_BOTH_WAYS * tick.tv_nsec / 1000000;
	bed.clock.unsure_ms = SLOW_MS + 10;
}

int main(int argc, char **argv)
{
	unsigned long count;
	struct error error;
	int fd;

	if (argc != 5) {
		fprintf(stderr, "usage: sequences COUNT CGROUP NODE INTERNET\n");
		return 2;
	}
	count = strtoul(argv[1], NULL, 10);
	addr_parse("10.224.0.4", &bed.node4);
	addr_parse("fd00:e9::4", &bed.node6);
	for (int i = 0; i < SOCKETS; i++)
		bed.sockets[i].fd = -1;
	for (int i = 0; i < STREAMS; i++)
		bed.streams[i].fd = bed.streams[i].peer_fd = -1;
	set_clock();
	bed.clock.rules = &bed.rules;
	find_own_cgroup();
	start_makers(argv[2], argv[3]);
	fd = open(argv[4], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(argv[4]);
	agent_start();
	load_programs();
	bed.world.model.memory = &bed.memory;
	random_start("random sequences", count);
	random_audit_lines = true;
	world_draw(&bed.world, true);
	load_world();
	attach(argv[2]);
	uplink_attach(argv[3]);
	listen_everywhere();
	internet_up();
	for (unsigned long i = 0; i < count; i++)
		run_sequence();
	printf("note: %lu sequences, %lu steps, no disagreement; %lu ended early, because the machine was too slow\n",
	       count, bed.steps, bed.unsure);
	for (int i = 0; i < MAKERS; i++)
		maker_stop(&bed.makers[i]);
	kernel_free(bed.kernel);
	return kernel_detach(INSTANCE, &error) ? 1 : 0;
}
