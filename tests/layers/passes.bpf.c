// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Another's programs at a device, which let all pass, and do not ask those after them. */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#define TC_OK    0 /* linux/pkt_cls.h, linux/bpf.h */
#define XDP_GOES 2

SEC("tc")
int passes(void *context)
{
	(void)context;
	return TC_OK;
}

SEC("xdp")
int passes_early(void *context)
{
	(void)context;
	return XDP_GOES;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
