/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The decision. What is remembered comes first (decide_by_memory), and costs the same under any policy; what no memory
 * knows is decided anew (decide_anew): by what the policy says of the destination, what history says before or after
 * it, and then it is remembered. How a packet's own content changes a verdict is not remembered: source.h, dns_port.h.
 */
#ifndef EGRET_BPF_DECIDE_H
#define EGRET_BPF_DECIDE_H

#include "account.h"
#include "first_packet.h"
#include "inbound.h"
#include "maps.h"
#include "memory.h"
#include "packet.h"
#include "policy.h"
#include "standing.h"
#include "subject.h"

/* What a verdict is made of. */
struct judging {
	struct __sk_buff *skb;
	const struct packet *pkt;
	const struct ruling *ruling;
	struct subject subject;
	struct memory memory;
	struct standing standing;
};

/* --- verdicts --- */

static __always_inline void verdict_allow(struct judgement *ret, __u32 rule)
{
	ret->allow = 1;
	ret->told_only = 0;
	ret->reason = EGRET_REASON_NONE;
	ret->rule = rule;
}

static __always_inline void verdict_deny(struct judgement *ret, __u8 reason)
{
	ret->allow = 0;
	ret->told_only = 0;
	ret->reason = reason;
	ret->rule = 0;
	ret->name = 0;
}

/* Without an agent only the floor passes, and the answers to what came in. */
static __always_inline void verdict_of_stale_policy(struct judgement *ret, __u32 slot)
{
	__u32 rule = ret->allow ? ret->rule : ret->passes_by;

	if (egret_passes(ret) && rule != EGRET_RULE_INBOUND && !policy_rule_is_floor(rule, slot))
		verdict_deny(ret, EGRET_REASON_STALE_AGENT);
}

/* The packet may leave, but not the question in it. */
static __always_inline void verdict_refuse_question(struct judgement *ret, __u64 question)
{
	verdict_deny(ret, EGRET_REASON_DNS_NAME);
	ret->question = question;
}

/* --- by memory --- */

/*
 * The hot path: the socket's last verdict, if it was made about this very
 * destination, under this policy. Of a datagram peer everything is copied before
 * it is believed: another sender may be writing it.
 */
static __always_inline bool decide_by_memory(struct egret_sock *sock, const struct packet *pkt,
					     const struct ruling *ruling, struct judgement *ret)
{
	const struct egret_config *cfg = ruling->cfg;
	struct egret_peer peer = sock->peer;

	if (!EGRET_REMEMBERS_PEERS || !peer_is(&peer, pkt) || peer.state == EGRET_PEER_UNUSED)
		return false;
	if (peer.state == EGRET_PEER_INBOUND) {
		if (!(peer.seen & SEEN_BOTH_WAYS))
			return false;
	} else if (peer.generation != ruling->generation) {
		return false;
	} else if (peer.learned != (peer_is_denied(peer.state) ? standing_additions(cfg) : cfg->denials)) {
		return false;
	}
	if (pkt->l4_proto != IPPROTO_TCP) {
		if (peer.check != peer_check(&peer) || !memory_is_fresh(peer.seen))
			return false;
		sock->peer.seen = seen_now(peer.seen & SEEN_BOTH_WAYS);
	}
	ret->rule = peer.rule;
	ret->reason = peer.reason;
	ret->place = peer.place;
	ret->name = 0;
	ret->allow = !peer_is_denied(peer.state);
	return true;
}

/* --- anew --- */

static __noinline int existing_record(struct __sk_buff *skb, const struct egret_sock *sock, const struct packet *pkt)
{
	__u64 cookie = bpf_get_socket_cookie(skb);
	struct egret_existing value = {};

	if (!sock || !pkt)
		return 0;
	value.addr = pkt->addr;
	value.port = pkt->port;
	value.cgroup_id = sock->cgroup_id;
	value.seen_ns = account_now_ns();
	bpf_map_update_elem(&existing, &cookie, &value, BPF_NOEXIST);
	return 0;
}

/* An earlier policy allowed this connection. Does that hold still? A deny that came
 * since was found by the judgement already. As policy_rule_stands says. */
static __always_inline int memory_still_stands(const struct known *known, const struct packet *pkt,
					       const struct ruling *ruling, __u32 audience)
{
	if (known->state != EGRET_PEER_ALLOWED)
		return 0;
	if (pkt->l4_proto != IPPROTO_TCP && !memory_is_fresh(known->seen))
		return 0;
	return policy_rule_stands(known->rule, known->generation, port_key(pkt, ruling->slot), audience);
}

/* @stands: what policy_rule_stands said of @rule. */
static __always_inline void history_lets_pass(struct judgement *ret, __u32 rule, int stands)
{
	if (stands != RULE_STANDS_AUDIT) {
		verdict_allow(ret, rule);
	} else if (!ret->allow) {
		ret->told_only = 1;
		ret->rule = ret->passes_by = rule;
	}
}

/* What history allows although, or before, a rule does; keeps @ret if it does not. */
static __always_inline void decide_by_history(const struct judging *judging, struct judgement *ret)
{
	const struct known *known = &judging->memory.known;
	int stands;

	if ((known->state == EGRET_PEER_INBOUND && memory_is_fresh(known->seen)) ||
	    (!ret->allow && memory_has_arrival(judging->skb, judging->skb->sk, judging->pkt, &judging->memory))) {
		verdict_allow(ret, EGRET_RULE_INBOUND);
		return;
	}
	if (ret->reason == EGRET_REASON_DENY_RULE)
		return;
	stands = memory_still_stands(known, judging->pkt, judging->ruling, judging->subject.audience);
	if (stands)
		history_lets_pass(ret, known->rule, stands);
	if (ret->allow || !origin_is(judging->memory.sock, judging->pkt, EGRET_ORIGIN_EXISTING))
		return;
	existing_record(judging->skb, judging->memory.sock, judging->pkt);
	verdict_allow(ret, EGRET_RULE_EXISTING);
}

#define FLOW_WAYS_SHIFT 8

/* What becomes of a datagram flow by this verdict. Its direction stays, and so does a denial
 * of what was allowed, or of what audit lets through: else the next answer to come in would open
 * the way again, and keep it open when the policy is enforced. */
static __always_inline __u8 flow_next_state(__u32 before, bool fresh, bool allow, __u32 rule, bool audit)
{
	if (rule == EGRET_RULE_INBOUND)
		return EGRET_PEER_INBOUND;
	if (allow)
		return EGRET_PEER_ALLOWED;
	if (audit || (fresh && (before == EGRET_PEER_ALLOWED || before == EGRET_PEER_REVOKED)))
		return EGRET_PEER_REVOKED;
	return EGRET_PEER_DENIED;
}

/* That state, and above it whether the flow goes both ways. @before and @seen: of the memory that there was. Global:
 * inlined, the verifier would take what follows once for each of its ways out. */
__noinline __u32 flow_next(__u32 before, __u64 seen, __u32 allow, __u32 rule, __u32 audit)
{
	bool fresh = memory_is_fresh(seen);
	__u8 state = flow_next_state(before, fresh, allow, rule, audit);
	__u32 both_ways = fresh && peer_has_history(before) ? seen & SEEN_BOTH_WAYS : 0;

	return state | (state == EGRET_PEER_INBOUND ? SEEN_BOTH_WAYS : both_ways) << FLOW_WAYS_SHIFT;
}

/* @before: the memory that there was; @audits: that the sender is only audited. What an `audit` line lets pass is
 * remembered as allowed: it lives on as if that line, or the one that is to be taken away, were no `audit` line. */
static __always_inline struct remembered decide_what_to_remember(const struct known *before, const struct packet *pkt,
								 const struct judgement *verdict, __u32 audits)
{
	struct remembered what = {.state = egret_passes(verdict) ? EGRET_PEER_ALLOWED : EGRET_PEER_DENIED,
				  .reason = verdict->reason,
				  .place = verdict->place,
				  .rule = verdict->told_only ? verdict->passes_by : verdict->rule};

	if (pkt->l4_proto != IPPROTO_TCP) {
		__u32 next = flow_next(before->state, before->seen, egret_passes(verdict), what.rule, audits);

		what.state = next;
		what.both_ways = next >> FLOW_WAYS_SHIFT;
	}
	return what;
}

/* What only an `audit` line lets pass is counted packet by packet: each is judged anew. */
static __always_inline struct standing standing_of(const struct standing *now, const struct judgement *verdict)
{
	return verdict->told_only ? standing_void(now, now->generation) : *now;
}

static __always_inline void decide_remember(const struct judging *judging, const struct judgement *verdict)
{
	__u32 audits = subject_is_audited(judging->memory.sock, judging->subject.audience, judging->ruling);
	struct remembered what = decide_what_to_remember(&judging->memory.known, judging->pkt, verdict, audits);
	struct standing standing = standing_of(&judging->standing, verdict);

	memory_write(judging->skb, judging->skb->sk, &judging->memory, judging->pkt, &standing, &what);
}

/* True: it did, and @ret says so. Most sockets have no such history, and need not be asked for their state. */
static __always_inline bool decide_by_origin(const struct judging *judging, struct judgement *ret)
{
	struct egret_sock *sock = judging->memory.sock;
	__u32 tcp_state;

	if (judging->pkt->l4_proto != IPPROTO_TCP || (!sock->listener_cookie && !sock->origin))
		return false;
	tcp_state = judging->skb->sk ? judging->skb->sk->state : 0;
	if (!inbound_is(judging->skb, sock, judging->pkt, tcp_state))
		return false;
	verdict_allow(ret, EGRET_RULE_INBOUND);
	if (tcp_state != BPF_TCP_LISTEN) /* which has as many peers as clients */
		decide_remember(judging, ret);
	return true;
}

/* What the policy says, and what the socket remembers may change. Remembers nothing. */
static __always_inline void decide_with_history(struct judging *judging, struct judgement *ret)
{
	if (judging->memory.sock->raw)
		return;
	memory_find(judging->skb, judging->skb->sk, judging->pkt, &judging->memory);
	decide_by_history(judging, ret);
}

/* @ret is a denial and stays one: only its reason may change. */
static __always_inline void explain_denial(const struct judging *judging, struct judgement *ret)
{
	explain_special(judging->pkt, &judging->subject, judging->ruling->slot, ret);
	if (ret->reason == EGRET_REASON_NO_RULE && origin_is(judging->memory.sock, judging->pkt, EGRET_ORIGIN_CUT))
		ret->reason = EGRET_REASON_BEFORE_ATTACH;
}

/* Decides what no memory knew, and remembers it. */
static __always_inline void decide_anew(struct judging *judging, struct judgement *ret)
{
	struct egret_sock *sock = judging->memory.sock;

	if (decide_by_origin(judging, ret))
		return;
	decide_first_packet(judging->pkt, &judging->subject, judging->ruling, ret);
	decide_with_history(judging, ret);
	if (!ret->allow && !sock->raw)
		explain_denial(judging, ret);
	add_audit_lines(judging->pkt, &judging->subject, judging->ruling, ret);
	if (sock->raw) {
		memory_write_last(sock, judging->pkt, egret_passes(ret));
		return;
	}
	decide_remember(judging, ret);
}

#endif
