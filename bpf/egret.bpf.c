// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The entry points: what came is read, its sender found, a verdict made, and that is counted and told (hook_cgroup.h,
 * hook_call.h). cgroup_skb/egress is the authority; connect and sendmsg only tell an application earlier, and
 * sock_create and ingress only remember.
 */
#include "kernel_words.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "cgroup_life.h"
#include "hook_call.h"
#include "hook_cgroup.h"
#include "hook_device.h"
#include "hook_option.h"
#include "teach_run.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* Raw tracepoints: 4.17; pinned as links: 5.7. */
SEC("raw_tp/cgroup_mkdir")
int egret_mkdir(struct bpf_raw_tracepoint_args *ctx)
{
	const struct cgroup *cgroup = (const struct cgroup *)ctx->args[0];

	if (life_is_v2(cgroup))
		life_begins(cgroup, (const char *)ctx->args[1]);
	return 0;
}

SEC("raw_tp/cgroup_rmdir")
int egret_rmdir(struct bpf_raw_tracepoint_args *ctx)
{
	const struct cgroup *cgroup = (const struct cgroup *)ctx->args[0];

	if (life_is_v2(cgroup))
		life_ends(cgroup, (const char *)ctx->args[1]);
	return 0;
}

SEC("cgroup_skb/egress")
int egret_egress(struct __sk_buff *skb)
{
	struct packet pkt = {.len_bytes = skb->len};
	struct judgement verdict = {};
	struct egret_sock *sender;
	struct ruling ruling;

	if (!ruling_take(&ruling))
		return DROP;
	packet_parse(skb, IP_AT_START, skb->protocol, PACKET_DESTINATION, &pkt);
	sender = cgroup_decide(skb, &pkt, &ruling, &verdict);
	return cgroup_finish(sender, &pkt, &verdict, &ruling);
}

/* Egret governs what leaves: of what comes in, it drops only what could not be answered without leaving,
 * and segments of answers that must come again. */
SEC("cgroup_skb/ingress")
int egret_ingress(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	struct ruling ruling;

	/* A packet to a group that comes back in was sent from here: it starts no flow, and teaches nothing. */
	if (!sk || skb->pkt_type == PACKET_LOOPBACK || !ruling_take(&ruling))
		return PASS;
	if (packet_is_tcp(skb, IP_AT_START)) {
		if (sk->state == BPF_TCP_LISTEN)
			return cgroup_listener_hears(skb, &ruling);
		if (stream_is_dns(sk)) {
			stranger_segment(skb, &ruling);
			if (!stream_comes_in(skb))
				return DROP;
		}
	} else if (cgroup_note_datagram(skb, &ruling)) {
		datagram_comes_in(skb);
	}
	return PASS;
}

/* A socket that cannot be stamped is not made: later it could pass for one that was there before Egret. */
SEC("cgroup/sock_create")
int egret_create(struct bpf_sock *sk)
{
	struct ruling ruling;

	return ruling_take(&ruling) && protocol_may_begin(sk, &ruling) && stamp_new(sk, &ruling);
}

SEC("cgroup/setsockopt")
int egret_setsockopt(struct bpf_sockopt *ctx)
{
	return option_is_set(ctx) & 1;
}

SEC("cgroup/connect4")
int egret_connect4(struct bpf_sock_addr *ctx)
{
	struct packet pkt = {};

	call_read_v4(ctx, IPPROTO_TCP, &pkt);
	return call_connects(ctx, &pkt) & 1;
}

SEC("cgroup/sendmsg4")
int egret_sendmsg4(struct bpf_sock_addr *ctx)
{
	struct packet pkt = {};

	call_read_v4(ctx, IPPROTO_UDP, &pkt);
	return call_sends(ctx, &pkt) & 1;
}

SEC("cgroup/connect6")
int egret_connect6(struct bpf_sock_addr *ctx)
{
	struct packet pkt = {};

	call_read_v6(ctx, IPPROTO_TCP, &pkt);
	return call_connects(ctx, &pkt) & 1;
}

SEC("cgroup/sendmsg6")
int egret_sendmsg6(struct bpf_sock_addr *ctx)
{
	struct packet pkt = {};

	call_read_v6(ctx, IPPROTO_UDP, &pkt);
	return call_sends(ctx, &pkt) & 1;
}

/* The agent teaches by BPF_PROG_TEST_RUN: so programs are the only ones who write what was learned. Of a kind that
 * reads packets and that every kernel runs so; it is attached nowhere. Ends 1 where the buffer is taken, or the name
 * cannot be read. */
SEC("cgroup_skb/ingress")
int egret_teach(struct __sk_buff *skb)
{
	return teach_run(skb) & 1;
}

SEC("tc")
int egret_device(struct __sk_buff *skb)
{
	return look_was_judged(skb, EGRET_LAYER_DEVICE) ? TC_ACT_UNSPEC : look_at_device(skb);
}

SEC("tc")
int egret_uplink(struct __sk_buff *skb)
{
	return look_was_judged(skb, EGRET_LAYER_UPLINK) ? TC_ACT_UNSPEC : look_at_uplink(skb);
}
