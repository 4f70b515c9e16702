/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Fragments: of a packet that the hook judged whole, or of one that has no socket here (a namespace below a pod's, a
 * machine). The first one is judged, which shows ports; the others pass because it did. Those that a process makes
 * itself by a raw socket never come so far: the hook denies them.
 */
#ifndef EGRET_BPF_FRAGMENTS_H
#define EGRET_BPF_FRAGMENTS_H

#include "look.h"
#include "place.h"

#define FRAGMENTS_SEC 1 /* between the first and the last of a packet: they leave in one go */

/* Of packets whose first fragment passed: bpf_jiffies64. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EGRET_MAX_FRAGMENTED);
	__type(key, __u64);
	__type(value, __u64);
} fragmented SEC(".maps");

struct fragment {
	__u32 id; /* in network order, as are the others */
	__u32 transport_at;
	__u16 offset_be; /* and flags */
	__u8 l4_proto;
};

/* False: not where a kernel puts it. */
static __always_inline bool fragment_read(const struct look *look, struct fragment *ret)
{
	__u32 ip_at = look->notes->frame.ip_at;
	struct iphdr ip;
	__u16 words[4];

	if (look->notes->frame.protocol == bpf_htons(ETH_P_IP)) {
		if (bpf_skb_load_bytes(look->skb, ip_at, &ip, sizeof(ip)))
			return false;
		ret->id = ip.id;
		ret->offset_be = ip.frag_off & bpf_htons(IP_OFFSET);
		ret->l4_proto = ip.protocol;
		ret->transport_at = ip_at + ip.ihl * 4;
		return true;
	}
	/* The fragment header of RFC 8200 section 4.5, 8 octets, at once behind the fixed header. */
	ret->l4_proto = look->notes->pkt.l4_proto; /* look_read_fragment */
	ret->transport_at = ip_at + sizeof(struct ipv6hdr) + sizeof(words);
	if (ret->l4_proto == IPPROTO_FRAGMENT ||
	    bpf_skb_load_bytes(look->skb, ip_at + sizeof(struct ipv6hdr), words, sizeof(words)))
		return false;
	ret->offset_be = words[1] & bpf_htons(0xfff8);
	ret->id = (__u32)words[3] << 16 | words[2];
	return true;
}

static __always_inline __u64 fragment_hash(const struct look *look, const struct fragment *fragment)
{
	const __u64 *source = (const __u64 *)&look->notes->source, *dest = (const __u64 *)&look->notes->pkt.addr;
	__u64 hash = check_add(0, source[0], hash_keys[0]);

	hash = check_add(hash, source[1], hash_keys[1]);
	hash = check_add(hash, dest[0], hash_keys[2]);
	hash = check_add(hash, dest[1], hash_keys[3]);
	return check_add(hash, (__u64)fragment->id << 32 | look->skb->ifindex, hash_keys[4] ^ fragment->l4_proto);
}

enum fragment_says { FRAGMENT_NOTHING, FRAGMENT_FIRST, FRAGMENT_OF_PASSED };

/* What the packet in look->notes is; of a first one, its ports are in it from now on. @ret: for fragments_pass. Apart
 * from its caller: for its stack. */
static __noinline int fragment_ask(const struct look *look, __u64 *ret)
{
	struct fragment fragment = {};
	__u32 first_4 = 0;
	__u64 *passed;

	if (!look || !ret || !look_source(look) || !fragment_read(look, &fragment))
		return FRAGMENT_NOTHING;
	*ret = fragment_hash(look, &fragment);
	passed = bpf_map_lookup_elem(&fragmented, ret);
	if (fragment.offset_be)
		return passed && bpf_jiffies64() - *passed <= FRAGMENTS_SEC * ticks_per_sec ? FRAGMENT_OF_PASSED
											    : FRAGMENT_NOTHING;
	if (bpf_skb_load_bytes(look->skb, fragment.transport_at, &first_4, sizeof(first_4)))
		return FRAGMENT_NOTHING;
	packet_set_l4(&look->notes->pkt, fragment.l4_proto, first_4, PACKET_DESTINATION);
	look->notes->pkt.reason = EGRET_REASON_NONE;
	return FRAGMENT_FIRST;
}

/* The first one passes, so the others do. */
static __always_inline void fragments_pass(__u64 hash)
{
	__u64 now = bpf_jiffies64();

	bpf_map_update_elem(&fragmented, &hash, &now, BPF_ANY);
}

#endif
