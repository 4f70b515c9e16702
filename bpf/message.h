/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * DNS messages while they are read (RFC 1035 section 4), each in a buffer, together with all that its readers hand to
 * each other: neither the stack, 512 octets for a whole chain of calls, nor the arguments of global functions, five
 * numbers (pointers from 5.12 only), have room for it. So each field says who sets it for whom.
 *
 * Who reads a message takes a buffer (buffer.h), hands its number down, and gives it back.
 */
#ifndef EGRET_BPF_MESSAGE_H
#define EGRET_BPF_MESSAGE_H

#include "maps.h"
#include "egret_addr.h"

#define DNS_HEADER     12  /* octets */
#define QUESTION_BYTES 512 /* what is read of a question: a header, a name, type and class. A power of two */

#define ANSWER_FRESH_WORDS 15
_Static_assert(sizeof(struct egret_learned) <= 8 * ANSWER_FRESH_WORDS &&
		   sizeof(struct egret_known) <= 8 * ANSWER_FRESH_WORDS,
	       "answer.fresh has room for either");

/* How far the reading of a name has come. In memory of the map and not on the stack: the
 * verifier knows nothing of values there, so all turns of a loop look alike to it. */
struct name_reader {
	__u32 at, end; /* end: 0 until a pointer was followed */
	__u32 left;    /* octets of the label under way */
	__u32 jumps;
	__u64 label;
	__u32 whole; /* a question's name: no pointers, there is nothing before it to point to */
	__u32 pad;
};

/* How far the writing of a question's text has come. */
struct text_writer {
	__u32 at;   /* of the message */
	__u32 left; /* octets of the label under way */
	__u32 to;   /* of the text */
};

/* How far the reading of the records has come. */
struct record_reader {
	__u64 last_key;
	__u32 last_pointer; /* names are mostly pointers to the same place */
	__u32 at;
	__u32 ttl_sec; /* of the record under way, and its type */
	__u32 type;
};

/* And of one record's parameters (RFC 9460 section 2.2). */
struct hint_reader {
	__u32 at, end;
	__u32 key;             /* of the parameter before */
	__u32 v4_at, v4_bytes; /* where hints are, and how long they are together; 0 = there are none */
	__u32 v6_at, v6_bytes;
	__u32 pad;
};

/* An alias that an answer has. */
struct dns_alias {
	__u64 owner; /* key; 0 = it was followed */
	__u64 target;
};

/* An address that an answer has. */
struct dns_address {
	__u64 owner; /* key of the record's name */
	__u32 ttl_sec;
	__u16 at; /* of the message */
	__u8 is_v6;
	__u8 of_asked_type;
};

/* What is read of an answer's records. Powers of two: the verifier wants masks. */
#define ANSWER_ALIASES   64
#define ANSWER_ADDRESSES 128
/* The asked name, and what it is an alias of: BIND and Unbound follow no more than 16 (named.conf max-query-restarts,
 * unbound.conf max-query-restarts). */
#define ANSWER_CHAIN 32

/* How far the reading of a TCP segment has come. */
struct segment_reader {
	__u32 at, left;
	/* Of answers: */
	__u32 kept; /* @at is a place of the window, not of the packet */
	/* Of questions: */
	struct egret_asks under_way;
	__u64 refused; /* what question_take said of one that is not to leave */
	__u32 unread;  /* the last one could not be read */
	__u32 holds;   /* what `dns_names = policy` refuses does not leave */
	__u32 end_seq; /* of the octet behind the segment */
	__u32 repeats; /* all of it was sent before */
	__u32 notes;   /* of its octets, those at the end whose questions are new, and may teach */
};

/* What a question and an answer have in common. */
struct message {
	/* buffer.h's own */
	__u32 taken;
	__u32 len;   /* message_load, or the stream's reader: octets of the message */
	__u64 owner; /* buffer.h's own */
	/* name_read, of the name that it read last: for name_note_suffixes, name_rule, name_remember, and for
	 * whoever reads on. */
	__u32 begin, end; /* of the message: the name, and what follows it */
	__u32 label_count;
	__u32 pad;
	__u64 labels[EGRET_MAX_LABELS];
	struct name_reader reader; /* name_read's own */
};

struct question {
	struct message message;
	/* Its server is trusted to teach, and it is a new one: dns_port.h and dns_tcp_out.h for question_take. */
	__u32 trusted;
	__u32 slot;                    /* of the policy that judges it: dns_port.h for question_take */
	__u32 audits;                  /* its sender is only audited: the same */
	__u64 server;                  /* that it leaves for, as query_server: the same */
	struct segment_reader segment; /* of dns_tcp_out.h */
	/* With room for what verifiers take for possible: the most octets that there may be, behind as many. */
	__u8 bytes[QUESTION_BYTES + EGRET_QUESTION_BYTES];
	struct text_writer writer; /* name_remember's own */
	struct egret_asked text;   /* the same, and asked.h's: where it is */
};

struct answer {
	struct message message;
	/* records.h for answer_teach; what came last may be of an earlier answer. */
	struct record_reader records;
	struct hint_reader hints; /* hints.h's own */
	__u32 type;               /* that was asked for: answer_opens for records.h */
	__u32 is_cut; /* the message says that it is cut short, or the buffer has only its beginning: the same */
	__u32 unread; /* something was left out that there is no room for: records.h, hints.h for answer_take */
	__u32 alias_count, address_count, chain_count;
	__u64 halves[2];           /* of the address under way: answer_teach's own */
	__u64 chain[ANSWER_CHAIN]; /* answer_opens puts the asked name first, chain.h adds what it leads to */
	struct dns_alias aliases[ANSWER_ALIASES];
	struct dns_address addresses[ANSWER_ADDRESSES];
	/* By whom it came: dns_udp.h and dns_tcp_in.h for answer_opens. */
	struct egret_addr server;
	__u64 server_port_be;
	/* Whose it is, and which name it teaches: answer_opens, answer_has_subject, taught_take, for learned.h. */
	__u64 scope, owner, name;
	__u32 rules[EGRET_POLICY_SLOTS]; /* of the name, in either slot, as name_rule: lesson_begins for learned.h */
	__u32 outside;                   /* neither slot has a rule for the name: the same */
	__u32 ttl_sec;                   /* of the address under way: answer_teach for learned_add */
	__u64 suffixes[EGRET_SUFFIXES];  /* name_note_suffixes for known_note */
	__u32 ends_sec;                  /* of what ends last: learned_add for known_extend */
	__u32 slot;                      /* of the policy that rules: answer_take for learned_add */
	__u32 made_known;                /* the name is new: known_note for learned_add */
	/* Of the owner's share: learned_enter for share_tidy. Who takes the buffer begins at 0. */
	__u32 chunks_made;
	struct segment_reader segment; /* of dns_tcp_in.h */
	/* learned.h's and share.h's own, for lack of stack: an egret_learned or an egret_known. They have locks, of
	 * which a map's value may have one in all. */
	__u64 fresh[ANSWER_FRESH_WORDS];
	/* Twice: a stream's octets are put behind those that came before, and the verifier
	 * adds up the worst of both. */
	__u8 bytes[2 * EGRET_DNS_BYTES];
};

/*
 * Buffers are numbered, first those of questions. Why so many of either kind: buffer.h.
 */
#define QUESTION_BUFFERS 8
#define ANSWER_BUFFERS   3
#define MESSAGE_BUFFERS  (QUESTION_BUFFERS + ANSWER_BUFFERS)

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, QUESTION_BUFFERS);
	__type(key, __u32);
	__type(value, struct question);
} questions_read SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ANSWER_BUFFERS);
	__type(key, __u32);
	__type(value, struct answer);
} answers_read SEC(".maps");

/* NULL: that is no question's buffer. */
static __always_inline struct question *question_of(__u32 buffer)
{
	return bpf_map_lookup_elem(&questions_read, &buffer);
}

/* NULL: that is no answer's buffer. */
static __always_inline struct answer *answer_of(__u32 buffer)
{
	buffer -= QUESTION_BUFFERS;
	return bpf_map_lookup_elem(&answers_read, &buffer);
}

/* Of either. */
static __always_inline struct message *message_of(__u32 buffer)
{
	return buffer < QUESTION_BUFFERS ? (struct message *)question_of(buffer) : (struct message *)answer_of(buffer);
}

static __always_inline __u16 question_word(const struct question *question, __u32 at)
{
	return (__u16)question->bytes[at & (QUESTION_BYTES - 1)] << 8 |
	       question->bytes[(at + 1) & (QUESTION_BYTES - 1)];
}

static __always_inline __u16 answer_word(const struct answer *answer, __u32 at)
{
	return (__u16)answer->bytes[at & (EGRET_DNS_BYTES - 1)] << 8 | answer->bytes[(at + 1) & (EGRET_DNS_BYTES - 1)];
}

/* Takes @len octets at @offset of the packet, at most @most of them, for a message whose buffer is @bytes. */
static __always_inline bool message_load(struct __sk_buff *skb, struct message *message, __u8 *bytes, __u32 offset,
					 __u32 len, __u32 most)
{
	if (len < DNS_HEADER)
		return false;
	/* The verifier must see both bounds at the call: the compiler would make one comparison of them. */
	asm volatile("" : "+r"(len));
	if (len > most)
		len = most;
	asm volatile("" : "+r"(len));
	if (bpf_skb_load_bytes(skb, offset, bytes, len))
		return false;
	message->len = len;
	return true;
}

#endif
