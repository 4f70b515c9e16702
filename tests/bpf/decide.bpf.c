// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The programs' own learning and decision, for any sender: `teach` is what the agent runs, `decide` a first packet.
 * What is asked is the packet, and the answer is written into it.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "decision.h"
#include "first_packet.h"
#include "maps.h"
#include "names.h"
#include "packet.h"
#include "subject.h"
#include "teach_run.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* As the agent teaches. */
SEC("cgroup_skb/ingress")
int teach(struct __sk_buff *skb)
{
	return teach_run(skb) & 1;
}

SEC("tc")
int decide(struct __sk_buff *skb)
{
	struct decision *decision = (void *)(long)skb->data;
	__u64 tick = bpf_jiffies64();
	struct judgement verdict = {};
	struct packet pkt = {};
	struct subject subject;
	struct ruling ruling;

	if (!ruling_take(&ruling) || (void *)(decision + 1) > (void *)(long)skb->data_end)
		return 1;
	((__u64 *)&pkt.addr)[0] = decision->halves[0];
	((__u64 *)&pkt.addr)[1] = decision->halves[1];
	pkt.l4_proto = decision->l4_proto;
	pkt.port = decision->port;
	subject = (struct subject){.scope = decision->scope, .audience = decision->audience};
	decide_first_packet(&pkt, &subject, &ruling, &verdict);
	if (!verdict.allow)
		explain_special(&pkt, &subject, ruling.slot, &verdict);
	add_audit_lines(&pkt, &subject, &ruling, &verdict);
	decision = (void *)(long)skb->data;
	if ((void *)(decision + 1) > (void *)(long)skb->data_end)
		return 1;
	decision->tick = tick;
	decision->ticks_taken = bpf_jiffies64() - tick;
	decision->rule = verdict.rule;
	decision->allow = verdict.allow;
	decision->reason = verdict.reason;
	decision->told = verdict.told_only;
	return 0;
}
