/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Time of a program by BPF_PROG_TEST_RUN. Each call makes a socket of its own, so
 * its first packet is judged and the rest comes from the socket's cache, unless the
 * program bypasses it.
 */
#ifndef EGRET_BENCH_TEST_RUN_H
#define EGRET_BENCH_TEST_RUN_H

#include <stdint.h>

#include "kernel/read.h"

struct packet {
	unsigned char bytes[128];
	uint32_t len;
};

/* @to in host order; packet6 speaks IPv6 to its mapped form. */
struct packet packet_make(uint32_t to, uint8_t l4_proto, uint16_t port);
struct packet packet_make6(uint32_t to, uint16_t port);

/* The egress program on the maps of an instance: as it is attached, and one that
 * takes every packet for a first one. Both stay loaded until the program ends. */
struct egress {
	int cached_fd, bypassing_fd;
	int ingress_fd; /* of the same object as cached_fd */
};
void egress_load(struct egress *ret, const char *instance, const struct kernel *kernel);
int empty_load(void);

/* ns a packet that leaves by device @ifindex; another verdict ends the program. */
double test_run_ns(int program_fd, const struct packet *packet, unsigned int ifindex, uint32_t repeat,
		   uint32_t verdict);

#endif
