// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The entry points. cgroup_skb/egress is the authority; connect and sendmsg only
 * tell an application earlier, and sock_create and ingress only remember.
 */
#include "kernel_words.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "dns_port.h"
#include "dns_tcp_in.h"
#include "dns_udp.h"
#include "account.h"
#include "memory.h"
#include "loopback.h"
#include "maps.h"
#include "packet.h"
#include "policy.h"
#include "socket.h"
#include "decide.h"

#define PASS 1
#define DROP 0

/* The cookie of the network namespace that the agent runs in. */
const volatile __u64 node_scope = 0;

char _license[] SEC("license") = "Dual BSD/GPL";

/* New cgroups were classified since this socket was: kubepods, or a named one; or another policy
 * rules, which names others. */
static __always_inline void refresh_classes(struct __sk_buff *skb, struct egret_sock *state,
					    const struct egret_config *cfg, __u32 slot)
{
	__u32 epoch = class_epoch_of(cfg, slot);

	if (state->class_epoch == epoch)
		return;
	state->classes = classes_of_skb(skb, slot);
	state->class_epoch = epoch;
}

/* A packet that may leave, for port 53. */
static __always_inline void judge_question(struct __sk_buff *skb, const struct packet *pkt, struct judgement *verdict)
{
	__u64 refused = dns_leaves(skb, pkt);

	if (refused)
		verdict_refuse_question(verdict, refused);
}

/* IPv6 lets any process send from any address (IPV6_FREEBIND), and what a trusted resolver says teaches
 * others. But a resolver only answers what came in. Each time: IPV6_PKTINFO names the source a datagram. */
static __noinline int source_is_resolver(struct __sk_buff *skb)
{
	struct egret_addr source __attribute__((aligned(8)));

	return packet_source(skb, IP_AT_START, &source) && addr_is_trusted(&source);
}

/*
 * What goes to many comes back in to the sender's own namespace (IPV6_MULTICAST_LOOP, broadcasts), where
 * a socket or the kernel would answer it: as over lo, from an address that is here. Global: what it finds
 * of the address is not to multiply what the verifier walks after it.
 */
__noinline int goes_to_many(__u64 first_half, __u64 last_half)
{
	struct egret_addr addr;

	addr_of_halves(&addr, first_half, last_half);
	if (addr_is_v4(&addr))
		return (bpf_ntohl(addr.word_be[3]) >> 28) >= 0xe; /* 224/4, 255.255.255.255 */
	return (bpf_ntohl(addr.word_be[0]) >> 24) == 0xff;
}

static __always_inline void judge_source(struct __sk_buff *skb, const struct packet *pkt, struct judgement *verdict)
{
	const __u64 *halves = (const __u64 *)&pkt->addr;

	if (pkt->near_port_be == bpf_htons(DNS_PORT) && pkt->l4_proto == IPPROTO_UDP &&
	    verdict->rule != EGRET_RULE_INBOUND && source_is_resolver(skb))
		verdict_deny(verdict, EGRET_REASON_FORGED);
	else if (goes_to_many(halves[0], halves[1]) && source_is_foreign(skb))
		verdict_deny(verdict, EGRET_REASON_FOREIGN_SOURCE);
}

static __always_inline int judge_egress(struct __sk_buff *skb, const struct packet *pkt, struct egret_sock *state,
					const struct egret_config *cfg)
{
	struct judgement verdict = {};
	struct standing standing;

	if (state->origin == EGRET_ORIGIN_KERNEL) {
		account_allowed(EGRET_RULE_KERNEL, pkt);
		return PASS;
	}
	standing_take(cfg, &standing);
	refresh_classes(skb, state, cfg, standing.slot);
	if (pkt->reason)
		verdict_deny(&verdict, pkt->reason);
	else
		verdict_decide(skb, state, pkt, cfg, &standing, &verdict);
	if (policy_is_stale(cfg))
		verdict_of_stale_policy(&verdict, standing.slot);
	if (verdict.allow)
		judge_source(skb, pkt, &verdict);
	if (verdict.allow && is_dns(pkt))
		judge_question(skb, pkt, &verdict);
	if (!verdict.allow)
		return account_denied(state, pkt, &verdict, cfg);
	account_allowed(verdict.rule, pkt);
	return PASS;
}

/* A resolver on lo (127.0.0.53) is the node's own: a pod's lo has whatever the pod put there. */
static __always_inline void watch_loopback(struct __sk_buff *skb, const struct packet *pkt)
{
	struct bpf_sock *sk = skb->sk;
	struct egret_sock *state;

	if (pkt->reason || !is_dns(pkt) || !sk)
		return;
	state = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (state && state->classes & EGRET_CLASS_HOST && state->scope == node_scope)
		dns_leaves(skb, pkt);
}

/* Most of what goes over lo needs no look at its socket. */
static __always_inline bool loopback_is_plain(struct __sk_buff *skb, const struct packet *pkt,
					      const struct egret_config *cfg)
{
	struct egret_addr source __attribute__((aligned(8)));

	return !(cfg->has & EGRET_HAS_DENY) && !pkt->reason && !source_is_doubtful(skb, &source);
}

SEC("cgroup_skb/egress")
int egret_egress(struct __sk_buff *skb)
{
	struct egret_config *cfg = policy_config();
	struct bpf_sock *sk = skb->sk;
	struct judgement verdict = {};
	struct packet pkt = {};
	struct egret_sock *state;
	bool loopback;

	if (!cfg)
		return DROP;
	pkt.len_bytes = skb->len;
	loopback = skb->ifindex == LOOPBACK_IFINDEX;
	packet_parse(skb, IP_AT_START, PACKET_DESTINATION, &pkt);
	if (loopback) {
		watch_loopback(skb, &pkt);
		if (loopback_is_plain(skb, &pkt, cfg)) {
			account_allowed(EGRET_RULE_LOOPBACK, &pkt);
			return PASS;
		}
	}
	state = sk ? bpf_sk_storage_get(&sockets, sk, 0, 0) : 0;
	if (state && !loopback && !policy_is_stale(cfg) && verdict_cached(state, &pkt, cfg, &verdict)) {
		if (verdict.allow)
			judge_source(skb, &pkt, &verdict);
		if (verdict.allow && is_dns(&pkt))
			judge_question(skb, &pkt, &verdict);
		if (!verdict.allow)
			return account_denied(state, &pkt, &verdict, cfg) & 1;
		account_allowed(verdict.rule, &pkt);
		return PASS;
	}
	if (!state)
		state = socket_adopt(skb, cfg, &pkt);
	if (!state) {
		verdict_deny(&verdict, EGRET_REASON_NO_MEMORY);
		return account_denied(0, &pkt, &verdict, cfg) & 1;
	}
	if (loopback)
		return judge_loopback(skb, &pkt, state, cfg) & 1;
	return judge_egress(skb, &pkt, state, cfg) & 1;
}

/* Connections that were accepted are known by their listener: it is marked with its cookie
 * when it first hears anything, and what it accepts inherits the mark. Returns what the hook
 * must return. */
static __always_inline int listener_hears(struct __sk_buff *skb, const struct egret_config *cfg)
{
	struct bpf_sock *sk = skb->sk;
	struct egret_sock *state;

	state = sk ? bpf_sk_storage_get(&sockets, sk, 0, 0) : 0;
	if (!state)
		state = socket_adopt(skb, cfg, 0);
	if (!state)
		return PASS;
	if (!state->listener_cookie)
		state->listener_cookie = bpf_get_socket_cookie(skb);
	if (skb->ifindex == LOOPBACK_IFINDEX && syn_is_foreign(skb, state, cfg))
		return DROP;
	return PASS;
}

/* What is not TCP came in. Is it from port 53? Apart from the entry: its stack is not to add to
 * that of the names' reading, 512 octets in all. */
static __noinline int note_datagram(struct __sk_buff *skb, const struct egret_config *cfg)
{
	struct bpf_sock *sk = skb->sk;
	struct packet pkt = {};
	struct egret_sock *state;

	if (!sk || !cfg || packet_parse(skb, IP_AT_START, PACKET_SOURCE, &pkt))
		return 0;
	state = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (!state)
		state = socket_adopt(skb, cfg, 0);
	if (!state || state->raw)
		return 0;
	/* Loopback starts no flow: a frame injected on lo may carry any source. */
	if (skb->ifindex != LOOPBACK_IFINDEX)
		flow_came_in(skb, state, &pkt, cfg);
	return is_dns(&pkt);
}

/* Egret governs what leaves: of what comes in, it drops only what could not be answered without leaving. */
SEC("cgroup_skb/ingress")
int egret_ingress(struct __sk_buff *skb)
{
	struct egret_config *cfg = policy_config();
	struct bpf_sock *sk = skb->sk;

	if (!cfg || !sk)
		return PASS;
	/* What went to many and comes back in was sent here: it starts no flow, and teaches nothing. */
	if (skb->pkt_type == PACKET_LOOPBACK)
		return PASS;
	if (!packet_is_tcp(skb, IP_AT_START)) {
		if (note_datagram(skb, cfg))
			datagram_comes_in(skb);
	} else if (sk->state == BPF_TCP_LISTEN) {
		return listener_hears(skb, cfg);
	} else if (stream_is_dns(sk)) {
		stream_comes_in(skb);
	}
	return PASS;
}

/* bpf_sk_storage_get in cgroup/sock_create: 5.9. A socket that cannot be stamped
 * is not made: later it could pass for one that was there before Egret. */
SEC("cgroup/sock_create")
int egret_create(struct bpf_sock *sk)
{
	struct egret_config *cfg = policy_config();
	struct egret_sock *state;
	__u32 slot;

	state = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!state || !cfg)
		return DROP;
	slot = policy_slot(cfg);
	state->class_epoch = class_epoch_of(cfg, slot);
	socket_set_subject(state, slot);
	state->scope = bpf_get_netns_cookie(sk); /* 5.7 */
	state->raw = sk->type == SOCK_RAW;
	socket_set_process(state);
	return PASS;
}

/* A socket that is bound already cannot be asked by binding it. But a local address on
 * which nobody listens refuses anyway. bpf_skc_lookup_tcp: 5.2. */
static __always_inline bool has_listener(struct bpf_sock_addr *ctx, const struct packet *pkt)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *found;
	__u32 size = sizeof(tuple.ipv6);

	if (addr_is_v4(&pkt->addr)) {
		tuple.ipv4.daddr = pkt->addr.word_be[3];
		tuple.ipv4.dport = pkt->port_be;
		size = sizeof(tuple.ipv4);
	} else {
		__builtin_memcpy(tuple.ipv6.daddr, pkt->addr.word_be, sizeof(tuple.ipv6.daddr));
		tuple.ipv6.dport = pkt->port_be;
	}
	found = bpf_skc_lookup_tcp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	if (!found)
		return false;
	bpf_sk_release(found);
	return true;
}

/*
 * Is this an address of the socket's own namespace, which connections reach over lo? No
 * helper tells. But the kernel binds a socket to local addresses only, and to such a
 * destination it would give that very source address anyway. Where all addresses can
 * be bound (IP_FREEBIND, ip_nonlocal_bind) egress still denies, and the caller waits.
 * bpf_bind: 4.17.
 */
static __always_inline bool is_local(struct bpf_sock_addr *ctx, const struct packet *pkt)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	int rc;

	if (addr_is_this_host(&pkt->addr))
		return true;
	if (ctx->family == AF_INET) {
		in.sin_addr.s_addr = pkt->addr.word_be[3];
		rc = bpf_bind(ctx, (struct sockaddr *)&in, sizeof(in));
	} else {
		__builtin_memcpy(&in6.sin6_addr, pkt->addr.word_be, sizeof(in6.sin6_addr));
		rc = bpf_bind(ctx, (struct sockaddr *)&in6, sizeof(in6));
	}
	return !rc || (rc == -EINVAL && has_listener(ctx, pkt));
}

static __always_inline void packet_of_call(struct bpf_sock_addr *ctx, struct packet *pkt, __u8 l4_proto)
{
	pkt->l4_proto = l4_proto;
	pkt->port_be = ctx->user_port;
	pkt->port = bpf_ntohs(pkt->port_be);
}

/* As refresh_classes, from the caller: it may be in another cgroup than the socket, and then
 * only egress can tell. bpf_get_current_cgroup_id: 5.7 in these hooks. */
static __always_inline bool knows_classes(struct egret_sock *state, const struct egret_config *cfg, __u32 slot)
{
	__u32 epoch = class_epoch_of(cfg, slot);

	if (state->class_epoch == epoch)
		return true;
	if (state->cgroup_id != bpf_get_current_cgroup_id())
		return false;
	socket_set_subject(state, slot);
	state->class_epoch = epoch;
	return true;
}

/* A SYN that egress drops is sent again and again: only here the caller can be told.
 * Denies what egress is bound to deny, and nothing that a translation may change. */
static __always_inline int judge_connect(struct bpf_sock_addr *ctx, struct packet *pkt)
{
	struct egret_config *cfg = policy_config();
	struct bpf_sock *sk = ctx->sk;
	struct judgement verdict = {};
	struct egret_sock *state;
	__u32 slot;

	state = sk ? bpf_sk_storage_get(&sockets, sk, 0, 0) : 0;
	if (!cfg || !state)
		return PASS;
	socket_set_process(state);
	/* connect() on a datagram socket sends nothing: resolvers use it to ask for a
	 * source address. What is sent later gets its error from egress. */
	if (ctx->type != SOCK_STREAM || ctx->protocol != IPPROTO_TCP)
		return PASS;
	/* Whatever the socket was before, it connects out now. */
	state->listener_cookie = 0;
	state->origin = EGRET_ORIGIN_USER;
	slot = policy_slot(cfg);
	if (cfg->audit || !knows_classes(state, cfg, slot))
		return PASS; /* counted once, when it leaves */
	learned_judge(pkt, state, slot, cfg, &verdict);
	if (policy_is_stale(cfg))
		verdict_of_stale_policy(&verdict, slot);
	if (verdict.allow || verdict.service)
		return PASS;
	if (verdict.reason != EGRET_REASON_DENY_RULE && is_local(ctx, pkt))
		return PASS;
	special_judge(pkt, state, slot, &verdict);
	return account_denied(state, pkt, &verdict, cfg) & 1;
}

/*
 * A datagram that egress drops fails at once in the call that sends it, so what no rule
 * allows is left to egress, which sees the device: it may be a local address. A deny
 * rule holds on lo as well.
 */
static __always_inline int judge_sendmsg(struct bpf_sock_addr *ctx, struct packet *pkt)
{
	struct egret_config *cfg = policy_config();
	struct bpf_sock *sk = ctx->sk;
	struct judgement verdict = {};
	struct egret_sock *state;
	struct flow flow = {};
	__u32 slot;

	if (!cfg || ctx->protocol != IPPROTO_UDP || (!(cfg->has & EGRET_HAS_DENY) && pkt->port != DNS_PORT))
		return PASS;
	state = sk ? bpf_sk_storage_get(&sockets, sk, 0, 0) : 0;
	if (state)
		dns_note_server(state, pkt);
	slot = policy_slot(cfg);
	if (!state || !(cfg->has & EGRET_HAS_DENY) || cfg->audit || !knows_classes(state, cfg, slot))
		return PASS;
	flow_find(ctx, state, pkt, &flow);
	if (flow.state == EGRET_PEER_INBOUND)
		return PASS; /* egress knows whether it still is */
	learned_judge(pkt, state, slot, cfg, &verdict);
	if (verdict.reason != EGRET_REASON_DENY_RULE || verdict.service)
		return PASS;
	return account_denied(state, pkt, &verdict, cfg) & 1;
}

SEC("cgroup/connect4")
int egret_connect4(struct bpf_sock_addr *ctx)
{
	struct packet pkt = {};

	packet_of_call(ctx, &pkt, IPPROTO_TCP);
	packet_set_v4(&pkt, ctx->user_ip4);
	return judge_connect(ctx, &pkt) & 1;
}

SEC("cgroup/sendmsg4")
int egret_sendmsg4(struct bpf_sock_addr *ctx)
{
	struct packet pkt = {};

	packet_of_call(ctx, &pkt, IPPROTO_UDP);
	packet_set_v4(&pkt, ctx->user_ip4);
	return judge_sendmsg(ctx, &pkt) & 1;
}

static __always_inline void packet_set_call_v6(struct packet *pkt, struct bpf_sock_addr *ctx)
{
	packet_set_words(pkt, ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]);
}

SEC("cgroup/connect6")
int egret_connect6(struct bpf_sock_addr *ctx)
{
	struct packet pkt = {};

	packet_of_call(ctx, &pkt, IPPROTO_TCP);
	packet_set_call_v6(&pkt, ctx);
	return judge_connect(ctx, &pkt) & 1;
}

SEC("cgroup/sendmsg6")
int egret_sendmsg6(struct bpf_sock_addr *ctx)
{
	struct packet pkt = {};

	packet_of_call(ctx, &pkt, IPPROTO_UDP);
	packet_set_call_v6(&pkt, ctx);
	return judge_sendmsg(ctx, &pkt) & 1;
}
