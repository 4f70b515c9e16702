// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a unit with systemd's IPAddressAllow= costs at least: its filter is a
 * cgroup_skb program that reads the address by bpf_skb_load_bytes and looks it up in
 * a trie (systemd, src/core/bpf-firewall.c, add_lookup_instructions). Left out: the
 * trie of IPAddressDeny=, the accounting, IPv6, and the program at ingress.
 */
#include "vmlinux.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ETH_P_IP 0x0800

char _license[] SEC("license") = "Dual BSD/GPL";

struct prefix {
	__u32 len;
	__u32 addr_be;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1 << 20);
	__type(key, struct prefix);
	__type(value, __u64);
} allowed SEC(".maps");

SEC("cgroup_skb/egress")
int lpm(struct __sk_buff *skb)
{
	struct prefix prefix = {.len = 32};

	if (skb->protocol != bpf_htons(ETH_P_IP))
		return 0;
	if (bpf_skb_load_bytes(skb, __builtin_offsetof(struct iphdr, daddr), &prefix.addr_be, sizeof(prefix.addr_be)))
		return 0;
	return bpf_map_lookup_elem(&allowed, &prefix) ? 1 : 0;
}
