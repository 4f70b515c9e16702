/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the agent teaches (struct egret_taught), by the lines by which answers teach.
 */
#ifndef EGRET_BPF_TEACH_RUN_H
#define EGRET_BPF_TEACH_RUN_H

#include "buffer.h"
#include "room.h"
#include "teach.h"

/* Where the agent's octets begin, behind the Ethernet header that is taken away. */
#define TAUGHT_AT(field) (__builtin_offsetof(struct egret_taught, field) - sizeof(((struct egret_taught *)0)->ethernet))

static __always_inline bool taught_read(struct __sk_buff *skb, struct answer *answer, __u32 buffer)
{
	if (bpf_skb_load_bytes(skb, TAUGHT_AT(scope), &answer->scope, sizeof(answer->scope)) ||
	    bpf_skb_load_bytes(skb, TAUGHT_AT(owner), &answer->owner, sizeof(answer->owner)) ||
	    bpf_skb_load_bytes(skb, TAUGHT_AT(ttl_sec), &answer->ttl_sec, sizeof(answer->ttl_sec)) ||
	    bpf_skb_load_bytes(skb, TAUGHT_AT(question), answer->bytes, EGRET_TAUGHT_BYTES))
		return false;
	answer->message.len = EGRET_TAUGHT_BYTES;
	answer->name = answer_name_read(buffer, DNS_HEADER);
	return answer->name && answer->scope;
}

/* The name's text may come from another version's maps. */
static __always_inline void taught_remember(struct __sk_buff *skb, __u64 name)
{
	__u32 buffer = buffer_take(BUFFER_QUESTION, 0);
	struct question *question = question_of(buffer);

	if (!question)
		return;
	question->message.len = EGRET_TAUGHT_BYTES;
	question->message.begin = DNS_HEADER;
	if (!bpf_skb_load_bytes(skb, TAUGHT_AT(question), question->bytes, EGRET_TAUGHT_BYTES) &&
	    name_remember(buffer, name))
		asked_add(buffer, name);
	buffer_give(&question->message);
}

static __always_inline bool taught_take(struct __sk_buff *skb, struct answer *answer, __u32 buffer)
{
	struct ruling ruling;
	__u64 halves[2];

	if (!ruling_take(&ruling))
		return false;
	answer->slot = ruling.slot;
	if (bpf_skb_load_bytes(skb, TAUGHT_AT(addr), halves, sizeof(halves)) || !taught_read(skb, answer, buffer))
		return false;
	taught_remember(skb, answer->name);
	if (lesson_begins(answer, buffer)) {
		learn(buffer, answer, halves[0], halves[1]);
		known_extend(answer);
	}
	return true;
}

static __always_inline int teach_run(struct __sk_buff *skb)
{
	__u32 buffer = buffer_take(BUFFER_ANSWER, 0);
	struct answer *answer = answer_of(buffer);
	bool taken;

	if (!answer)
		return 1;
	answer->chunks_made = 0;
	taken = taught_take(skb, answer, buffer);
	share_tidy(answer->owner, answer->chunks_made, buffer);
	buffer_give(&answer->message);
	return !taken;
}

#endif
