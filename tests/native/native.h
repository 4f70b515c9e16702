/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The program that rules a cgroup, outside the kernel: one socket, which may ask the one
 * resolver that is trusted, under a policy that has a rule for each name.
 */
#ifndef EGRET_NATIVE_H
#define EGRET_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "egret_addr.h"

enum native_family { NATIVE_V4, NATIVE_V6 };

/* How messages travel. */
struct native_way {
	enum native_family family;
	size_t segment; /* by TCP, an answer in segments of so many octets; 0: by UDP */
};

/* Once, before anything else. */
void native_start(void);
/* A new socket; nothing was learned yet. */
void native_forget(void);
/* A question leaves the socket; false: it is held back. */
bool native_sends(const struct native_way *way, const void *message, size_t len);
/* An answer reaches it from the resolver. */
void native_receives(const struct native_way *way, const void *message, size_t len);

/* What was learned of answers, and of that, what packets may be sent to; of up to @max the number. */
size_t native_learned(struct egret_addr *ret, size_t max);
size_t native_usable(struct egret_addr *ret, size_t max);

/* What packet_parse finds, 0 where it finds nothing. */
struct native_parsed {
	struct egret_addr addr;
	uint16_t port, near_port; /* host order */
	uint8_t l4_proto;
	uint8_t reason; /* enum egret_reason */
};

/* Parses @len octets from the IP header on, as a hook sees them whose packets begin @ip_at octets before it. Needs no
 * native_start. */
struct native_parsed native_parse_source(enum native_family family, const void *ip, size_t len, size_t ip_at);
struct native_parsed native_parse_destination(enum native_family family, const void *ip, size_t len, size_t ip_at);

/* How many messages came while another one was read. */
uint64_t native_busy(void);

/* The buffers of questions, of a CPU (bpf/buffer.h): how many there are, and either step of the taking of one by
 * itself, so that a test can be who comes in between. */
size_t native_buffers(void);
void native_reach(uint32_t buffer);
bool native_is_mine(uint32_t buffer);
/* All steps; NATIVE_NO_BUFFER: there is none for @owner. */
uint32_t native_take(uint64_t owner);
void native_give(uint32_t buffer);

#define NATIVE_NO_BUFFER ((uint32_t)-1)

/* For helpers.c: where the packet under way lies, and how long it is. */
const uint8_t *native_packet(size_t *ret_len);

#endif
