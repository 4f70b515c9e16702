/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The stamp that Egret puts on a socket: whose it is, and where it came from. Sockets that a process makes are stamped
 * at socket(2) (stamp_new); whatever has no stamp was there before Egret, or was made by the kernel, and is stamped
 * when it first sends or hears something (stamp_found) or is to connect (stamp_called).
 */
#ifndef EGRET_BPF_STAMP_H
#define EGRET_BPF_STAMP_H

#include "before.h"
#include "cgroup_life.h"
#include "maps.h"
#include "packet.h"
#include "policy.h"
#include "socket.h"
#include "storage.h"
#include "subject.h"

static __always_inline bool stamp_is_of_node(struct bpf_sock *sk, struct egret_sock *sock, __u64 cookie)
{
	if (node_netns)
		return cookie == node_netns;
	return node_netns_inode && socket_netns_inode(sk, sock) == node_netns_inode;
}

/* Which network namespace it is in and whose that is. @cookie: of that, 0 = not known. */
static __always_inline void stamp_netns(struct bpf_sock *sk, struct egret_sock *sock, __u64 cookie)
{
	sock->of_user_namespace = socket_is_of_user_namespace(sk, sock);
	sock->in_node_netns = stamp_is_of_node(sk, sock, cookie);
}

/* A connection that came in would be let in as a new one, too: `existing = cut` is about those that went out. @pkt: of
 * the connection, whose socket has just been stamped. */
static __always_inline void stamp_connection(struct __sk_buff *skb, struct bpf_sock *sk, struct egret_sock *sock,
					     const struct ruling *ruling, const struct packet *pkt)
{
	if (pkt->l4_proto != IPPROTO_TCP || !socket_was_established(sk))
		return;
	if (socket_has_listener(skb, sk))
		sock->origin = EGRET_ORIGIN_INBOUND;
	else
		sock->origin = ruling->cfg->keep_existing ? EGRET_ORIGIN_EXISTING : EGRET_ORIGIN_CUT;
	sock->peer.addr = pkt->addr;
	sock->peer.port_be = pkt->port_be;
	sock->peer.l4_proto = pkt->l4_proto;
}

/* The same, where only now it is known what the packet is. */
static __always_inline void stamp_told(struct __sk_buff *skb, struct egret_sock *sock, const struct ruling *ruling,
				       const struct packet *pkt)
{
	struct bpf_sock *sk = socket_full(skb);

	if (sk && !sock->pid && !sock->listener_cookie && !sock->origin && !sock->peer.l4_proto)
		stamp_connection(skb, sk, sock, ruling, pkt);
}

/* What it was before it was seen. @sock has its owner already. */
static __always_inline void stamp_past(struct __sk_buff *skb, struct bpf_sock *sk, struct egret_sock *sock,
				       const struct ruling *ruling, const struct packet *pkt)
{
	if (before_goes_on(skb, sk, sock))
		return;
	if (sk->type == SOCK_RAW) {
		sock->raw = 1;
		if (socket_is_kernels(sk, sock))
			sock->origin = EGRET_ORIGIN_KERNEL;
	} else if (pkt) {
		stamp_connection(skb, sk, sock, ruling, pkt);
	}
}

/* Stamps a socket that no stamp was found on. @pkt: what it is sending, or NULL
 * at ingress. Returns NULL only when memory ran out. */
static __noinline struct egret_sock *stamp_found(struct __sk_buff *skb, const struct ruling *ruling,
						 const struct packet *pkt)
{
	struct egret_sock *sock;
	struct bpf_sock *sk = socket_full(skb);
	__u64 netns;

	if (!sk || !ruling)
		return 0;
	sock = storage_make(&sockets, sk);
	if (!sock || stamp_is_finished(sock))
		return sock;
	sock->cgroup_id = bpf_skb_cgroup_id(skb);
	netns = socket_netns(sk, sock);
	stamp_netns(sk, sock, netns);
	subject_begin(sock, netns, ruling);
	stamp_past(skb, sk, sock, ruling, pkt);
	subject_end(sock, ruling);
	return sock;
}

/* Stamps a socket of which a call tells first: the kernel made it for that call (a subflow of MPTCP), or it was there
 * before Egret. NULL: memory ran out, or its cgroup cannot be read. bpf_get_netns_cookie: 5.7 in these hooks. */
static __noinline struct egret_sock *stamp_called(struct bpf_sock_addr *ctx, const struct ruling *ruling)
{
	struct bpf_sock *sk = ctx->sk;
	const struct cgroup *cgroup;
	struct egret_sock *sock;
	__u64 netns;

	if (!sk || !ruling)
		return 0;
	sock = storage_make(&sockets, sk);
	if (!sock || stamp_is_finished(sock))
		return sock;
	cgroup = socket_cgroup(sk, sock);
	if (!cgroup) {
		bpf_sk_storage_delete(&sockets, sk);
		return 0;
	}
	sock->cgroup_id = life_id(cgroup, 0);
	netns = bpf_get_netns_cookie(ctx);
	stamp_netns(sk, sock, netns);
	subject_begin(sock, netns, ruling);
	subject_end(sock, ruling);
	return sock;
}

static __always_inline void stamp_process(struct egret_sock *sock)
{
	sock->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(sock->comm, sizeof(sock->comm));
}

/* Stamps a socket that the process under way makes. bpf_sk_storage_get in cgroup/sock_create: 5.9;
 * bpf_get_netns_cookie: 5.7. False: memory ran out. */
static __always_inline bool stamp_new(struct bpf_sock *sk, const struct ruling *ruling)
{
	struct egret_sock *sock = storage_make(&sockets, sk);
	__u64 netns = bpf_get_netns_cookie(sk);

	if (!sock)
		return false;
	sock->cgroup_id = bpf_get_current_cgroup_id();
	stamp_netns(sk, sock, netns);
	subject_begin(sock, netns, ruling);
	sock->raw = sk->type == SOCK_RAW;
	stamp_process(sock);
	subject_end(sock, ruling);
	return true;
}

#endif
