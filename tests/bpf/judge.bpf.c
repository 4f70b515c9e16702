// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The program's own look-up, asked about any destination and subject: BPF_PROG_TEST_RUN
 * of the real hooks makes sockets of the host only. The packet is the question, and
 * the answer is written behind it.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"
#include "packet.h"
#include "policy.h"
#include "question.h"

char _license[] SEC("license") = "Dual BSD/GPL";

SEC("tc")
int judge(struct __sk_buff *skb)
{
	struct question *question = (void *)(long)skb->data;
	struct judgement verdict = {};
	struct ruling ruling;
	__u32 port_key;

	if (!ruling_take(&ruling) || (void *)(question + 1) > (void *)(long)skb->data_end)
		return 1;
	port_key = question->port_key | ruling.slot << EGRET_PORT_KEY_SLOT_SHIFT;
	egret_said_unpack(policy_look_up_both(question->first_half, question->last_half, port_key, question->audience),
			  &verdict);
	question = (void *)(long)skb->data;
	if ((void *)(question + 1) > (void *)(long)skb->data_end)
		return 1;
	question->allow = verdict.allow;
	question->reason = verdict.reason;
	question->rule = verdict.rule;
	return 0;
}
