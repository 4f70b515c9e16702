/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The decision: what the socket remembers first, then what the policy says.
 */
#ifndef EGRET_BPF_VERDICT_H
#define EGRET_BPF_VERDICT_H

#include <stdbool.h>

#include "events.h"
#include "flow.h"
#include "maps.h"
#include "packet.h"
#include "policy.h"
#include "socket.h"

/* What a hook knows of the socket that speaks. */
struct verdict_socket {
	__u64 cookie;
	__u32 tcp_state;
	__u8 loopback; /* its packet stays in the namespace */
	__u8 allowed;  /* what the rules say, */
	__u8 denied;   /* and whether a deny rule says it */
};

static __always_inline void verdict_allow(struct judgement *ret, __u32 rule)
{
	ret->allow = 1;
	ret->reason = EGRET_REASON_NONE;
	ret->rule = rule;
}

static __always_inline void verdict_deny(struct judgement *ret, __u8 reason)
{
	ret->allow = 0;
	ret->reason = reason;
	ret->rule = 0;
	ret->name = 0;
}

/*
 * The hot path: the socket's last verdict, if it was made about this very
 * destination, under this policy. The sequence says that no other sender wrote
 * the peer meanwhile.
 */
static __always_inline bool verdict_cached(struct egret_sock *state, const struct packet *pkt,
					   const struct egret_config *cfg, struct judgement *ret)
{
	struct egret_peer *peer = &state->peers[state->last_peer & (EGRET_PEERS - 1)];
	__u32 sequence = READ_VOLATILE(peer->sequence);
	__u8 kind = peer->state;

	if (bypass_cache || sequence & 1 || !peer_is(peer, pkt))
		return false;
	ret->rule = peer->rule;
	ret->reason = peer->reason;
	ret->name = 0;
	ret->allow = kind != EGRET_PEER_DENIED;
	if (kind == EGRET_PEER_INBOUND) {
		if (!peer->both_ways || !flow_is_fresh(peer->seen_ticks, 1))
			return false;
	} else if (kind == EGRET_PEER_UNUSED || peer->generation != cfg->generation) {
		return false;
	} else if (kind == EGRET_PEER_DENIED && peer->learned != cfg->learned) {
		return false;
	}
	compiler_barrier();
	if (READ_VOLATILE(peer->sequence) != sequence)
		return false;
	if (pkt->l4_proto != IPPROTO_TCP)
		peer->seen_ticks = bpf_jiffies64();
	return true;
}

/* Was @pkt's connection there, with this @origin, before the first attach? */
static __always_inline bool origin_is(const struct egret_sock *state, const struct packet *pkt, __u8 origin)
{
	return state->origin == origin && state->origin_port_be == pkt->port_be &&
	       addr_equal(&state->origin_addr, &pkt->addr);
}

/* May this TCP socket answer, because its connection came in? @tcp_state is the
 * socket's; a listener sends nothing but SYN-ACKs. */
static __always_inline bool tcp_came_in(struct egret_sock *state, const struct packet *pkt, __u32 tcp_state,
					__u64 cookie)
{
	if (tcp_state == BPF_TCP_LISTEN)
		return true;
	/* It connects out now, whatever it was before. */
	if (tcp_state == BPF_TCP_SYN_SENT) {
		state->listener_cookie = 0;
		state->origin = EGRET_ORIGIN_USER;
		return false;
	}
	if (state->listener_cookie && state->listener_cookie != cookie)
		return true;
	return origin_is(state, pkt, EGRET_ORIGIN_INBOUND);
}

static __noinline int existing_record(const struct egret_sock *state, const struct packet *pkt, __u64 cookie)
{
	struct egret_existing value = {};

	if (!state || !pkt)
		return 0;
	value.addr = pkt->addr;
	value.port = pkt->port;
	value.cgroup_id = state->cgroup_id;
	value.seen_ns = events_now_ns();
	bpf_map_update_elem(&existing, &cookie, &value, BPF_NOEXIST);
	return 0;
}

/* An earlier policy allowed this connection. Does that hold still? A deny that came
 * since was found by the judgement already. */
static __always_inline bool verdict_still_stands(const struct egret_sock *state, const struct packet *pkt,
						 const struct egret_peer *peer)
{
	if (peer->state != EGRET_PEER_ALLOWED)
		return false;
	if (pkt->l4_proto != IPPROTO_TCP && !flow_is_fresh(peer->seen_ticks, peer->both_ways))
		return false;
	return policy_rule_stands(peer->rule, peer->generation, port_key(pkt), state->classes);
}

/* What the socket keeps of a verdict. @peer: what it knew until now. */
static __always_inline void peer_learn(struct egret_peer *peer, const struct packet *pkt,
				       const struct egret_config *cfg, const struct judgement *verdict)
{
	peer->addr = pkt->addr;
	peer->port_be = pkt->port_be;
	peer->l4_proto = pkt->l4_proto;
	peer->generation = cfg->generation;
	peer->learned = cfg->learned;
	peer->rule = verdict->rule;
	peer->reason = verdict->reason;
	peer->seen_ticks = bpf_jiffies64();
	if (peer->state == EGRET_PEER_INBOUND && verdict->rule == EGRET_RULE_INBOUND) {
		peer->both_ways = 1;
		return;
	}
	if (peer->state != EGRET_PEER_ALLOWED)
		peer->both_ways = 0;
	peer->state = verdict->allow ? EGRET_PEER_ALLOWED : EGRET_PEER_DENIED;
}

/* What history allows although, or before, a rule does. Returns the rule to count on, 0 = none. */
static __always_inline __u32 verdict_of_history(struct egret_sock *state, const struct packet *pkt,
						const struct egret_peer *peer, const struct verdict_socket *sock)
{
	if (pkt->l4_proto == IPPROTO_TCP && tcp_came_in(state, pkt, sock->tcp_state, sock->cookie))
		return EGRET_RULE_INBOUND;
	if (peer->state == EGRET_PEER_INBOUND && flow_is_fresh(peer->seen_ticks, peer->both_ways))
		return EGRET_RULE_INBOUND;
	if (sock->denied)
		return 0;
	if (verdict_still_stands(state, pkt, peer))
		return peer->rule;
	if (!sock->allowed && origin_is(state, pkt, EGRET_ORIGIN_EXISTING))
		return EGRET_RULE_EXISTING;
	return 0;
}

/* Judges what no cache knew. */
static __noinline int verdict_decide(struct egret_sock *state, const struct packet *pkt,
				     const struct egret_config *cfg, struct judgement *ret, struct verdict_socket *sock)
{
	struct egret_peer peer = {};
	int index;
	__u32 rule;

	if (!state || !pkt || !cfg || !ret || !sock)
		return 0;
	policy_judge(pkt, state->classes, ret);
	if (sock->loopback) {
		if (ret->reason != EGRET_REASON_DENY_RULE)
			verdict_allow(ret, EGRET_RULE_LOOPBACK);
		return 0;
	}
	if (state->raw)
		return 0;
	sock->allowed = ret->allow;
	sock->denied = ret->reason == EGRET_REASON_DENY_RULE;
	index = flow_find(state, pkt, sock->cookie, &peer);
	rule = verdict_of_history(state, pkt, &peer, sock);
	if (rule)
		verdict_allow(ret, rule);
	if (rule == EGRET_RULE_EXISTING)
		existing_record(state, pkt, sock->cookie);
	if (sock->tcp_state == BPF_TCP_LISTEN)
		return 0; /* it has as many peers as clients */
	peer_learn(&peer, pkt, cfg, ret);
	peer_store(state, &peer, index, sock->cookie);
	return 0;
}

#endif
