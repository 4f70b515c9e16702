/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What earlier versions stamped sockets with, ABI 4 (release 0.1.0) and ABI 5 (up to d07c9736), in their form, which
 * never changes: programs that take the place of others read it (bpf/before.h). Rule ids and generations go on from
 * those versions (user/kernel/instance_carry.h), and states and origins have kept their numbers.
 */
#ifndef EGRET_INCLUDE_BEFORE_H
#define EGRET_INCLUDE_BEFORE_H

#include "egret_addr.h"

struct egret_before_peer {
	struct egret_addr addr;
	__u16 port_be;
	__u8 l4_proto;
	__u8 state; /* enum egret_peer_state */
	__u8 reason;
	__u8 pad;
	__u16 rule;
	__u32 generation;
	__u32 learned;
	__u64 check;
	__u64 seen;
};

#define EGRET_BEFORE_PEERS 4

struct egret_before_sock {
	__u64 cgroup_id, parent_cgroup_id, scope;
	__u64 listener_cookie;
	struct egret_addr origin_addr;
	__u16 origin_port_be;
	__u8 origin; /* enum egret_origin */
	__u8 raw;
	__u32 classes, class_epoch, pid;
	char comm[16];
	__u8 last_peer, next_peer, spilled, asks;
	__u8 pad[4];
	struct egret_before_peer peers[EGRET_BEFORE_PEERS]; /* TCP has only the first */
};

_Static_assert(sizeof(struct egret_before_sock) == 280, "what sockets carry has not changed");

#endif
