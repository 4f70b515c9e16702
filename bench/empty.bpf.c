// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What an attached program costs at least: the unit of the ratios. */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "Dual BSD/GPL";

SEC("cgroup_skb/egress")
int empty(struct __sk_buff *skb)
{
	(void)skb;
	return 1;
}

SEC("cgroup_skb/ingress")
int empty_ingress(struct __sk_buff *skb)
{
	(void)skb;
	return 1;
}
