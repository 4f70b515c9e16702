/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the node's connection tracking knows of a packet: where its connection was to go before NAT, and from where. Its
 * types may come with a module when the programs are loaded already, so the agent says where things lie
 * (egret_conntrack_places). bpf_probe_read_kernel: 5.8.
 */
#ifndef EGRET_BPF_CONNTRACK_H
#define EGRET_BPF_CONNTRACK_H

#include "local_addr.h"
#include "maps.h"
#include "packet.h"
#include "policy.h"

/* include/uapi/linux/netfilter/nf_conntrack_common.h */
#define IPS_SRC_NAT (1U << 4)
#define IPS_DST_NAT (1U << 5)

/* struct nf_conntrack_tuple of include/net/netfilter/nf_conntrack_tuple.h, as it is since 2.6.24: the source. */
struct conntrack_source {
	__u32 addr_be[4]; /* of IPv4, the first */
	__u16 port_be;
	__u16 family;
};

enum conntrack_says {
	CONNTRACK_NOTHING,    /* there is no connection, or it cannot be read */
	CONNTRACK_AS_IT_WAS,  /* it goes where its sender wanted, or answers */
	CONNTRACK_TRANSLATED, /* it goes elsewhere */
};

/* Does the packet belong to the answering direction of a connection? */
static __always_inline bool conntrack_answers(struct __sk_buff *skb)
{
	const struct sk_buff *kernels = (const struct sk_buff *)skb;
	__u64 connection = 0;

	KERNEL_READ(connection, kernels->_nfct);
	return (connection & NFCT_INFO) >= IP_CT_ESTABLISHED_REPLY;
}

/* Is the packet of a connection, or about one? What answers nothing, and what conntrack was told not to look at, is of
 * none. */
static __always_inline bool conntrack_knows(struct __sk_buff *skb)
{
	const struct sk_buff *kernels = (const struct sk_buff *)skb;
	__u64 connection = 0;

	KERNEL_READ(connection, kernels->_nfct);
	return connection & ~NFCT_INFO;
}

/* Did NAT put its source there, or may it have, as far as can be read? Of an answer, that is where the first packet was
 * to go. */
static __always_inline bool conntrack_has_source(struct __sk_buff *skb)
{
	const struct sk_buff *kernels = (const struct sk_buff *)skb;
	const struct egret_config *cfg = policy_config();
	__u64 connection = 0, status = 0;
	bool answers = conntrack_answers(skb);

	KERNEL_READ(connection, kernels->_nfct);
	connection &= ~NFCT_INFO;
	if (!connection)
		return false;
	if (!cfg || !cfg->conntrack.original ||
	    bpf_probe_read_kernel(&status, sizeof(status), (void *)(connection + cfg->conntrack.status)))
		return true;
	return status & (answers ? IPS_DST_NAT : IPS_SRC_NAT);
}

static __always_inline bool conntrack_source(const struct egret_conntrack_places *places, __u64 connection,
					     struct packet *ret)
{
	struct conntrack_source source = {};

	if (bpf_probe_read_kernel(&source, sizeof(source), (void *)(connection + places->original)))
		return false;
	if (source.family == AF_INET)
		packet_set_v4(ret, source.addr_be[0]);
	else
		packet_set_words(ret, source.addr_be[0], source.addr_be[1], source.addr_be[2], source.addr_be[3]);
	ret->port_be = source.port_be;
	return true;
}

/* @ret_source: of a connection that was translated, address and port of who began it. Apart from its caller: for its
 * stack. */
static __noinline int conntrack_ask(struct __sk_buff *skb, const struct ruling *ruling, struct packet *ret_source)
{
	const struct sk_buff *kernels = (const struct sk_buff *)skb;
	__u64 connection = 0, status = 0;

	if (!ruling || !ret_source)
		return CONNTRACK_NOTHING;
	KERNEL_READ(connection, kernels->_nfct);
	if ((connection & NFCT_INFO) >= IP_CT_ESTABLISHED_REPLY)
		return CONNTRACK_AS_IT_WAS;
	connection &= ~NFCT_INFO;
	if (!connection || !ruling->cfg->conntrack.original ||
	    bpf_probe_read_kernel(&status, sizeof(status), (void *)(connection + ruling->cfg->conntrack.status)))
		return CONNTRACK_NOTHING;
	if (!(status & IPS_DST_NAT))
		return CONNTRACK_AS_IT_WAS;
	return conntrack_source(&ruling->cfg->conntrack, connection, ret_source) ? CONNTRACK_TRANSLATED
										 : CONNTRACK_NOTHING;
}

#endif
