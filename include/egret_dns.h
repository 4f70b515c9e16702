/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What DNS questions and answers leave behind: open questions, streams, what was learned. */
#ifndef EGRET_INCLUDE_DNS_H
#define EGRET_INCLUDE_DNS_H

#include "egret_addr.h"
#include "egret_limits.h"
#include "egret_policy.h"

/* bpf_spin_lock. Programs have it from vmlinux/ already. */
#ifndef EGRET_VMLINUX_H
#include <linux/bpf.h>
#endif

/* A question that left from this very socket. */
struct egret_query {
	__u64 name; /* key; 0 = none */
	__u64 asked_tick;
	__u16 id_be;
	__u16 type_be;
	__u32 loopback; /* it left over lo, and is answered over lo */
};

enum egret_stream_state {
	EGRET_STREAM_UNUSED = 0,
	EGRET_STREAM_IN_ORDER,
	EGRET_STREAM_LOST, /* nothing more is read from it */
};

/* Where a segment with questions ended: the next one begins there, and may be sent again from there. */
struct egret_bound {
	__u32 seq;   /* of the octet behind it; host order */
	__u16 asked; /* octets of the question whose length is before it; 0 = a length comes next */
	__u16 pad;
};

/* What a stream may have under way at a time. A power of two: the verifier wants a mask. */
#define EGRET_STREAM_BOUNDS 32

/* What a socket that asks by TCP carries with it (RFC 1035 section 4.2.2: each message behind two octets of length). */
struct egret_stream {
	__u32 next_seq; /* of the octet that is due; host order */
	__u16 want;     /* octets of the message under way; 0 = its length is not known yet */
	__u16 have;     /* of those, in `parts` */
	__u64 kept;     /* check over those: nobody else's are taken for them */
	__u32 asks_seq; /* of the octet that may leave next: all before it was let out */
	__u8 half;      /* first octet of the length */
	__u8 half_known;
	__u8 state; /* enum egret_stream_state */
	__u8 pad;
	__u64 bound_count; /* ever noted; the newest of them are kept */
	struct egret_bound bounds[EGRET_STREAM_BOUNDS];
};

/* What a socket that asks carries with it. */
struct egret_queries {
	struct egret_query all[EGRET_QUERIES];
	__u64 crowded; /* it has asked more at a time: some may be in `crowds` */
};

/* A question of a socket that had no room for it. */
struct egret_crowded {
	struct egret_query query;
	__u64 check; /* over the socket's cookie and the question, as in egret_flow */
};

struct egret_crowd {
	struct egret_crowded all[EGRET_CROWD_WAYS];
};

/* The message of which a segment brought only the beginning. */
struct egret_part {
	__u8 bytes[EGRET_DNS_BYTES];
};

/* A name whose answer could not be read from its stream: the agent asks for it instead. */
struct egret_wanted {
	__u64 name; /* key; its text is in `asked` */
	__u64 scope;
	__u64 subject;
};

/* What was learned serves its scope (egret_subject.h), and nobody else. */
struct egret_learned_key {
	struct egret_addr addr;
	__u64 scope;
};

struct egret_lesson {
	__u64 name;                     /* key of the name that was asked for */
	__u64 suffixes[EGRET_SUFFIXES]; /* keys of the domains above it, from the top on; 0 = no more */
	/* Key of the policy's name or pattern that speaks for it, in either slot of the policy
	 * tables: a new policy finds its own there when it begins to rule. */
	__u64 rule_names[EGRET_POLICY_SLOTS];
	__u64 expires_tick; /* bpf_jiffies64 */
};

struct egret_learned {
	struct egret_lesson lessons[EGRET_LEARNED_NAMES];
	__u64 subject; /* cgroup id of who learned it first: whose quota it is in */
	__u64 shared;  /* somebody else learned it, too: it does not go with that quota */
};

/* Per subject, the addresses in the order in which it learned them. */
struct egret_ring_key {
	__u64 subject;
	__u32 place;
	__u32 pad;
};

struct egret_teacher {
	__u32 next; /* place in the ring, counted on */
	__u32 pad;
};

/* Why an answer's address was not learned, though another policy may have it learned. */
enum egret_untaught {
	EGRET_UNTAUGHT_NOT = 0, /* it was learned */
	EGRET_UNTAUGHT_OUTSIDE, /* no rule had the name */
	EGRET_UNTAUGHT_SPECIAL, /* a rule had the name, which may not bring in such an address */
};

/* The name that was last resolved to an address, in the policy or not. */
struct egret_seen {
	struct egret_learned_key key;
	__u64 name;                     /* key; 0 = the place is free */
	__u64 suffixes[EGRET_SUFFIXES]; /* as in egret_lesson */
	__u64 untaught;                 /* enum egret_untaught */
	__u64 subject;
	__u64 expires_tick; /* by the TTL: until then, a policy that names it lets it be used at once */
};

struct egret_seen_bucket {
	struct bpf_spin_lock lock; /* user space copies the bucket with BPF_F_LOCK */
	__u32 next;                /* place that is given away next */
	struct egret_seen places[EGRET_SEEN_PLACES];
};

/* What became of an answer, and of a record in it. */
/* X(symbol, label, sentence) */
#define EGRET_LESSONS(X)                                                                                               \
	X(ADDRESS, "addresses", "addresses learned or refreshed")                                                      \
	X(OUTSIDE, "outside", "answers for names that no rule has")                                                    \
	X(UNASKED, "unasked", "answers that the socket did not ask for")                                               \
	X(MISMATCH, "mismatch", "answers to another question than the socket asked")                                   \
	X(TRUNCATED, "truncated", "answers that say they are cut short")                                               \
	X(MALFORMED, "malformed", "answers that cannot be parsed")                                                     \
	X(FAILED, "failed", "answers without a result (NXDOMAIN, SERVFAIL)")                                           \
	X(REBINDING, "rebinding", "special-purpose addresses, which names may not bring in")                           \
	X(STRAY, "stray", "records of another name than the one asked for")                                            \
	X(SCOPELESS, "scopeless", "answers to sockets from before the attach")                                         \
	X(FULL, "full", "addresses that found no room")                                                                \
	X(BUSY, "busy", "messages that came while another one was read")                                               \
	X(GAP, "gap", "TCP streams left behind at a lost or early segment")                                            \
	X(OVERLAP, "overlap", "TCP streams left behind at a segment that was heard in part before")                    \
	X(OVERFLOW, "overflow", "TCP streams left behind at a message of more than 4096 octets")                       \
	X(PACKED, "packed", "segments with more DNS messages than Egret reads of one (32)")                            \
	X(PARTS, "parts", "TCP streams left behind because too many others of their subject came in pieces")           \
	X(NAMES, "names", "names whose address had four others at the time: the one that ended first gave way")        \
	X(UNREAD, "unread", "answers with more records than Egret reads (96)")                                         \
	X(CROWDED, "crowded", "questions that were forgotten because their socket asked hundreds more")                \
	X(EXACT, "exact", "addresses that applications were answered for exact names")                                 \
	X(DIFFERS, "differs", "of these, addresses that the agent had not resolved itself")                            \
	X(ASKED_ANEW, "asked_anew", "names that the agent asked for because their stream was left")

enum egret_lesson_kind {
#define EGRET_LESSON_ENUM(symbol, label, sentence) EGRET_LESSON_##symbol,
	EGRET_LESSONS(EGRET_LESSON_ENUM)
#undef EGRET_LESSON_ENUM
	    EGRET_LESSON_COUNT
};

#endif
