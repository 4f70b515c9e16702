/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The hooks that see calls, connect() and sendmsg() of the address families. Their context is the call: a destination
 * before any translation, and a socket, but no packet. They answer 1 for go on and 0 for EPERM.
 *
 * A SYN that egress drops is sent again and again, and only here the caller can be told. So a call is denied what
 * egress is bound to deny, and nothing that a translation may change. What goes on is counted when it leaves.
 */
#ifndef EGRET_BPF_HOOK_CALL_H
#define EGRET_BPF_HOOK_CALL_H

#include "account.h"
#include "decide.h"
#include "dns_port.h"
#include "first_packet.h"
#include "inbound.h"
#include "ipsec.h"
#include "local_addr.h"
#include "memory.h"
#include "packet.h"
#include "policy.h"
#include "stamp.h"
#include "subject.h"
#include "told.h"

#define GO_ON 1

static __always_inline void call_read_v4(struct bpf_sock_addr *ctx, __u8 l4_proto, struct packet *ret)
{
	ret->l4_proto = l4_proto;
	ret->port_be = ctx->user_port;
	ret->port = bpf_ntohs(ret->port_be);
	packet_set_v4(ret, ctx->user_ip4);
}

static __always_inline void call_read_v6(struct bpf_sock_addr *ctx, __u8 l4_proto, struct packet *ret)
{
	ret->l4_proto = l4_proto;
	ret->port_be = ctx->user_port;
	ret->port = bpf_ntohs(ret->port_be);
	packet_set_words(ret, ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]);
}

static __always_inline struct egret_sock *call_socket(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;

	return sk ? stamp_of(sk) : 0;
}

static __always_inline int call_finish(struct egret_sock *sock, const struct packet *pkt,
				       const struct judgement *verdict, const struct ruling *ruling)
{
	return verdict->allow ? GO_ON : account_denied(sock, pkt, verdict, ruling) & 1;
}

/* Is the socket bound to an address that its namespace does not have? Egress lets nothing of it over lo. */
static __always_inline bool call_is_from_elsewhere(const volatile struct bpf_sock *sk, const struct net *net)
{
	struct packet source = {};

	if (sk->family == AF_INET)
		packet_set_v4(&source, sk->src_ip4);
	else
		packet_set_words(&source, sk->src_ip6[0], sk->src_ip6[1], sk->src_ip6[2], sk->src_ip6[3]);
	return !addr_is_this_host(&source.addr) && !net_has(net, &source.addr);
}

/*
 * Is this an address of the socket's own namespace, which is reached over lo, or over the device of a VRF? By the
 * kernel's tables: what the socket could bind to tells nothing where any address can be bound (IP_FREEBIND,
 * ip_nonlocal_bind), or where it is bound already. A function of its own: the verifier takes it once for each hook, and
 * its addresses are off the stack again when a denial is counted. LOCAL_FROM_ELSEWHERE: it is, but the socket's own is
 * not.
 */
#define LOCAL_FROM_ELSEWHERE 2
static __noinline int call_is_local(struct bpf_sock_addr *ctx, const struct packet *pkt, struct egret_sock *sock)
{
	struct bpf_sock *sk = ctx->sk;
	const struct net *net;
	bool this_host;

	if (!pkt || !sock || !sk)
		return false;
	this_host = addr_is_this_host(&pkt->addr);
	net = socket_net(sk, sock);
	if (!net)
		return this_host;
	if (sk->bound_dev_if && net_has_in_vrf(net, &pkt->addr))
		return true;
	if (!this_host && !net_has(net, &pkt->addr))
		return false;
	return call_is_from_elsewhere(sk, net) ? LOCAL_FROM_ELSEWHERE : true;
}

/* --- connect of what sends at once, or speaks with one peer only --- */

/* Who is only audited goes on: what leaves then is counted at egress. */
static __always_inline bool call_is_audited(const struct egret_sock *sock, __u32 caller, const struct ruling *ruling)
{
	return subject_is_audited(sock, sock->audience, ruling) && subject_is_audited(sock, caller, ruling);
}

/* What an `audit` line lets pass goes on, too. @ret: allows already. */
static __always_inline void call_decide_for(const struct packet *pkt, const struct egret_sock *sock,
					    const struct subject *subject, const struct ruling *ruling,
					    struct judgement *ret)
{
	if (subject_is_audited(sock, subject->audience, ruling))
		return;
	decide_by_policy(pkt, subject, ruling, ret);
	if (ret->told_only)
		verdict_allow(ret, ret->passes_by);
}

/* What the policy says to the socket's subject, and to the caller's where that is another one: both must be allowed. A
 * caller is judged by what the socket's subject learned. */
static __always_inline void call_decide(const struct packet *pkt, const struct egret_sock *sock,
					struct subject *subject, __u32 caller, const struct ruling *ruling,
					struct judgement *ret)
{
	call_decide_for(pkt, sock, subject, ruling, ret);
	if (!ret->allow || caller == subject->audience)
		return;
	subject->audience = caller;
	call_decide_for(pkt, sock, subject, ruling, ret);
	ret->of_caller = !ret->allow;
}

/* @ret: allows already. */
static __always_inline void connect_decide(struct bpf_sock_addr *ctx, const struct packet *pkt, struct egret_sock *sock,
					   const struct ruling *ruling, struct judgement *ret)
{
	struct subject subject;
	__u32 caller;
	int local;

	subject_refresh(sock, ruling);
	caller = subject_caller(sock, ruling);
	if (call_is_audited(sock, caller, ruling))
		return;
	subject = subject_of(sock);
	call_decide(pkt, sock, &subject, caller, ruling, ret);
	if (policy_is_stale(ruling))
		verdict_of_stale_policy(ret, ruling->slot);
	if (ret->allow)
		return;
	local = ret->service;
	if (!local && ret->reason != EGRET_REASON_DENY_RULE)
		local = call_is_local(ctx, pkt, sock);
	if (local == LOCAL_FROM_ELSEWHERE)
		ret->reason = EGRET_REASON_FOREIGN_SOURCE;
	else if (local)
		ret->allow = 1;
	else
		explain_special(pkt, &subject, ruling->slot, ret);
}

/* --- sendmsg --- */

/*
 * A datagram that egress drops fails at once in the call that sends it, so what no rule
 * allows to the socket's subject is left to egress, which sees the device: it may be a local address. A deny
 * rule holds on lo as well. Who the caller is, egress cannot tell: what is not allowed to the caller ends here.
 * @ret: allows already.
 */
static __always_inline void sendmsg_decide(struct bpf_sock_addr *ctx, const struct packet *pkt, struct egret_sock *sock,
					   const struct ruling *ruling, bool only_of_another, struct judgement *ret)
{
	struct memory memory = {.sock = sock};
	struct subject subject;
	__u32 caller;

	subject_refresh(sock, ruling);
	caller = subject_caller(sock, ruling);
	if (call_is_audited(sock, caller, ruling))
		return;
	if ((only_of_another || !(ruling->settings->has & EGRET_HAS_DENY)) && caller == sock->audience)
		return;
	memory_find(ctx, ctx->sk, pkt, &memory);
	if (memory.known.state == EGRET_PEER_INBOUND)
		return; /* egress knows whether it still is */
	subject = subject_of(sock);
	call_decide(pkt, sock, &subject, caller, ruling, ret);
	if (ret->allow)
		return;
	if (ret->service || memory_has_arrival(ctx, ctx->sk, pkt, &memory) ||
	    (ret->reason != EGRET_REASON_DENY_RULE &&
	     (subject.audience == sock->audience || call_is_local(ctx, pkt, sock))))
		ret->allow = 1;
}

/* Of a datagram that IPsec may wrap, egress sees no destination. @ret: allows already, and in audit goes on so. Names
 * without a port, the kernel refuses, or means the peer. */
static __always_inline void sendmsg_decide_before_ipsec(struct bpf_sock_addr *ctx, const struct packet *pkt,
							struct egret_sock *sock, const struct ruling *ruling,
							struct judgement *ret)
{
	struct subject subject;

	if (!pkt->port || !ipsec_may_wrap(ctx->sk, sock))
		return;
	ipsec_names(ctx, pkt, sock, ruling, ret);
	if (ret->allow)
		return;
	if (ret->service)
		sock->inner_refused = ruling->generation; /* what a translation makes of it nobody sees */
	if (ret->service || (ret->reason != EGRET_REASON_DENY_RULE && call_is_local(ctx, pkt, sock))) {
		ret->allow = 1;
		return;
	}
	subject = subject_of(sock);
	explain_special(pkt, &subject, ruling->slot, ret);
}

static __always_inline int call_sends(struct bpf_sock_addr *ctx, const struct packet *pkt)
{
	struct judgement verdict = {.allow = 1};
	struct egret_sock *sock;
	struct ruling ruling;

	if (ctx->protocol != IPPROTO_UDP || !ruling_take(&ruling))
		return GO_ON;
	sock = call_socket(ctx);
	if (!sock)
		return GO_ON;
	told_by_sendmsg(sock, pkt, &ruling);
	if (ruling.settings->has & (EGRET_HAS_DENY | EGRET_HAS_AUDIENCES) || pkt->port == DNS_PORT)
		sendmsg_decide(ctx, pkt, sock, &ruling, false, &verdict);
	if (verdict.allow)
		sendmsg_decide_before_ipsec(ctx, pkt, sock, &ruling, &verdict);
	return call_finish(sock, pkt, &verdict, &ruling);
}

/* --- connect of either --- */

/* What IPsec wraps of this socket goes to its peer, unless another connect() was meanwhile. */
static __always_inline void connect_note_before_ipsec(struct bpf_sock_addr *ctx, const struct packet *pkt,
						      struct egret_sock *sock, const struct ruling *ruling,
						      struct judgement *ret)
{
	if (!pkt->port || !ipsec_may_wrap(ctx->sk, sock))
		return;
	ipsec_names(ctx, pkt, sock, ruling, ret);
	if (!ret->allow)
		sock->inner_refused = ruling->generation;
	ret->allow = 1;
}

/* connect() on a datagram socket sends nothing: resolvers use it to ask for a source address, and what is sent later
 * gets its error from egress. But no hook sees who sends then: a caller who is another one than the socket's subject
 * is judged now. */
static __always_inline void datagram_connects(struct bpf_sock_addr *ctx, struct packet *pkt, struct egret_sock *sock,
					      const struct ruling *ruling, struct judgement *ret)
{
	if (ctx->protocol != IPPROTO_UDP)
		return;
	pkt->l4_proto = IPPROTO_UDP;
	if (ruling->settings->has & EGRET_HAS_AUDIENCES)
		sendmsg_decide(ctx, pkt, sock, ruling, true, ret);
	if (ret->allow)
		connect_note_before_ipsec(ctx, pkt, sock, ruling, ret);
}

/* A ping socket sends echo requests and nothing else (net/ipv4/ping.c). The kernel asks when it connects (6.1), and not
 * when it sends. */
static __always_inline bool call_is_of_ping(const struct bpf_sock_addr *ctx)
{
	return ctx->type == SOCK_DGRAM && (ctx->protocol == IPPROTO_ICMP || ctx->protocol == IPPROTO_ICMPV6);
}

static __always_inline void call_names_echo(const struct bpf_sock_addr *ctx, struct packet *pkt)
{
	pkt->l4_proto = ctx->protocol;
	pkt->port = (pkt->l4_proto == IPPROTO_ICMP ? ICMP_ECHO : ICMPV6_ECHO_REQUEST) << 8;
	pkt->port_be = 0;
}

/* MPTCP (RFC 8684) connects by a subflow, which is a TCP socket that the kernel makes. */
static __always_inline bool call_is_of_tcp(const struct bpf_sock_addr *ctx)
{
	return ctx->type == SOCK_STREAM && ctx->protocol == IPPROTO_TCP;
}

static __always_inline int call_connects(struct bpf_sock_addr *ctx, struct packet *pkt)
{
	struct judgement verdict = {.allow = 1};
	struct egret_sock *sock = call_socket(ctx);
	struct ruling ruling;

	if (!ruling_take(&ruling))
		return GO_ON;
	if (!sock && call_is_of_tcp(ctx))
		sock = stamp_called(ctx, &ruling);
	if (!sock)
		return GO_ON;
	stamp_process(sock);
	told_by_connect(ctx, sock, pkt);
	if (call_is_of_tcp(ctx))
		inbound_ends(sock);
	if (call_is_of_ping(ctx))
		call_names_echo(ctx, pkt);
	if (call_is_of_tcp(ctx) || call_is_of_ping(ctx))
		connect_decide(ctx, pkt, sock, &ruling, &verdict);
	else
		datagram_connects(ctx, pkt, sock, &ruling, &verdict);
	return call_finish(sock, pkt, &verdict, &ruling);
}

#endif
