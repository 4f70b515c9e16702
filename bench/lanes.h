/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A lane is one way to filter, with all that it needs of its own: a network
 * namespace behind a veth pair, and a cgroup; the sockets of the other ends lie in a
 * cgroup that nobody filters. bench/bed.sh makes them; here they are entered, and the
 * same sockets are opened in each. One process visits all lanes, and is both ends of
 * each connection: so nobody waits, and nothing is scheduled.
 */
#ifndef EGRET_BENCH_LANES_H
#define EGRET_BENCH_LANES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/kernel.h"

struct lane {
	const char *name; /* as bench/bed.sh knows it */
	int netns_fd, peer_fd;
	int procs_fd, peer_procs_fd;
	int udp, udp_unconnected, udp_peer;
	int tcp, tcp_peer;
	int listener;
};

struct sockaddr_in lane_address(uint32_t addr, uint16_t port);

/* @cgroup: that the lanes' cgroups are below. */
void lane_open(struct lane *lane, const char *cgroup, const char *name);
/* From now on, sockets that this process makes belong to the lane. */
void lane_enter(const struct lane *lane);
/* From now on, to its other end. */
void lane_enter_peer(const struct lane *lane);
/* Opens new sockets, after closing those that were there. */
void lane_open_sockets(struct lane *lane);
void lane_close_sockets(struct lane *lane);
int lane_cgroup_fd(const char *cgroup, const char *name);

/* Ends the program unless a datagram to an address that no filter lets pass is
 * refused in the lane, or passes where @filters is false. */
void lane_check_denied(const struct lane *lane, bool filters);

/* @count operations; ns of one. */
double lane_udp_ns(const struct lane *lane, int count);
double lane_udp_unconnected_ns(const struct lane *lane, int count);
double lane_tcp_ns(const struct lane *lane, int count);       /* request and response */
double lane_connect_ns(const struct lane *lane, int count);   /* needs lane_enter */
double lane_udp_first_ns(const struct lane *lane, int count); /* a new socket, one datagram; needs lane_enter */

/* Attach to the cgroup of the lane @name until lanes_detach. */
void lanes_attach_empty(const char *cgroup, const char *name);
void lanes_attach_empty_ingress(const char *cgroup, const char *name);                   /* after lanes_attach_empty */
void lanes_attach_instance(const char *cgroup, const char *name, struct kernel *kernel); /* stays */
void lanes_attach_egret(const char *cgroup, const char *name, size_t addresses);
void lanes_attach_lpm(const char *cgroup, const char *name, size_t addresses);
void lanes_detach(void);
/* The egress programs of those, for bpf_prog_info. */
int lanes_empty_fd(void);
int lanes_empty_ingress_fd(void);
int lanes_egret_fd(void);
/* @hook: as its link is called ("egress"). */
int lanes_program_fd(const char *instance, const char *hook);

/* What the kernel counted of a program so far (BPF_ENABLE_STATS). */
struct run_time {
	uint64_t ns, count;
};
struct run_time program_time(int program_fd);

#endif
