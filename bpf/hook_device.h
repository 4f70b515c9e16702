/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The second look, of the layers device and uplink (egret_device.h): tc programs, at ingress of what leads to
 * somebody's namespace and at egress of what leads out of the node. Their context is a frame, mostly with an Ethernet
 * header, of any socket or none. They answer TC_ACT_UNSPEC to go on, also to the programs of others, and TC_ACT_SHOT to
 * drop.
 *
 * What the socket's own hook judged for this very destination passes at once (look_was_judged). An unconnected socket
 * may have sent to somebody else meanwhile, and a packet may have been rewritten, or wrapped in another, since: then
 * the packet is judged as the hook would have. Nothing is remembered of that: nobody holds the socket here.
 */
#ifndef EGRET_BPF_HOOK_DEVICE_H
#define EGRET_BPF_HOOK_DEVICE_H

#include "decide.h"
#include "forwarded.h"
#include "fragments.h"
#include "frame.h"
#include "kernel_made.h"
#include "look.h"
#include "lookup.h"
#include "memory.h"
#include "own_source.h"
#include "policy.h"
#include "sender.h"

/* --- what the hook judged --- */

/* Two senders may be writing a datagram's peer: of a copy. */
static __always_inline bool look_is_allowed(const struct egret_peer *peer)
{
	return (peer->state == EGRET_PEER_ALLOWED || peer->state == EGRET_PEER_INBOUND) && peer_verifies(peer);
}

/* The fast path: no map but the socket's own. That the device's frames begin with an Ethernet header was seen when the
 * socket was told of the device. */
static __always_inline bool look_was_judged(struct __sk_buff *skb, __u32 layer)
{
	void *begin = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct egret_sock *sock = memory_of(skb);
	struct packet pkt = {};
	struct egret_peer peer;

	if (!sock || (layer == EGRET_LAYER_DEVICE ? sock->device : sock->uplink) != skb->ifindex ||
	    begin + ETH_HLEN > end)
		return false;
	if (!packet_parse_in_place(skb, ETH_HLEN, *(__u16 *)(begin + ETH_HLEN - sizeof(__u16)), PACKET_DESTINATION,
				   &pkt))
		return false;
	if (layer == EGRET_LAYER_DEVICE &&
	    !source_is(skb, ETH_HLEN, *(__u16 *)(begin + ETH_HLEN - sizeof(__u16)), sock->device_source))
		return false;
	peer = sock->peer;
	if (pkt.near_port_be == bpf_htons(DNS_PORT) && peer.rule != EGRET_RULE_INBOUND)
		return false;
	return peer_is(&peer, &pkt) && look_is_allowed(&peer);
}

/* Does the stamp say where this packet goes? */
static __always_inline bool look_is_of_peer(const struct egret_peer *peer, const struct packet *pkt)
{
	return !pkt->reason && peer_is(peer, pkt);
}

enum look_stamp { STAMP_OF_OTHERS, STAMP_DENIED, STAMP_ALLOWED, STAMP_ALLOWED_NOW };

/* What the stamp says of this packet; _NOW: under the policy of this @generation. Apart from its caller: for its stack.
 */
static __noinline int look_stamp(const struct egret_sock *sock, const struct packet *pkt, __u32 generation)
{
	struct egret_peer peer;

	if (!sock || !pkt)
		return STAMP_OF_OTHERS;
	peer = sock->peer;
	if (!look_is_of_peer(&peer, pkt))
		return STAMP_OF_OTHERS;
	if (!look_is_allowed(&peer))
		return STAMP_DENIED;
	return peer.state == EGRET_PEER_INBOUND || peer.generation == generation ? STAMP_ALLOWED_NOW : STAMP_ALLOWED;
}

/* The socket's next packets take the fast path. */
static __always_inline void look_tell_socket(const struct look *look, struct egret_sock *sock)
{
	__u32 ifindex = look->skb->ifindex;

	if (!look->device || look->device_flags & EGRET_DEVICE_NO_MAC)
		return;
	if (look->layer == EGRET_LAYER_UPLINK) {
		sock->uplink = ifindex;
		return;
	}
	if (look->notes->is_of_others || !look_source(look))
		return;
	if (sock->device != ifindex)
		sender_note(sock, ifindex, &look->notes->source, &look->ruling);
	sock->device_source = source_check(&look->notes->source);
	sock->device = ifindex;
}

/* --- judged again --- */

/* What the socket remembers of the packet's destination. Apart from its caller: for its stack. 1;
 * the caller looks at it, as at that of decide_on_lo. */
static __noinline int look_ask_history(struct __sk_buff *skb, const struct packet *pkt, const struct ruling *ruling,
				       struct egret_sock *sock, struct judgement *ret)
{
	struct judging judging = {.skb = skb, .pkt = pkt, .ruling = ruling, .memory = {.sock = sock}};

	if (!pkt || !ruling || !sock || !ret)
		return 0;
	judging.subject = subject_of(sock);
	decide_with_history(&judging, ret);
	return 1;
}

/* As the hook would. */
static __always_inline void look_judge_again(const struct look *look, struct egret_sock *sock)
{
	struct judgement *verdict = &look->notes->verdict;
	struct packet *pkt = &look->notes->pkt;
	struct subject subject;

	subject_refresh(sock, &look->ruling);
	subject = subject_of(sock);
	decide_first_packet(pkt, &subject, &look->ruling, verdict);
	if (!look_ask_history(look->skb, pkt, &look->ruling, sock, verdict))
		verdict_deny(verdict, EGRET_REASON_NO_MEMORY);
	add_audit_lines(pkt, &subject, &look->ruling, verdict);
	look_judge_content(look, sock->audience);
}

/* The reason of a packet that did not leave its socket so. */
static __always_inline __u8 look_what_became(const struct look *look, const struct bpf_sock *sk)
{
	return sk->protocol == look->notes->pkt.l4_proto || sk->protocol == IPPROTO_RAW ? EGRET_REASON_REWRITTEN
											: EGRET_REASON_TUNNEL;
}

/* @past: the reason where no rule allows it. */
static __always_inline int look_again(const struct look *look, struct egret_sock *sock, __u8 past)
{
	struct judgement *verdict = &look->notes->verdict;
	struct packet *pkt = &look->notes->pkt;

	if (look_is_overlay(look))
		return look_pass(look, EGRET_LOOK_OVERLAY);
	if (pkt->reason)
		verdict_deny(verdict, pkt->reason);
	else
		look_judge_again(look, sock);
	if (verdict->allow)
		return look_pass(look, EGRET_LOOK_SOCKET);
	look_explain(pkt, past, verdict);
	return look_deny(look, sock);
}

/* What a stamped socket says of the packet. */
static __always_inline int look_by_peer(const struct look *look, struct bpf_sock *sk, struct egret_sock *sock)
{
	int stamp = look_stamp(sock, &look->notes->pkt, look->ruling.generation);

	/* The hook saw another source, if it was rewritten since. */
	look->notes->verdict.rule = sock->peer.rule;
	if (stamp >= STAMP_ALLOWED && look_is_forged(look))
		return look_deny_for(look, sock, EGRET_REASON_FORGED);
	subject_refresh(sock, &look->ruling);
	if (stamp >= STAMP_ALLOWED && look_is_unserved(look, sock->audience))
		return look_deny_for(look, sock, EGRET_REASON_NOT_SERVER);
	if (stamp >= STAMP_ALLOWED ||
	    (stamp == STAMP_DENIED && subject_is_audited(sock, sock->audience, &look->ruling))) {
		look_tell_socket(look, sock);
		return TC_ACT_UNSPEC;
	}
	return look_again(look, sock, look_what_became(look, sk));
}

/* What IPsec wraps of the node's own socket is judged by where it goes inside. */
static __always_inline int look_in_ipsec(const struct look *look, struct egret_sock *sock)
{
	struct packet *pkt = &look->notes->pkt;
	int says = ipsec_tell(look->skb, sock, &look->ruling, pkt);

	if (says == IPSEC_UNTOLD && ipsec_knows_wrapped(look->skb, sock))
		return look_pass(look, EGRET_LOOK_SOCKET);
	if (says == IPSEC_TOLD && look_stamp(sock, pkt, look->ruling.generation) >= STAMP_ALLOWED)
		return TC_ACT_UNSPEC;
	if (subject_is_audited(sock, sock->audience, &look->ruling))
		return TC_ACT_UNSPEC; /* the hook has counted it */
	if (says == IPSEC_TOLD)
		return look_again(look, sock, EGRET_REASON_IPSEC);
	return says == IPSEC_UNTOLD ? look_deny_for(look, sock, EGRET_REASON_IPSEC)
				    : look_pass(look, EGRET_LOOK_SOCKET);
}

/* Of a socket of the kernel's: does IPsec wrap what it says? */
static __always_inline bool look_is_kernels_in_ipsec(const struct look *look)
{
	return look->layer == EGRET_LAYER_UPLINK && ipsec_may_be_outer(look->skb, &look->notes->pkt) &&
	       !forwarded_elsewhere(look->skb);
}

static __always_inline int look_by_stamp(const struct look *look, struct bpf_sock *sk, struct egret_sock *sock)
{
	if (sock->origin == EGRET_ORIGIN_KERNEL)
		return sk->protocol == look->notes->pkt.l4_proto || look_is_kernels_in_ipsec(look)
			   ? look_pass(look, EGRET_LOOK_KERNEL)
			   : LOOK_ON;
	if (look->layer == EGRET_LAYER_UPLINK && ipsec_is_outer(sk, sock, &look->notes->pkt) &&
	    !forwarded_elsewhere(look->skb))
		return look_in_ipsec(look, sock);
	return look_by_peer(look, sk, sock);
}

/* --- without a socket --- */

/* What the socket says that was looked for. That the packet is its own, nobody can tell. */
static __always_inline int look_by_found(const struct look *look, struct egret_sock *sock)
{
	if (look_stamp(sock, &look->notes->pkt, look->ruling.generation) == STAMP_ALLOWED_NOW) {
		look_tell_socket(look, sock);
		return look_pass(look, EGRET_LOOK_SOCKET);
	}
	return look_again(look, sock, EGRET_REASON_NOT_A_SOCKET);
}

/* It may have lost its socket on its way, or the kernel made it. @netns: whose sockets are asked, LOOKUP_NOWHERE. */
#define LOOKUP_NOWHERE (~0ULL - 1)
static __always_inline int look_alone(const struct look *look, __u64 netns)
{
	struct lookup found = {};

	if (kernel_made_alone(look->skb, &look->notes->frame, &look->notes->pkt))
		return look_pass(look, EGRET_LOOK_KERNEL);
	if (netns == LOOKUP_NOWHERE)
		return LOOK_ON;
	lookup_socket(look, netns, &found);
	if (found.kernels)
		return look_pass(look, EGRET_LOOK_KERNEL);
	return found.sock ? look_by_found(look, found.sock) : LOOK_ON;
}

/* --- by any socket --- */

/* @sk has no stamp: what no hook saw (AF_PACKET, AF_XDP, tap), or the kernel's. @sender: blank. */
static __always_inline int look_by_socket(const struct look *look, struct bpf_sock *sk, struct egret_sock *sender)
{
	if (kernel_made_by_control(sk, &look->notes->pkt, sender))
		return look_pass(look, EGRET_LOOK_KERNEL);
	if (sk->type == SOCK_RAW && socket_is_kernels(sk, sender))
		return look_is_kernels_in_ipsec(look) ? look_pass(look, EGRET_LOOK_KERNEL) : LOOK_ON;
	if (!look_is_governed(look->skb)) {
		if (look->layer == EGRET_LAYER_DEVICE)
			sender_note_outsider(look->skb);
		return look_pass(look, EGRET_LOOK_OUTSIDE);
	}
	sender_of_socket(look->skb, sk, &look->ruling, sender);
	return look_in_full(look, sender);
}

/* What stands in place of a socket (a connection that comes in, or ended) has no stamp, and a listener sends nothing
 * itself: the kernel speaks for them. @sk: a socket itself, where @full is one. */
static __always_inline bool look_is_for_connection_in_ipsec(const struct look *look, const struct bpf_sock *sk,
							    const struct bpf_sock *full)
{
	__u32 state = sk->state;

	if (full ? full->protocol != IPPROTO_TCP || state != BPF_TCP_LISTEN
		 : state != BPF_TCP_NEW_SYN_RECV && state != BPF_TCP_TIME_WAIT)
		return false;
	return look_is_kernels_in_ipsec(look);
}

/* LOOK_ON: it has none that says who sends. @netns as in look_alone. */
static __always_inline int look_by_sender(const struct look *look, struct egret_sock *sender, __u64 netns)
{
	struct bpf_sock *sk = look->skb->sk, *full;
	struct egret_sock *sock;

	if (!sk)
		return look_alone(look, netns);
	full = bpf_sk_fullsock(sk);
	if (look_is_for_connection_in_ipsec(look, sk, full))
		return look_pass(look, EGRET_LOOK_KERNEL);
	if (!full)
		return kernel_made_for_connection(sk, &look->notes->pkt) ? look_pass(look, EGRET_LOOK_KERNEL) : LOOK_ON;
	if (kernel_made_for_listener(look->skb, full, &look->notes->frame))
		return look_pass(look, EGRET_LOOK_KERNEL);
	sock = stamp_of(full);
	return sock ? look_by_stamp(look, full, sock) : look_by_socket(look, full, sender);
}

/* --- device --- */

/* Neither IP nor what a link needs. */
static __always_inline int look_deny_frame(const struct look *look, struct egret_sock *sender)
{
	struct bpf_sock *sk = look->skb->sk;

	sk = sk ? bpf_sk_fullsock(sk) : 0;
	if (sk && !look_is_governed(look->skb))
		return look_pass(look, EGRET_LOOK_OUTSIDE);
	if (sk)
		sender_of_socket(look->skb, sk, &look->ruling, sender);
	else if (!sender_of_device(look->skb->ifindex, &look->ruling, sender))
		return look_pass(look, EGRET_LOOK_OUTSIDE);
	return look_deny_for(look, sender, EGRET_REASON_NOT_IP);
}

static __always_inline __u64 look_netns_behind(const struct look *look)
{
	return look->device_flags & EGRET_DEVICE_HAS_PEER ? (__u64)(__u32)look->device->peer_nsid : LOOKUP_NOWHERE;
}

static __always_inline int look_by_device(const struct look *look, struct egret_sock *sender)
{
	int action;

	look->notes->is_of_others = source_is_others(look);
	if (look->notes->is_of_others && look->ruling.settings->foreign_sources != EGRET_FOREIGN_ALL) {
		action = source_deny(look, sender);
		if (action != LOOK_ON)
			return action;
	}
	action = look_by_sender(look, sender, look_netns_behind(look));
	if (action != LOOK_ON)
		return action;
	if (!sender_of_device(look->skb->ifindex, &look->ruling, sender))
		return look_pass(look, EGRET_LOOK_OUTSIDE);
	return look_in_full(look, sender);
}

/* Global: the entry's stack and this one's are verified apart. */
__noinline int look_at_device(struct __sk_buff *skb)
{
	int action, says = FRAGMENT_NOTHING;
	struct egret_sock *sender;
	struct look look;
	__u64 hash = 0;

	if (!look_begin(skb, EGRET_LAYER_DEVICE, &look))
		return TC_ACT_UNSPEC;
	sender = &look.notes->sender;
	if (look.notes->frame.protocol == bpf_htons(ETH_P_ARP))
		return look_pass(&look, EGRET_LOOK_LINK);
	if (!frame_is_ip(&look.notes->frame))
		return look_deny_frame(&look, sender);
	if (look.notes->pkt.reason == EGRET_REASON_FRAGMENT)
		says = fragment_ask(&look, &hash);
	if (says == FRAGMENT_OF_PASSED)
		return TC_ACT_UNSPEC;
	action = look_by_device(&look, sender);
	if (says == FRAGMENT_FIRST && action == TC_ACT_UNSPEC)
		fragments_pass(hash);
	return action;
}

/* --- uplink --- */

/* What a link needs passes from whomever; what else is no IP only where it is handed on. More tags than are read hide
 * what is in the frame. */
static __always_inline bool look_is_of_link(const struct look *look)
{
	const struct frame *frame = &look->notes->frame;

	if (frame_is_of_link(frame))
		return true;
	return !look->skb->sk && look->skb->ingress_ifindex && !frame_is_tag(frame->protocol);
}

static __always_inline int look_by_uplink(const struct look *look, struct egret_sock *sender)
{
	__u64 netns = look->skb->ingress_ifindex ? LOOKUP_NOWHERE : (__u64)BPF_F_CURRENT_NETNS;
	int action = look_by_sender(look, sender, netns);

	if (action != LOOK_ON)
		return action;
	action = look_forwarded(look, sender);
	if (action != LOOK_ON)
		return action;
	if (look_is_overlay(look))
		return look_pass(look, EGRET_LOOK_OVERLAY);
	/* The sender stays unknown: a copy that a pod's nft makes (macvlan, ipvlan) has no socket either. */
	return look_in_full(look, sender);
}

__noinline int look_at_uplink(struct __sk_buff *skb)
{
	int action, says = FRAGMENT_NOTHING;
	struct egret_sock *sender;
	struct look look;
	__u64 hash = 0;

	if (!skb->sk && skb->ingress_ifindex && forwarded_as_it_was(skb))
		return TC_ACT_UNSPEC;
	if (!look_begin(skb, EGRET_LAYER_UPLINK, &look))
		return TC_ACT_UNSPEC;
	sender = &look.notes->sender;
	if (!frame_is_ip(&look.notes->frame)) {
		if (look_is_of_link(&look))
			return look_pass(&look, EGRET_LOOK_LINK);
		return look_deny_frame(&look, sender);
	}
	if (look.notes->pkt.reason == EGRET_REASON_FRAGMENT && !skb->ingress_ifindex)
		says = fragment_ask(&look, &hash);
	if (says == FRAGMENT_OF_PASSED)
		return TC_ACT_UNSPEC;
	action = look_by_uplink(&look, sender);
	if (says == FRAGMENT_FIRST && action == TC_ACT_UNSPEC)
		fragments_pass(hash);
	return action;
}

#endif
