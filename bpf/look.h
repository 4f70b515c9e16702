/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A look at a frame (hook_device.h): what is known of it, and its ends. What passes is counted by why it does
 * (`looks`), what is denied as any denial, with the device's name where no process is known.
 */
#ifndef EGRET_BPF_LOOK_H
#define EGRET_BPF_LOOK_H

#include "account.h"
#include "decide.h"
#include "frame.h"
#include "ipsec.h"
#include "packet.h"
#include "policy.h"
#include "sender.h"
#include "served.h"
#include "source.h"

/* UDP ports of tunnels: VXLAN (RFC 7348) and Linux's own default for it (drivers/net/vxlan), GENEVE (RFC 8926), GTP-U
 * (3GPP TS 29.281), WireGuard's in its documentation. IPsec's is in ipsec.h. */
#define PORT_VXLAN       4789
#define PORT_VXLAN_LINUX 8472
#define PORT_GENEVE      6081
#define PORT_GTP_U       2152
#define PORT_WIREGUARD   51820

/* Not an end yet. */
#define LOOK_ON (-2)

/* What is found out, one for each CPU, since a tc program is not interrupted by another one: the stack, 512 octets for
 * a whole chain of calls, has no room. */
struct look_notes {
	struct packet pkt;
	struct egret_addr source __attribute__((aligned(8))); /* where somebody asked for it: look_source */
	struct packet from;                                   /* who began a connection that was translated */
	struct frame frame;
	struct bpf_fib_lookup route; /* own_source.h */
	bool is_of_others;           /* `source` is not the sender's own */
	struct judgement verdict;
	struct egret_sock sender; /* of what has no stamped socket */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct look_notes);
} looking SEC(".maps");

struct look {
	struct __sk_buff *skb;
	struct look_notes *notes;
	const struct egret_device *device; /* NULL: nothing was said of it */
	struct ruling ruling;
	__u32 device_flags; /* EGRET_DEVICE_* */
	__u32 layer;        /* enum egret_layer */
};

/* NULL: never. */
static __always_inline struct look_notes *look_blank(const struct egret_device *device)
{
	__u32 zero = 0;
	struct look_notes *notes = bpf_map_lookup_elem(&looking, &zero);

	if (!notes)
		return 0;
	__builtin_memset(notes, 0, sizeof(*notes));
	if (device)
		__builtin_memcpy(notes->sender.comm, device->name, sizeof(notes->sender.comm));
	return notes;
}
_Static_assert(EGRET_DEVICE_NAME_SIZE == EGRET_COMM_SIZE, "a device's name takes the place of a process's");

/* Of an IPv6 fragment, the protocol that its header names, where that stands at once behind the fixed one, as a kernel
 * puts it. */
static __always_inline void look_read_fragment(const struct look *look)
{
	__u32 ip_at = look->notes->frame.ip_at;
	__u8 next = 0;

	if (look->notes->pkt.reason != EGRET_REASON_FRAGMENT || look->notes->frame.protocol != bpf_htons(ETH_P_IPV6) ||
	    bpf_skb_load_bytes(look->skb, ip_at + __builtin_offsetof(struct ipv6hdr, nexthdr), &next, sizeof(next)) ||
	    next != IPPROTO_FRAGMENT ||
	    bpf_skb_load_bytes(look->skb, ip_at + sizeof(struct ipv6hdr), &next, sizeof(next)))
		return;
	look->notes->pkt.l4_proto = next;
}

/* Room for all headers that are read. */
#define LOOK_HEADERS_BYTES 256

/* A ring of AF_PACKET or AF_XDP is its sender's own memory, and he may write to it while the packet is under way. What
 * is pulled is copied, and is the kernel's. bpf_skb_pull_data: 4.9. */
static __always_inline void look_hold(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	if (sk && sk->family != AF_INET && sk->family != AF_INET6)
		bpf_skb_pull_data(skb, skb->len < LOOK_HEADERS_BYTES ? skb->len : LOOK_HEADERS_BYTES);
}

static __always_inline void look_read(const struct look *look)
{
	struct frame *frame = &look->notes->frame;
	struct packet *pkt = &look->notes->pkt;

	look_hold(look->skb);
	if (look->device_flags & EGRET_DEVICE_NO_MAC)
		frame_read_bare(look->skb, frame);
	else
		frame_read_ethernet(look->skb, frame);
	pkt->len_bytes = look->skb->len - frame->ip_at;
	if (frame_is_ip(frame))
		packet_parse_slowly(look->skb, frame->ip_at, frame->protocol, PACKET_DESTINATION, pkt);
	look_read_fragment(look);
}

/* False: nothing is looked at. */
static __always_inline bool look_begin(struct __sk_buff *skb, __u32 layer, struct look *ret)
{
	__u32 ifindex = skb->ifindex;

	ret->skb = skb;
	ret->layer = layer;
	if (!ruling_take(&ret->ruling) || !ret->ruling.generation || ret->ruling.settings->layers == EGRET_LAYERS_OFF)
		return false;
	ret->device = bpf_map_lookup_elem(&devices, &ifindex);
	ret->device_flags = ret->device ? ret->device->flags : 0;
	ret->notes = look_blank(ret->device);
	if (!ret->notes)
		return false;
	look_read(ret);
	return true;
}

/* False: it cannot be read. */
static __always_inline bool look_source(const struct look *look)
{
	struct look_notes *notes = look->notes;

	return packet_source(look->skb, notes->frame.ip_at, notes->frame.protocol, &notes->source);
}

/* The cgroup that the hooks are attached to, and how deep it lies; 0 = the root, where all are governed. */
const volatile __u64 governed_cgroup = 0;
const volatile __u32 governed_depth = 0;

static __always_inline bool look_is_governed(struct __sk_buff *skb)
{
	return !governed_depth || bpf_skb_ancestor_cgroup_id(skb, governed_depth) == governed_cgroup;
}

/* --- ends --- */

/* Below an uplink, which counted it. */
static __always_inline bool look_is_second(const struct look *look)
{
	return look->device_flags & EGRET_DEVICE_LOWER;
}

static __always_inline int look_pass(const struct look *look, __u32 why)
{
	if (!look_is_second(look))
		counter_add(&looks, EGRET_LOOK_INDEX(look->layer, why), look->notes->pkt.len_bytes);
	return TC_ACT_UNSPEC;
}

/* As look->notes->verdict says. */
static __always_inline int look_deny(const struct look *look, struct egret_sock *sender)
{
	__u32 ifindex = look->skb->ifindex;

	return account_denied_at(sender, &look->notes->pkt, &look->notes->verdict, &look->ruling, ifindex)
		   ? TC_ACT_UNSPEC
		   : TC_ACT_SHOT;
}

static __always_inline int look_deny_for(const struct look *look, struct egret_sock *sender, __u8 reason)
{
	verdict_deny(&look->notes->verdict, reason);
	return look_deny(look, sender);
}

/* --- overlays --- */

static __always_inline bool look_has_overlay(__u8 l4_proto, bool of_near_port, __u16 port)
{
	struct egret_overlay key = {.l4_proto = l4_proto, .of_near_port = of_near_port, .port = port};

	return bpf_map_lookup_elem(&overlays, &key);
}

/* The outer packet of a device that `set overlay` names, as far as it tells: only what the node itself makes is asked
 * about at uplinks. */
static __always_inline bool look_is_overlay(const struct look *look)
{
	const struct packet *pkt = &look->notes->pkt;

	if (look->layer != EGRET_LAYER_UPLINK || pkt->reason)
		return false;
	if (pkt->l4_proto != IPPROTO_UDP)
		return look_has_overlay(pkt->l4_proto, false, 0);
	return look_has_overlay(pkt->l4_proto, false, pkt->port) ||
	       look_has_overlay(pkt->l4_proto, true, bpf_ntohs(pkt->near_port_be));
}

/* --- why it is denied --- */

static __always_inline bool look_is_tunnel(const struct packet *pkt)
{
	switch (pkt->l4_proto) {
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
	case IPPROTO_GRE:
	case IPPROTO_ESP:
	case IPPROTO_AH:
	case IPPROTO_COMP:
		return true;
	case IPPROTO_UDP:
		break;
	default:
		return false;
	}
	return pkt->port == PORT_VXLAN || pkt->port == PORT_VXLAN_LINUX || pkt->port == PORT_GENEVE ||
	       pkt->port == PORT_GTP_U || pkt->port == PORT_IPSEC || pkt->port == PORT_WIREGUARD;
}

/* What no rule allows says what it was; what says more already, or was not judged by rules, goes on saying that. */
static __always_inline void look_explain_as(struct judgement *verdict, __u8 reason)
{
	switch (verdict->reason) {
	case EGRET_REASON_NO_RULE:
	case EGRET_REASON_PORT:
	case EGRET_REASON_CLASS:
	case EGRET_REASON_SPECIAL_ADDRESS:
	case EGRET_REASON_EXPIRED:
		verdict->reason = reason;
		if (!verdict->told_only)
			verdict->rule = 0;
	}
}

static __always_inline void look_explain(const struct packet *pkt, __u8 past, struct judgement *verdict)
{
	look_explain_as(verdict, look_is_tunnel(pkt) ? EGRET_REASON_TUNNEL : past);
}

/* --- the policy in full --- */

/* By the rule of its verdict: what answers a datagram that came in may come from a resolver. */
static __always_inline bool look_is_forged(const struct look *look)
{
	struct look_notes *notes = look->notes;

	return source_is_forged(look->skb, notes->frame.ip_at, notes->frame.protocol, &notes->pkt, &notes->verdict,
				look->ruling.slot);
}

/* Does it speak for a resolver that the policy says is served by others? Where the policy does not say, the hook
 * counts. The name is looked for only behind port 53. */
static __always_inline bool look_is_unserved(const struct look *look, __u32 audience)
{
	struct look_notes *notes = look->notes;
	const __u64 *halves = (const __u64 *)&notes->source;

	if (notes->pkt.near_port_be != bpf_htons(DNS_PORT) || !look_source(look) ||
	    served_look_up(halves[0], halves[1], look->ruling.slot, audience) != SERVED_REFUSE)
		return false;
	served_account_for(&notes->pkt, &notes->source);
	return true;
}

/* Whoever sends it is of this @audience. */
static __always_inline void look_judge_content(const struct look *look, __u32 audience)
{
	struct judgement *verdict = &look->notes->verdict;

	if (egret_passes(verdict) && look_is_forged(look))
		verdict_deny(verdict, EGRET_REASON_FORGED);
	else if (egret_passes(verdict) && look_is_unserved(look, audience))
		verdict_deny(verdict, EGRET_REASON_NOT_SERVER);
	if (policy_is_stale(&look->ruling))
		verdict_of_stale_policy(verdict, look->ruling.slot);
}

/* By the rules for @sender, who needs no socket. */
static __always_inline void look_judge(const struct look *look, const struct egret_sock *sender)
{
	struct judgement *verdict = &look->notes->verdict;
	struct subject subject = subject_of(sender);
	struct packet *pkt = &look->notes->pkt;

	if (pkt->reason) {
		verdict_deny(verdict, pkt->reason);
		return;
	}
	decide_by_policy(pkt, &subject, &look->ruling, verdict);
	look_judge_content(look, sender->audience);
	if (!verdict->allow)
		look_explain(pkt, EGRET_REASON_NOT_A_SOCKET, verdict);
}

static __always_inline int look_in_full(const struct look *look, struct egret_sock *sender)
{
	look_judge(look, sender);
	if (!look->notes->verdict.allow)
		return look_deny(look, sender);
	if (!look_is_second(look))
		account_allowed(look->notes->verdict.rule, &look->notes->pkt);
	return look_pass(look, EGRET_LOOK_RULE);
}

#endif
