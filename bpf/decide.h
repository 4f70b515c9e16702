/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The decision: what the socket remembers first, then what the policy says.
 */
#ifndef EGRET_BPF_DECIDE_H
#define EGRET_BPF_DECIDE_H

#include "account.h"
#include "memory.h"
#include "learned.h"
#include "maps.h"
#include "packet.h"
#include "policy.h"
#include "socket.h"

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

/* Without an agent only the floor passes, and the answers to what came in. */
static __always_inline void verdict_of_stale_policy(struct judgement *ret, __u32 slot)
{
	if (ret->allow && ret->rule != EGRET_RULE_INBOUND && !policy_rule_is_floor(ret->rule, slot))
		verdict_deny(ret, EGRET_REASON_STALE_AGENT);
}

/* The packet may leave, but not the question in it. */
static __always_inline void verdict_refuse_question(struct judgement *ret, __u64 question)
{
	verdict_deny(ret, EGRET_REASON_DNS_NAME);
	ret->question = question;
}

/*
 * The hot path: the socket's last verdict, if it was made about this very
 * destination, under this policy. Of a datagram peer everything is copied before
 * it is believed: another sender may be writing it.
 */
static __always_inline bool verdict_cached(struct egret_sock *state, const struct packet *pkt,
					   const struct egret_config *cfg, struct judgement *ret)
{
	struct egret_peer *slot = &state->peers[state->last_peer & (EGRET_PEERS - 1)];
	struct egret_peer peer = *slot;

	if (!EGRET_REMEMBERS_PEERS || !peer_is(&peer, pkt) || peer.state == EGRET_PEER_UNUSED)
		return false;
	if (peer.state == EGRET_PEER_INBOUND) {
		if (!(peer.seen & SEEN_BOTH_WAYS))
			return false;
	} else if (peer.generation != cfg->generation) {
		return false;
	} else if (peer.learned != (peer_is_denied(peer.state) ? standing_additions(cfg) : cfg->denials)) {
		return false;
	}
	if (pkt->l4_proto != IPPROTO_TCP) {
		if (peer.check != peer_check(&peer) || !memory_is_fresh(peer.seen))
			return false;
		slot->seen = seen_now(peer.seen & SEEN_BOTH_WAYS);
	}
	ret->rule = peer.rule;
	ret->reason = peer.reason;
	ret->name = 0;
	ret->allow = !peer_is_denied(peer.state);
	return true;
}

/* Was @pkt's connection there, with this @origin, before the first attach? */
static __always_inline bool origin_is(const struct egret_sock *state, const struct packet *pkt, __u8 origin)
{
	return state->origin == origin && state->origin_port_be == pkt->port_be &&
	       addr_equal(&state->origin_addr, &pkt->addr);
}

static __always_inline bool socket_was_accepted(struct __sk_buff *skb, const struct egret_sock *state)
{
	return state->listener_cookie && state->listener_cookie != bpf_get_socket_cookie(skb);
}

/* A connection that began over lo cannot have come in, whatever became of its routes since. Once: what
 * was found to have come in is remembered. */
static __always_inline bool tcp_began_inside(struct __sk_buff *skb, struct egret_sock *state, const struct packet *pkt)
{
	const struct egret_peer *peer = &state->peers[0];
	struct bpf_sock *sk = socket_full(skb);

	if (peer->state == EGRET_PEER_INBOUND && peer_is(peer, pkt))
		return false;
	return sk && socket_heard_from(sk, state) == LOOPBACK_IFINDEX;
}

/* May this TCP socket answer, because its connection came in? A listener sends
 * nothing but SYN-ACKs. */
static __always_inline bool tcp_came_in(struct __sk_buff *skb, struct egret_sock *state, const struct packet *pkt,
					__u32 tcp_state)
{
	if (tcp_state == BPF_TCP_LISTEN)
		return true;
	/* It connects out now, whatever it was before. */
	if (tcp_state == BPF_TCP_SYN_SENT) {
		state->listener_cookie = 0;
		state->origin = EGRET_ORIGIN_USER;
		return false;
	}
	return (socket_was_accepted(skb, state) || origin_is(state, pkt, EGRET_ORIGIN_INBOUND)) &&
	       !tcp_began_inside(skb, state, pkt);
}

static __noinline int existing_record(struct __sk_buff *skb, const struct egret_sock *state, const struct packet *pkt)
{
	__u64 cookie = bpf_get_socket_cookie(skb);
	struct egret_existing value = {};

	if (!state || !pkt)
		return 0;
	value.addr = pkt->addr;
	value.port = pkt->port;
	value.cgroup_id = state->cgroup_id;
	value.seen_ns = account_now_ns();
	bpf_map_update_elem(&existing, &cookie, &value, BPF_NOEXIST);
	return 0;
}

/* An earlier policy allowed this connection. Does that hold still? A deny that came
 * since was found by the judgement already. */
static __always_inline bool flow_still_stands(const struct egret_sock *state, const struct packet *pkt, __u32 slot,
					      const struct flow *flow)
{
	if (flow->state != EGRET_PEER_ALLOWED)
		return false;
	if (pkt->l4_proto != IPPROTO_TCP && !memory_is_fresh(flow->seen))
		return false;
	return policy_rule_stands(flow->rule, flow->generation, port_key(pkt, slot), state->classes);
}

/* What history allows although, or before, a rule does; keeps @ret if it does not. */
static __always_inline void verdict_of_history(struct __sk_buff *skb, struct egret_sock *state,
					       const struct packet *pkt, __u32 slot, const struct flow *flow,
					       struct judgement *ret)
{
	if (flow->state == EGRET_PEER_INBOUND && memory_is_fresh(flow->seen)) {
		verdict_allow(ret, EGRET_RULE_INBOUND);
		return;
	}
	if (ret->reason == EGRET_REASON_DENY_RULE)
		return;
	if (flow_still_stands(state, pkt, slot, flow)) {
		verdict_allow(ret, flow->rule);
		return;
	}
	if (ret->allow || !origin_is(state, pkt, EGRET_ORIGIN_EXISTING))
		return;
	existing_record(skb, state, pkt);
	verdict_allow(ret, EGRET_RULE_EXISTING);
}

/* What becomes of a datagram flow by this verdict. Its direction stays, and so does a denial
 * of what was allowed, or of what audit lets through: else the next answer to come in would open
 * the way again, and keep it open when the policy is enforced. */
static __always_inline __u8 flow_next_state(const struct flow *flow, const struct judgement *verdict, bool fresh,
					    bool audit)
{
	if (verdict->rule == EGRET_RULE_INBOUND)
		return EGRET_PEER_INBOUND;
	if (verdict->allow)
		return EGRET_PEER_ALLOWED;
	if (audit || (fresh && (flow->state == EGRET_PEER_ALLOWED || flow->state == EGRET_PEER_REVOKED)))
		return EGRET_PEER_REVOKED;
	return EGRET_PEER_DENIED;
}

/* @flow is what was known before. */
static __always_inline void verdict_remember(struct __sk_buff *skb, struct egret_sock *state, const struct packet *pkt,
					     const struct judgement *verdict, const struct standing *standing,
					     const struct flow *flow, int index, bool audit)
{
	__u8 kind = verdict->allow ? EGRET_PEER_ALLOWED : EGRET_PEER_DENIED;
	__u64 both_ways = 0;
	struct egret_peer *peer;
	__u32 slot;

	if (pkt->l4_proto != IPPROTO_TCP) {
		bool fresh = memory_is_fresh(flow->seen);

		kind = flow_next_state(flow, verdict, fresh, audit);
		if (kind == EGRET_PEER_INBOUND)
			both_ways = SEEN_BOTH_WAYS;
		else if (fresh && peer_has_history(flow->state))
			both_ways = flow->seen & SEEN_BOTH_WAYS;
	}
	slot = peer_slot(skb, state, pkt, index);
	peer = &state->peers[slot & (EGRET_PEERS - 1)];
	peer_write(peer, pkt, standing, kind, verdict->rule);
	peer->reason = verdict->reason;
	peer_seal(peer, both_ways);
	state->last_peer = slot;
}

/* Judges what no cache knew. */
static __always_inline void verdict_decide(struct __sk_buff *skb, struct egret_sock *state, const struct packet *pkt,
					   const struct egret_config *cfg, const struct standing *standing,
					   struct judgement *ret)
{
	struct flow flow = {};
	int index;

	/* Most sockets have no such history, and need not be asked for their state. */
	if (pkt->l4_proto == IPPROTO_TCP && (state->listener_cookie || state->origin)) {
		__u32 tcp_state = skb->sk ? skb->sk->state : 0;

		if (tcp_came_in(skb, state, pkt, tcp_state)) {
			verdict_allow(ret, EGRET_RULE_INBOUND);
			if (tcp_state != BPF_TCP_LISTEN) /* which has as many peers as clients */
				verdict_remember(skb, state, pkt, ret, standing, &flow, 0, cfg->audit);
			return;
		}
	}
	learned_judge(pkt, state, standing->slot, cfg, ret);
	if (state->raw)
		return;
	index = flow_find(skb, state, pkt, &flow);
	verdict_of_history(skb, state, pkt, standing->slot, &flow, ret);
	if (!ret->allow)
		special_judge(pkt, state, standing->slot, ret);
	verdict_remember(skb, state, pkt, ret, standing, &flow, index, cfg->audit);
}

#endif
