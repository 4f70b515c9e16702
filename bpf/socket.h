/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel knows of a socket, and does not tell by a helper alone.
 */
#ifndef EGRET_BPF_SOCKET_H
#define EGRET_BPF_SOCKET_H

#include "maps.h"
#include "packet.h"

/*
 * sk_kern_sock by CO-RE: no helper tells a control socket of the kernel from a
 * raw socket that a process opened before Egret was attached. The address of a
 * socket may not be added to, so it takes a detour through memory.
 * bpf_probe_read_kernel: 5.8 in cgroup programs, needs CAP_PERFMON.
 *
 * Another processor may be on the same detour with the same socket. Where that processor has put back what was there
 * before this one has read the address, this one tries again. Where this one finds the address already there, it cannot
 * put back the name of the process, and leaves none.
 */
#define DETOUR_TRIES 3
static __always_inline __u64 socket_address(struct bpf_sock *sk, struct egret_sock *sock)
{
	volatile __u64 *detour = (volatile __u64 *)&sock->comm;
	__u64 before, address = 0, read;

	for (int i = 0; i < DETOUR_TRIES; i++) {
		before = *detour;
		*detour = (__u64)sk;
		address = read = *detour;
		*detour = before == (__u64)sk ? 0 : before;
		/* Else the compiler takes @sk for @address behind this, as they are the same. */
		asm volatile("" : "+r"(read));
		if (read == (__u64)sk)
			break;
	}
	return address;
}

/* Its network namespace; NULL if that cannot be read. */
static __always_inline const struct net *socket_net(struct bpf_sock *sk, struct egret_sock *sock)
{
	const struct sock *kernels = (const struct sock *)socket_address(sk, sock);
	struct net *net = 0;

	if (bpf_probe_read_kernel(&net, sizeof(net), &kernels->__sk_common.skc_net.net))
		return 0;
	return net;
}

/* Its cgroup; NULL: it has none, or it cannot be read. Where bpf_skb_cgroup_id() has no packet to tell. Before 5.15 the
 * lowest bits in this place are set where version 1 has it (struct sock_cgroup_data). */
static __always_inline const struct cgroup *cgroup_of_sock(const struct sock *kernels)
{
	__u64 place = 0;

	if (bpf_probe_read_kernel(&place, sizeof(place), &kernels->sk_cgrp_data))
		return 0;
	if (!bpf_core_field_exists(kernels->sk_cgrp_data.cgroup) && place & 3)
		return 0;
	return (const struct cgroup *)place;
}

static __always_inline const struct cgroup *socket_cgroup(struct bpf_sock *sk, struct egret_sock *sock)
{
	return cgroup_of_sock((const struct sock *)socket_address(sk, sock));
}

/* The cookie of its network namespace: what the kernel made (a subflow of MPTCP, a mount of SMB)
 * and what was there before Egret has none from sock_create. */
static __always_inline __u64 socket_netns(struct bpf_sock *sk, struct egret_sock *sock)
{
	const struct net *net = 0;
	__u64 cookie = 0;

	if (!bpf_core_field_exists(net->net_cookie))
		return 0;
	net = socket_net(sk, sock);
	if (!net || bpf_probe_read_kernel(&cookie, sizeof(cookie), &net->net_cookie))
		return 0;
	return cookie;
}

/* The inode of its network namespace; 0 = that cannot be read. */
static __always_inline __u32 socket_netns_inode(struct bpf_sock *sk, struct egret_sock *sock)
{
	const struct net *net = socket_net(sk, sock);
	__u32 inode = 0;

	if (net)
		bpf_probe_read_kernel(&inode, sizeof(inode), &net->ns.inum);
	return inode;
}

/*
 * Was its network namespace made without root's rights, in a user namespace? Then it may hold whatever its maker put
 * there, a resolver of his own with the address of one that is trusted too. struct user_namespace.level is 0 of the
 * machine's own. What cannot be read is not root's.
 */
static __always_inline bool socket_is_of_user_namespace(struct bpf_sock *sk, struct egret_sock *sock)
{
	const struct net *net = 0;
	struct user_namespace *owner = 0;
	int level = 0;

	if (!bpf_core_field_exists(net->user_ns))
		return true;
	net = socket_net(sk, sock);
	return !net || bpf_probe_read_kernel(&owner, sizeof(owner), &net->user_ns) ||
	       bpf_probe_read_kernel(&level, sizeof(level), &owner->level) || level;
}

static __always_inline bool socket_is_kernels(struct bpf_sock *sk, struct egret_sock *sock)
{
	const struct sock *field_of = 0;
	__u32 offset = __builtin_preserve_field_info(field_of->sk_kern_sock, BPF_FIELD_BYTE_OFFSET);
	__u32 size = __builtin_preserve_field_info(field_of->sk_kern_sock, BPF_FIELD_BYTE_SIZE);
	__u64 left = __builtin_preserve_field_info(field_of->sk_kern_sock, BPF_FIELD_LSHIFT_U64);
	__u64 right = __builtin_preserve_field_info(field_of->sk_kern_sock, BPF_FIELD_RSHIFT_U64);
	__u64 bits = 0;

	if (size > sizeof(bits) || bpf_probe_read_kernel(&bits, size, (void *)(socket_address(sk, sock) + offset)))
		return false;
	return (bits << left) >> right;
}

/* By which device the first packet of an accepted TCP connection came, which the kernel keeps with the
 * route back; 0 if it is not known. */
static __always_inline __u32 socket_heard_from(struct bpf_sock *sk, struct egret_sock *sock)
{
	const struct sock *kernels = (const struct sock *)socket_address(sk, sock);
	const struct inet_sock *inet = (const struct inet_sock *)kernels;
	__u32 ifindex = 0;

	if (bpf_core_field_exists(kernels->sk_rx_dst_ifindex))
		bpf_probe_read_kernel(&ifindex, sizeof(ifindex), &kernels->sk_rx_dst_ifindex);
	else if (bpf_core_field_exists(inet->rx_dst_ifindex))
		bpf_probe_read_kernel(&ifindex, sizeof(ifindex), &inet->rx_dst_ifindex);
	return ifindex;
}

/* The socket itself, and no request or TIME_WAIT in its place; or NULL. */
static __always_inline struct bpf_sock *socket_full(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	return sk ? bpf_sk_fullsock(sk) : 0;
}

/* Is there a listener in this network namespace for the port that @sk speaks from?
 * bpf_skc_lookup_tcp: 5.2. The tuple names no peer, so only a listener is found. */
static __always_inline bool socket_has_listener(struct __sk_buff *skb, struct bpf_sock *sk)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *listener;
	bool found;
	__u32 size;

	if (sk->family == AF_INET) {
		tuple.ipv4.daddr = sk->src_ip4;
		tuple.ipv4.dport = bpf_htons(sk->src_port);
		size = sizeof(tuple.ipv4);
	} else {
		tuple.ipv6.daddr[0] = sk->src_ip6[0];
		tuple.ipv6.daddr[1] = sk->src_ip6[1];
		tuple.ipv6.daddr[2] = sk->src_ip6[2];
		tuple.ipv6.daddr[3] = sk->src_ip6[3];
		tuple.ipv6.dport = bpf_htons(sk->src_port);
		size = sizeof(tuple.ipv6);
	}
	listener = bpf_skc_lookup_tcp(skb, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	if (!listener)
		return false;
	found = listener->state == BPF_TCP_LISTEN;
	bpf_sk_release(listener);
	return found;
}

/* Its handshake was over before Egret came: a later one would have left a stamp. */
static __always_inline bool socket_was_established(struct bpf_sock *sk)
{
	switch (sk->state) {
	case BPF_TCP_ESTABLISHED:
	case BPF_TCP_FIN_WAIT1:
	case BPF_TCP_FIN_WAIT2:
	case BPF_TCP_CLOSE_WAIT:
	case BPF_TCP_LAST_ACK:
	case BPF_TCP_CLOSING:
		return true;
	default:
		return false;
	}
}

#endif
