/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sockets that another version's programs stamped, before these programs took their place: what is known of them goes
 * on, so that a connection that was allowed lives on, one that was cut stays cut, and whoever sent a datagram may be
 * answered. Where nothing was taken over the map is empty.
 */
#ifndef EGRET_BPF_BEFORE_H
#define EGRET_BPF_BEFORE_H

#include "egret_before.h"
#include "maps.h"

static __always_inline struct egret_peer before_peer(const struct egret_before_peer *peer)
{
	return (struct egret_peer){.addr = peer->addr,
				   .port_be = peer->port_be,
				   .l4_proto = peer->l4_proto,
				   .state = peer->state,
				   .reason = peer->reason,
				   .rule = peer->rule,
				   .generation = peer->generation,
				   .learned = peer->learned,
				   .check = peer->check,
				   .seen = peer->seen};
}

/* False: nobody stamped it. @sock has its owner already. */
static __always_inline bool before_goes_on(struct bpf_sock *sk, struct egret_sock *sock)
{
	struct egret_before_sock *before = bpf_sk_storage_get(&sockets_before, sk, 0, 0);

	if (!before)
		return false;
	sock->listener_cookie = before->listener_cookie;
	sock->origin = before->origin;
	sock->raw = before->raw;
	sock->pid = before->pid;
	__builtin_memcpy(sock->comm, before->comm, sizeof(sock->comm));
	sock->asks = before->asks;
	sock->origin_addr = before->origin_addr;
	sock->origin_port_be = before->origin_port_be;
	for (int i = 0; i < EGRET_BEFORE_PEERS; i++)
		sock->peers[i] = before_peer(&before->peers[i]);
	return true;
}

#endif
