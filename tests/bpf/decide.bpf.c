// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The programs' own learning and decision, for any sender: `teach` is an answer that is believed, `decide` a first
 * packet. What is asked is the packet, and the answer is written into it.
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
#include "teach.h"

char _license[] SEC("license") = "Dual BSD/GPL";

/* Numbers of buffers. Nobody else reads messages here. */
#define QUESTION 0
#define ANSWER   QUESTION_BUFFERS

/* As answer_take of teach.h, from where it knows whose answer it is. */
SEC("tc")
int teach(struct __sk_buff *skb)
{
	struct lesson *lesson = (void *)(long)skb->data;
	struct question *question = question_of(QUESTION);
	struct answer *answer = answer_of(ANSWER);
	struct ruling ruling;
	__u64 halves[2];

	if (!ruling_take(&ruling) || !question || !answer || (void *)(lesson + 1) > (void *)(long)skb->data_end)
		return 1;
	halves[0] = lesson->halves[0];
	halves[1] = lesson->halves[1];
	answer->scope = lesson->scope;
	answer->subject = lesson->subject;
	answer->ttl_sec = lesson->ttl_sec;
	if (bpf_skb_load_bytes(skb, __builtin_offsetof(struct lesson, dns), question->bytes, LESSON_DNS_BYTES) ||
	    bpf_skb_load_bytes(skb, __builtin_offsetof(struct lesson, dns), answer->bytes, LESSON_DNS_BYTES))
		return 1;
	question->message.len = answer->message.len = LESSON_DNS_BYTES;
	answer->slot = ruling.slot;
	answer->name = answer_name_read(ANSWER, DNS_HEADER);
	name_remember(QUESTION, answer->name);
	name_note_suffixes(ANSWER);
	answer->rule_names[0] = name_find_rule(ANSWER, EGRET_DEST_TEACHES, 0);
	answer->rule_names[1] = name_find_rule(ANSWER, EGRET_DEST_TEACHES, 1);
	answer->outside = !answer->rule_names[ruling.slot & 1];
	learn(ANSWER, answer, halves);
	return 0;
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
	decision = (void *)(long)skb->data;
	if ((void *)(decision + 1) > (void *)(long)skb->data_end)
		return 1;
	decision->tick = tick;
	decision->ticks_taken = bpf_jiffies64() - tick;
	decision->rule = verdict.rule;
	decision->allow = verdict.allow;
	decision->reason = verdict.reason;
	return 0;
}
