/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The hooks that see what a socket is to be: cgroup/setsockopt and cgroup/sock_create. They answer 1 for go on and 0
 * for EPERM, and judge by the cgroup of the socket, which is the one whose hook runs. Calls of 32-bit programs pass the
 * first by (net/socket.c, in_compat_syscall): what they ask for is refused by source.bpf.c, or seen in the socket
 * itself when it sends.
 */
#ifndef EGRET_BPF_HOOK_OPTION_H
#define EGRET_BPF_HOOK_OPTION_H

#include "cgroup_life.h"
#include "refusal.h"
#include "socket.h"

/* Of a value the kernel copies so many octets for the program, and fails with EFAULT unless the program then has it use
 * the caller's own (kernel/bpf/cgroup.c; 5.8): tables of iptables are longer. */
#define OPTION_COPIED 4096

/* The address of a socket may not be added to; through memory it becomes a number. */
static __always_inline const struct sock *option_socket(struct bpf_sock *sk)
{
	__u64 place = (__u64)sk, address = 0;

	bpf_probe_read_kernel(&address, sizeof(address), &place);
	return (const struct sock *)address;
}

/* The kernel takes an int, of IPv4 also an octet; what it takes is what is read here, unless it is too long. */
static __always_inline bool option_is_zero(struct bpf_sockopt *ctx)
{
	const __u8 *value = ctx->optval, *end = ctx->optval_end;

	if (ctx->optlen > OPTION_COPIED || value + 1 > end)
		return false;
	if (value + sizeof(__u32) > end)
		return !*value;
	return !*(const __u32 *)value;
}

static __noinline int option_is_refused(struct bpf_sockopt *ctx, __u32 option)
{
	struct bpf_sock *sk = ctx->sk;
	const struct cgroup *cgroup;
	struct ruling ruling;
	__u64 cgroup_id;

	if (!sk || !ruling_take(&ruling) || !refusal_is_on(&ruling))
		return false;
	cgroup = cgroup_of_sock(option_socket(sk));
	cgroup_id = cgroup ? life_id(cgroup, 0) : 0;
	if (egret_option_may(option, ruling.settings->foreign_sources, refusal_is_of_pod(cgroup_id, &ruling)))
		return false;
	return refusal_finish(&ruling, cgroup_id, EGRET_REASON_OPTION, option);
}

static __always_inline int option_is_set(struct bpf_sockopt *ctx)
{
	__u32 option = egret_option_of(ctx->level, ctx->optname);

	if (option && (egret_option_leads_past(option) || !option_is_zero(ctx)) && option_is_refused(ctx, option) & 1)
		return 0;
	if (ctx->optlen > OPTION_COPIED)
		ctx->optlen = 0;
	return 1;
}

/* A datagram socket of L2TP sends what no hook of the cgroup sees (net/l2tp/l2tp_ip.c). */
static __always_inline bool protocol_may_begin(struct bpf_sock *sk, const struct ruling *ruling)
{
	__u32 protocol = sk->protocol, family = egret_family_of(sk->family, protocol);
	__u64 cgroup_id;

	if (protocol != EGRET_PROTOCOL_L2TP && family != EGRET_FAMILY_SMC)
		return true;
	if (!refusal_is_on(ruling) ||
	    (family == EGRET_FAMILY_SMC && ruling->settings->families & egret_family_bit(family)))
		return true;
	cgroup_id = bpf_get_current_cgroup_id();
	return !refusal_is_of_pod(cgroup_id, ruling) ||
	       !(refusal_finish(ruling, cgroup_id, EGRET_REASON_FAMILY,
				family == EGRET_FAMILY_SMC ? family : protocol + EGRET_FAMILY_PROTOCOL) &
		 1);
}

#endif
