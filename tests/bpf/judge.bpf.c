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
	__u64 halves[2], sees;
	struct ruling ruling;
	__u32 port_key, audience;

	if (!ruling_take(&ruling) || (void *)(question + 1) > (void *)(long)skb->data_end)
		return 1;
	port_key = question->port_key | ruling.slot << EGRET_PORT_KEY_SLOT_SHIFT;
	halves[0] = question->first_half;
	halves[1] = question->last_half;
	audience = question->audience;
	egret_said_unpack(policy_look_up_both(halves[0], halves[1], port_key, audience), &verdict);
	sees = egret_audit_counts(&verdict, ruling.settings->has);
	if (sees)
		egret_add_audit(&verdict, policy_look_up_both(halves[0], halves[1],
							      port_key | sees << EGRET_PORT_KEY_SEES_SHIFT, audience));
	question = (void *)(long)skb->data;
	if ((void *)(question + 1) > (void *)(long)skb->data_end)
		return 1;
	question->allow = verdict.allow;
	question->reason = verdict.reason;
	question->told = verdict.told_only;
	question->rule = verdict.rule;
	return 0;
}
