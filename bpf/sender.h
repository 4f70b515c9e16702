/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who sends what a device shows, where the packet has no stamped socket: the cgroup of the socket that it has
 * (AF_PACKET, AF_XDP, tap), else whoever the device belongs to. Who that is, the first stamped socket shows that sends
 * by it.
 * It stands in a blank egret_sock (look.h).
 */
#ifndef EGRET_BPF_SENDER_H
#define EGRET_BPF_SENDER_H

#include "maps.h"
#include "policy.h"
#include "socket.h"
#include "stamp.h"
#include "subject.h"

/* @sk: of @skb. bpf_skb_cgroup_id at a device: 4.18. */
static __always_inline void sender_of_socket(struct __sk_buff *skb, struct bpf_sock *sk, const struct ruling *ruling,
					     struct egret_sock *ret)
{
	__u64 netns = socket_netns(sk, ret);

	ret->cgroup_id = bpf_skb_cgroup_id(skb);
	stamp_netns(sk, ret, netns);
	subject_begin(ret, netns, ruling);
	subject_end(ret, ruling);
}

static __always_inline bool sender_is_pod(__u32 audience)
{
	return audience && egret_audience_kind(audience) != EGRET_KIND_HOST;
}

static __always_inline void sender_take(const struct egret_sender *sender, const struct ruling *ruling,
					struct egret_sock *ret)
{
	ret->cgroup_id = sender->cgroup_id;
	ret->owner = sender->owner;
	ret->scope = sender->scope;
	ret->in_node_netns = sender->in_node_netns;
	audience_find(ret->owner, ret->in_node_netns, ruling, &ret->audience);
	ret->audience_generation = ruling->generation;
}

/* Whoever sends by the device @ifindex. Where nobody is known, @ret stays nobody: every deny is for that, and of what
 * allows, that which is for all. False: it is not governed. */
static __always_inline bool sender_of_device(__u32 ifindex, const struct ruling *ruling, struct egret_sock *ret)
{
	struct egret_sender *sender = bpf_map_lookup_elem(&device_owners, &ifindex);

	if (sender && !sender->owner)
		return false;
	if (sender)
		sender_take(sender, ruling, ret);
	return true;
}

/* --- noting --- */

/* A pod's stays; else the newest one counts. */
static __always_inline bool sender_gives_way(const struct egret_sender *stands, const struct egret_sender *now,
					     const struct ruling *ruling)
{
	__u32 audience = EGRET_AUDIENCE_UNKNOWN;

	if (stands->owner == now->owner || !now->owner)
		return false;
	if (stands->owner)
		audience_find(stands->owner, stands->in_node_netns, ruling, &audience);
	return !sender_is_pod(audience);
}

static __always_inline void sender_note_device(const struct egret_sender *now, const struct ruling *ruling)
{
	struct egret_sender *stands = bpf_map_lookup_elem(&device_owners, &now->ifindex);

	if (!stands || sender_gives_way(stands, now, ruling))
		bpf_map_update_elem(&device_owners, &now->ifindex, now, BPF_ANY);
}

/* Who sends by it is not governed: what has no socket there passes too, unless somebody governed was seen first. */
static __noinline int sender_note_outsider(struct __sk_buff *skb)
{
	struct egret_sender outsider = {.cgroup_id = bpf_skb_cgroup_id(skb), .ifindex = skb->ifindex};

	bpf_map_update_elem(&device_owners, &outsider.ifindex, &outsider, BPF_NOEXIST);
	return 0;
}

/* An address is whose it was first, as long as that one's device is there. */
static __always_inline void sender_note_address(const struct egret_sender *now, const struct egret_addr *source)
{
	struct egret_sender *stands = bpf_map_lookup_elem(&senders, source);
	__u32 ifindex = stands ? stands->ifindex : 0;

	if (stands && ifindex != now->ifindex && bpf_map_lookup_elem(&devices, &ifindex))
		return;
	bpf_map_update_elem(&senders, source, now, BPF_ANY);
}

/* A stamped socket was seen to send from @source by @ifindex. Apart from its caller: for its stack. */
static __noinline int sender_note(const struct egret_sock *sock, __u32 ifindex, const struct egret_addr *source,
				  const struct ruling *ruling)
{
	struct egret_sender now = {.ifindex = ifindex};

	if (!sock || !source || !ruling)
		return 0;
	now.cgroup_id = sock->cgroup_id;
	now.owner = sock->owner;
	now.scope = sock->scope;
	now.in_node_netns = sock->in_node_netns;
	sender_note_device(&now, ruling);
	sender_note_address(&now, source);
	return 0;
}

#endif
