// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The layer source, an object of its own: these programs are traced in the kernel's own functions (fmod_ret), for whom
 * no hook of the cgroup is called, and not every kernel has a place for them. Where one answers with an error, the
 * function fails with it. They share the maps of egret.bpf.c, and run for every process of the machine: so they
 * ask first what costs least.
 *
 * Who is judged is the process that calls, by its cgroup, whosever the socket is. A kernel's own sockets pass.
 *
 * While a process was preempted within one of these programs, the kernel skips that program for others on the same CPU
 * (prog->active). They are short; how often it happened is in `status` (recursion_misses, 5.12).
 */
#include "kernel_words.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "refusal.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* The cgroup that the hooks are attached to, and how deep it lies; 0 = the root, where all are governed. */
const volatile __u64 governed_cgroup = 0;
const volatile __u32 governed_depth = 0;

/* bpf_get_current_ancestor_cgroup_id: not in 5.10 for these programs. */
static __always_inline bool caller_is_governed(void)
{
	return !governed_cgroup || bpf_get_current_ancestor_cgroup_id(governed_depth) == governed_cgroup;
}

/* Does the layer concern who calls? */
static __always_inline bool caller_is_judged(struct ruling *ret)
{
	return caller_is_governed() && ruling_take(ret) && refusal_is_on(ret) &&
	       refusal_is_of_pod(bpf_get_current_cgroup_id(), ret) && !caller_is_kernel();
}

static __always_inline int refuse(const struct ruling *ruling, __u32 reason, __u32 number)
{
	return refusal_finish(ruling, bpf_get_current_cgroup_id(), reason, number) ? -EPERM : 0;
}

/* int family, int type, int protocol, int kern */
SEC("fmod_ret/security_socket_create")
int egret_source_families(__u64 *ctx)
{
	__u32 family = egret_family_of((__u32)ctx[0], (__u32)ctx[2]);
	struct ruling ruling;

	if ((__u32)ctx[3] || !caller_is_judged(&ruling) || ruling.settings->families & egret_family_bit(family))
		return 0;
	return refuse(&ruling, EGRET_REASON_FAMILY, family);
}

/* struct socket *sock, struct msghdr *msg, int size */
SEC("fmod_ret/security_socket_sendmsg")
int egret_source_frames(__u64 *ctx)
{
	const struct socket *sock = (const struct socket *)ctx[0];
	__u32 family = sock->sk->__sk_common.skc_family;
	struct ruling ruling;

	if (!family || egret_family_is_plain(family))
		return 0;
	if (!caller_is_judged(&ruling) || egret_family_may_send(ruling.settings->families, family))
		return 0;
	return refuse(&ruling, EGRET_REASON_FAMILY, family + EGRET_FAMILY_SENDS);
}

/* struct socket *sock, int level, int optname. Its value is not to be seen here: what only some values of an option may
 * is left to the hook, and to the socket's own bits when it sends. */
SEC("fmod_ret/security_socket_setsockopt")
int egret_source_options(__u64 *ctx)
{
	__u32 option = egret_option_of((__s32)ctx[1], (__s32)ctx[2]);
	struct ruling ruling;

	if (!egret_option_leads_past(option) || !caller_is_judged(&ruling))
		return 0;
	return refuse(&ruling, EGRET_REASON_OPTION, option);
}
