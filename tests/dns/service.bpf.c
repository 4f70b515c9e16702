/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The DNS service of a cluster, translated at the socket: whoever asks the service's address asks a pod, and reads the
 * address that it asked. What replaces kube-proxy does no more, for all services and pods.
 */
#include "vmlinux.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define DNS_PORT bpf_htons(53)
#define GO_ON    1

#define SERVICE4 bpf_htonl(0x0a00000a) /* 10.0.0.10 */
#define BACKEND4 bpf_htonl(0x0af4c835) /* 10.244.200.53 */

/* fd00:10::10 and fd00:f4:200::53, which differ in the first two words and the last. */
struct six {
	__u32 first, second, last;
};
static const struct six service6 = {bpf_htonl(0xfd000010), 0, bpf_htonl(0x10)};
static const struct six backend6 = {bpf_htonl(0xfd0000f4), bpf_htonl(0x02000000), bpf_htonl(0x53)};

/* Another service, whose pod listens on another port. */
#define ASIDE4     bpf_htonl(0x0a00000d) /* 10.0.0.13 */
#define ASIDE_PORT bpf_htons(5353)

static __always_inline int ask4(struct bpf_sock_addr *ctx)
{
	if (ctx->user_port != DNS_PORT || (ctx->user_ip4 != SERVICE4 && ctx->user_ip4 != ASIDE4))
		return GO_ON;
	if (ctx->user_ip4 == ASIDE4)
		ctx->user_port = ASIDE_PORT;
	ctx->user_ip4 = BACKEND4;
	return GO_ON;
}

static __always_inline int hear4(struct bpf_sock_addr *ctx)
{
	if (ctx->user_ip4 != BACKEND4)
		return GO_ON;
	ctx->user_ip4 = ctx->user_port == ASIDE_PORT ? ASIDE4 : SERVICE4;
	ctx->user_port = DNS_PORT;
	return GO_ON;
}

static __always_inline int translate6(struct bpf_sock_addr *ctx, const struct six *from, const struct six *to)
{
	if (ctx->user_port != DNS_PORT || ctx->user_ip6[0] != from->first || ctx->user_ip6[1] != from->second ||
	    ctx->user_ip6[2] || ctx->user_ip6[3] != from->last)
		return GO_ON;
	ctx->user_ip6[0] = to->first;
	ctx->user_ip6[1] = to->second;
	ctx->user_ip6[3] = to->last;
	return GO_ON;
}

SEC("cgroup/connect4") int service_connect4(struct bpf_sock_addr *ctx)
{
	return ask4(ctx);
}

SEC("cgroup/sendmsg4") int service_sendmsg4(struct bpf_sock_addr *ctx)
{
	return ask4(ctx);
}

SEC("cgroup/recvmsg4") int service_recvmsg4(struct bpf_sock_addr *ctx)
{
	return hear4(ctx);
}

SEC("cgroup/connect6") int service_connect6(struct bpf_sock_addr *ctx)
{
	return translate6(ctx, &service6, &backend6);
}

SEC("cgroup/sendmsg6") int service_sendmsg6(struct bpf_sock_addr *ctx)
{
	return translate6(ctx, &service6, &backend6);
}

SEC("cgroup/recvmsg6") int service_recvmsg6(struct bpf_sock_addr *ctx)
{
	return translate6(ctx, &backend6, &service6);
}

char LICENSE[] SEC("license") = "GPL";
