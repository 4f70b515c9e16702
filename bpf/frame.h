/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A frame as it lies before a device: where its IP header begins, and what it says of itself. It is read, and never
 * skb->protocol, which a sender by AF_PACKET names as he likes.
 */
#ifndef EGRET_BPF_FRAME_H
#define EGRET_BPF_FRAME_H

#include "kernel_words.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* In the frame; one more may be beside it (skb->vlan_tci), which no frame shows. IEEE 802.1ad has two. */
#define FRAME_MAX_TAGS 3
#define VLAN_HLEN      4

struct frame {
	__u32 ip_at;
	__u32 protocol; /* ethertype in network order; 0 = the frame is too short to have one */
};

static __always_inline bool frame_is_tag(__u32 protocol)
{
	return protocol == bpf_htons(ETH_P_8021Q) || protocol == bpf_htons(ETH_P_8021AD);
}

static __always_inline bool frame_is_ip(const struct frame *frame)
{
	return frame->protocol == bpf_htons(ETH_P_IP) || frame->protocol == bpf_htons(ETH_P_IPV6);
}

/* Frames without an Ethernet header begin with an IP header, whose first octet says which it is. */
static __always_inline void frame_read_bare(struct __sk_buff *skb, struct frame *ret)
{
	__u8 octet = 0;

	ret->ip_at = 0;
	bpf_skb_load_bytes(skb, 0, &octet, sizeof(octet));
	ret->protocol = octet >> 4 == 4 ? bpf_htons(ETH_P_IP) : octet >> 4 == 6 ? bpf_htons(ETH_P_IPV6) : 0;
}

/* By bpf_skb_load_bytes: a frame of TX_RING is not linear. */
static __always_inline void frame_read_ethernet(struct __sk_buff *skb, struct frame *ret)
{
	__u16 type = 0;

	ret->ip_at = ETH_HLEN;
	bpf_skb_load_bytes(skb, ETH_HLEN - sizeof(type), &type, sizeof(type));
	for (int i = 0; i < FRAME_MAX_TAGS && frame_is_tag(type); i++) {
		ret->ip_at += VLAN_HLEN;
		if (bpf_skb_load_bytes(skb, ret->ip_at - sizeof(type), &type, sizeof(type)))
			type = 0;
	}
	ret->protocol = type;
}

/* What a link needs beside IP and ARP, which no network behind it hands on. */
static __always_inline bool frame_is_of_link(const struct frame *frame)
{
	__u16 protocol = bpf_ntohs(frame->protocol);

	return protocol == ETH_P_ARP || protocol == ETH_P_LLDP || protocol == ETH_P_PAE || protocol == ETH_P_SLOW ||
	       (protocol && protocol < ETH_P_802_3_MIN);
}

#endif
