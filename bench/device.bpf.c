// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The program of the layer device, of packets whose socket's hook has judged them: BPF_PROG_TEST_RUN makes a socket
 * that no hook knows, so that its first packet stamps it here. And what an attached program costs at least. */
#include "egret.bpf.c"

static __always_inline void stamp(struct __sk_buff *skb)
{
	struct bpf_sock *sk = socket_full(skb);
	struct standing standing = {};
	struct packet pkt = {};
	struct egret_sock *sock;

	sock = sk ? bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE) : 0;
	if (!sock || packet_parse(skb, ETH_HLEN, skb->protocol, PACKET_DESTINATION, &pkt))
		return;
	if (!packet_source(skb, ETH_HLEN, skb->protocol, &sock->device_source))
		return;
	sock->device = skb->ifindex;
	peer_write(&sock->peer, &pkt, &standing, EGRET_PEER_ALLOWED, EGRET_RULE_FIRST);
	peer_seal(&sock->peer, 0);
}

/* Another answer than TC_ACT_UNSPEC says that the last packet was not known. */
SEC("tc")
int judged(struct __sk_buff *skb)
{
	if (look_was_judged(skb, EGRET_LAYER_DEVICE))
		return TC_ACT_UNSPEC;
	stamp(skb);
	look_at_device(skb);
	return TC_ACT_SHOT;
}

SEC("tc")
int empty(struct __sk_buff *skb)
{
	(void)skb;
	return TC_ACT_UNSPEC;
}
