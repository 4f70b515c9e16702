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
	__u64 name;   /* key; 0 = none */
	__u64 server; /* keyed hash of the address and port that it left for, with EGRET_QUERY_* */
	__u32 asked_tick;
	__u16 id_be;
	__u16 type_be;
};

/* It left over lo, and is answered over lo. */
#define EGRET_QUERY_OVER_LO 1
/* The agent was told that its answer could not be read. */
#define EGRET_QUERY_TOLD 2

enum egret_stream_state {
	EGRET_STREAM_UNUSED = 0,
	EGRET_STREAM_BEGINS, /* a question left with the SYN */
	EGRET_STREAM_IN_ORDER,
	EGRET_STREAM_ASTRAY, /* where its next message begins is not known */
};

/* Where a segment with questions ended: the next one begins there, and may be sent again from there. */
struct egret_bound {
	__u32 seq;   /* of the octet behind it; host order */
	__u16 asked; /* octets of the question whose length is before it; 0 = a length comes next */
	__u16 pad;
};

/* What a stream may have under way at a time. A power of two: the verifier wants a mask. */
#define EGRET_STREAM_BOUNDS 32

/* Octets that came before others of their stream, and are kept until those come. */
struct egret_early {
	__u32 seq;    /* of the first one; host order */
	__u32 octets; /* 0 = none */
};

#define EGRET_STREAM_EARLY 16

/* The question under way in what a socket sends. */
struct egret_asks {
	__u16 want; /* its octets; 0 = its length is not known yet */
	__u16 have; /* of those, that were sent */
	__u8 half;  /* first octet of the length */
	__u8 half_known;
	__u16 pad;
};

#define EGRET_QUESTION_BYTES 272 /* that are read of a question: a header, a name, type and class */

/* What a socket that asks by TCP carries with it (RFC 1035 section 4.2.2: each message behind two octets of length).
 * Numbers of octets are in host order. */
struct egret_stream {
	struct bpf_spin_lock lock; /* of is_read */
	__u32 is_read;             /* on some CPU, which alone moves on in it (dns_tcp_in.h) */
	__u32 next_seq;            /* of the octet that is due */
	__u32 acked_seq;           /* of the octet that the socket waits for, as it said last */
	__u32 window_seq;          /* of the first octet that its window has room for */
	__u16 want;                /* octets of the message under way; 0 = its length is not known yet */
	__u16 have;                /* of those, that came */
	__u8 half;                 /* first octet of the length */
	__u8 half_known;
	__u8 state; /* enum egret_stream_state */
	__u8 skips; /* octets of the message under way are missing: it cannot be read */
	__u8 windowed;
	__u8 early_count;
	__u16 pad;
	struct egret_early early[EGRET_STREAM_EARLY]; /* runs of octets in the window, in any order */
	__u32 asks_seq;                               /* of the octet that may leave next: all before it was let out */
	__u64 bound_count;                            /* ever noted; the newest of them are kept */
	struct egret_bound bounds[EGRET_STREAM_BOUNDS];
	struct egret_asks asks;
	__u8 asks_bytes[EGRET_QUESTION_BYTES]; /* of the question under way */
};

/* What a socket that asks carries with it. */
struct egret_queries {
	struct egret_query all[EGRET_QUERIES];
	struct bpf_spin_lock lock; /* of a place that a question is given */
	__u32 crowded;             /* it has asked more at a time: some may be in `crowds` */
};

/* A question of a socket that had no room for it. */
struct egret_crowded {
	struct egret_query query;
	__u64 check; /* over the socket's cookie and the question, as in egret_flow */
};

struct egret_crowd {
	struct egret_crowded all[EGRET_CROWD_WAYS];
};

/* Octets that verifiers see copied at a time: a power of two. */
#define EGRET_WINDOW_STEP 512

/* Octets of a stream that are kept (bpf/window.h). Behind the room that is used, some for what verifiers take for
 * possible: a copy of the most octets, to the last place. */
struct egret_window {
	__u8 bytes[EGRET_DNS_BYTES + EGRET_WINDOW_STEP];
};

/* A name whose answer could not be read from its stream: the agent asks for it instead. */
struct egret_wanted {
	__u64 name; /* key, of the question */
	__u64 scope;
	__u64 owner;
	char text[EGRET_NAME_SIZE]; /* as egret_asked.name: what to ask for */
};

/* What was learned serves its scope (egret_subject.h), and nobody else. */
struct egret_learned_key {
	struct egret_addr addr;
	__u64 scope;
};

/*
 * The names that an address was answered for, of a policy or not. Nothing of it is a policy's: what the names allow is
 * looked up when the address is used. An element of the kernel's hash with it, and 8 octets of the kernel's allocator,
 * fit into 192.
 */
struct egret_learned {
	__u64 names[EGRET_LEARNED_NAMES]; /* keys; 0 = free */
	/* Seconds, as egret_sec_of counts them. */
	__u32 expires_sec[EGRET_LEARNED_NAMES];
	__u64 owner; /* in whose share it is; 0 = the common one */
	__u32 hold;  /* EGRET_HOLD_* */
	struct bpf_spin_lock lock;
};

/* A name that was answered: what the patterns of any policy are looked for with. */
struct egret_known {
	__u64 suffixes[EGRET_SUFFIXES]; /* keys of the domains above it, from the top on; 0 = no more */
	__u64 owner;
	__u32 hold;
	__u32 expires_sec; /* of the address that ends last */
	struct bpf_spin_lock lock;
	__u32 ttl_sec; /* of the last answer that had an address, as it was sent; 0 = not known, or 0 */
};

/*
 * Where an entry of `learned` or `known` stands in its owner's share, in one word: the ring, and the place in the ring.
 * A place whose entry says another place holds nothing.
 */
#define EGRET_HOLD_PLACE      0x00ffffffU
#define EGRET_HOLD_RING_SHIFT 24
#define EGRET_HOLD_WHERE      0x03ffffffU
#define EGRET_HOLD_SHARED     (1U << 26) /* somebody else was answered it, too */
#define EGRET_HOLD_AGAIN      (1U << 27) /* it was answered again: it gets a second place before it goes */
#define EGRET_HOLD_LAST_SHIFT 28         /* of egret_learned: which name was answered last */

/* What an owner has: a ring for each kind. INSIDE: of names that a rule has, in either slot. */
enum egret_share_ring {
	EGRET_ADDRS_INSIDE = 0,
	EGRET_ADDRS_OUTSIDE,
	EGRET_NAMES_INSIDE,
	EGRET_NAMES_OUTSIDE,
	EGRET_SHARE_RINGS,
};

#define EGRET_SHARE_LISTED (1U << 0) /* it stands in `spare` */
#define EGRET_SHARE_DEAD   (1U << 1) /* it was empty, and is being removed: nothing may enter any more */

struct egret_share {
	struct bpf_spin_lock lock;
	__u32 flags;       /* EGRET_SHARE_* */
	__u32 entered_sec; /* when something entered last */
	__u32 asked;       /* the next place of the owner's ring of texts, counted on */
	/* Of each ring, places that are counted on; what stands in between may be there. */
	__u32 head[EGRET_SHARE_RINGS];
	__u32 tail[EGRET_SHARE_RINGS];
	__u32 sweep[EGRET_SHARE_RINGS]; /* where to look next for what ended */
};

/* Places of a ring, some at a time. */
struct egret_chunk_key {
	__u64 owner;
	__u32 ring;
	__u32 chunk; /* place / EGRET_CHUNK_PLACES */
};

struct egret_chunk {
	struct egret_learned_key keys[EGRET_CHUNK_PLACES]; /* of a name: its key and zeros */
};

/* What is counted in `fill`. */
enum egret_fill {
	EGRET_FILL_ADDRS = 0, /* entries of `learned` */
	EGRET_FILL_NAMES,     /* of `known` */
	EGRET_FILLS,
};

/* An answer from the agent, for BPF_PROG_TEST_RUN of egret_teach: what programs could not read, or what another
 * version had learned. */
struct egret_taught {
	__u8 ethernet[14]; /* BPF_PROG_TEST_RUN takes these octets away: net/bpf/test_run.c */
	__u8 pad[2];
	struct egret_addr addr;
	__u64 scope;
	__u64 owner;
	__u32 ttl_sec;
	__u32 pad2;
	__u8 question[EGRET_TAUGHT_BYTES]; /* a DNS message's header, zero, and the name (RFC 1035 section 4.1) */
};

/* What became of an answer, and of a record in it. */
/* X(symbol, label, sentence) */
#define EGRET_LESSONS(X)                                                                                               \
	X(ADDRESS, "addresses", "addresses learned or refreshed")                                                      \
	X(OUTSIDE, "outside", "answers for names that no rule has")                                                    \
	X(UNASKED, "unasked", "answers that the socket did not ask for")                                               \
	X(MISMATCH, "mismatch", "answers to another question than the socket asked")                                   \
	X(TRUNCATED, "truncated", "answers that say they are cut short: what is whole in them counts")                 \
	X(MALFORMED, "malformed", "answers that cannot be parsed")                                                     \
	X(FAILED, "failed", "answers without a result (NXDOMAIN, SERVFAIL)")                                           \
	X(REBINDING, "rebinding", "special-purpose addresses, which names may not bring in")                           \
	X(STRAY, "stray", "addresses of another name than the one asked for and its aliases")                          \
	X(OTHER_TYPE, "other_type", "addresses of another type than the one asked for")                                \
	X(PARAMETERS, "parameters", "HTTPS and SVCB records whose parameters cannot be read")                          \
	X(SCOPELESS, "scopeless", "answers to sockets from before the attach")                                         \
	X(FULL, "full", "addresses that found no room")                                                                \
	X(BUSY, "busy", "messages that came while another one was read")                                               \
	X(CROSSED, "crossed",                                                                                          \
	  "TCP segments that were dropped, and sent again, because another CPU was reading one of their stream")       \
	X(EARLY, "early", "TCP segments that came before an earlier one, and were kept until it came")                 \
	X(GAP, "gap", "times that segments of a TCP stream passed Egret by, lost or too early to be kept")             \
	X(OVERLAP, "overlap", "TCP segments that repeat in part what came before")                                     \
	X(OVERFLOW, "overflow", "DNS messages by TCP of more than 4096 octets")                                        \
	X(PACKED, "packed", "segments with more DNS messages than Egret reads of one (512)")                           \
	X(PARTS, "parts", "DNS messages by TCP that came in pieces, and found no memory")                              \
	X(ASTRAY, "astray", "times that no DNS message was where one should begin in a TCP stream")                    \
	X(NAMES, "names", "names whose address had eight others at the time: the one that ended first gave way")       \
	X(UNREAD, "unread", "answers with more than Egret reads (96 records, 31 aliases, 128 addresses, 4096 octets)") \
	X(CROWDED, "crowded", "questions that were forgotten because their socket asked hundreds more")                \
	X(EXACT, "exact", "addresses that applications were answered for exact names")                                 \
	X(DIFFERS, "differs", "of these, addresses that the agent had not resolved itself")                            \
	X(ASKED_ANEW, "asked_anew",                                                                                    \
	  "names that the agent asked for because their answer was not read from its stream")                          \
	X(UNTOLD, "untold", "names whose answer was not read, and of which the agent could not be told")               \
	X(UNSOUGHT, "unsought", "names that the agent was told of, and had no room to ask for, or got no answer")

enum egret_lesson_kind {
#define EGRET_LESSON_ENUM(symbol, label, sentence) EGRET_LESSON_##symbol,
	EGRET_LESSONS(EGRET_LESSON_ENUM)
#undef EGRET_LESSON_ENUM
	    EGRET_LESSON_COUNT
};

#endif
