/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The contract between bpf/ and user/ as a whole: its number, and what must not change without it.
 *
 * Byte order: addresses are in network order; ports are in host order unless
 * the name ends in _be. Padding is explicit and zero: the kernel compares
 * keys byte by byte.
 *
 * Who writes what (one writer a map):
 *   agent     config, policy tables (addrs, cidrs, ports, rules, texts, names),
 *             classes, meta, hits, subjects
 *   programs  sockets, flows, arrivals, counters, reasons, drops, existing, queries, streams, learned,
 *             rings, teachers, asked, seen, lessons, epoch, wanted; config.denials. The agent
 *             writes to learned and seen what a new policy makes of them, and what it was
 *             asked for by `wanted`
 */
#ifndef EGRET_INCLUDE_ABI_H
#define EGRET_INCLUDE_ABI_H

#include "egret_addr.h"
#include "egret_config.h"
#include "egret_dns.h"
#include "egret_memory.h"
#include "egret_people.h"
#include "egret_policy.h"
#include "egret_subject.h"

/* Bumped whenever a key, a value or a map changes its meaning. */
#define EGRET_ABI_VERSION 5

#define EGRET_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " changed size")
EGRET_ASSERT_SIZE(struct egret_addr, 16);
EGRET_ASSERT_SIZE(struct egret_port, 16);
EGRET_ASSERT_SIZE(struct egret_dest, 12);
EGRET_ASSERT_SIZE(struct egret_cidr_key, 20);
EGRET_ASSERT_SIZE(struct egret_target, 32);
EGRET_ASSERT_SIZE(struct egret_bucket, 192);
EGRET_ASSERT_SIZE(struct egret_rule, 12);
EGRET_ASSERT_SIZE(struct egret_config, 72);
EGRET_ASSERT_SIZE(struct egret_peer, 48);
/* Programs compare these addresses eight bytes at a time. */
_Static_assert(__builtin_offsetof(struct egret_peer, addr) % 8 == 0, "egret_peer.addr lost its alignment");
_Static_assert(__builtin_offsetof(struct egret_sock, origin_addr) % 8 == 0,
	       "egret_sock.origin_addr lost its alignment");
EGRET_ASSERT_SIZE(struct egret_flow_key, 32);
EGRET_ASSERT_SIZE(struct egret_flow, 16);
EGRET_ASSERT_SIZE(struct egret_drop_key, 40);

#endif
