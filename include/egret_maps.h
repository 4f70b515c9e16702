/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keys and values of every map: the contract between bpf/ and user/.
 *
 * Byte order: addresses are in network order; ports are in host order unless
 * the name ends in _be. Padding is explicit and zero: the kernel compares
 * keys byte by byte.
 *
 * Who writes what (one writer a map):
 *   agent     config, policy tables (addrs, cidrs, ports, rules, texts, names),
 *             classes, meta, hits, subjects
 *   programs  sockets, flows, arrivals, counters, reasons, drops, existing, queries, streams, learned,
 *             rings, teachers, asked, seen, lessons, epoch, wanted; config.denials. The agent
 *             writes to learned and seen what a new policy makes of them, and what it was
 *             asked for by `wanted`
 *
 * The policy tables come in two slots. The generation's lowest bit says which
 * one rules: the other is filled first, then one 32-bit store switches all.
 */
#ifndef EGRET_MAPS_H
#define EGRET_MAPS_H

/* Programs have the kernel's types from vmlinux/ already. */
#ifndef EGRET_VMLINUX_H
#include <linux/bpf.h>
#include <linux/types.h>
#endif

#include "egret_limits.h"
#include "egret_reasons.h"

/* Of each policy table: what rules, and what is being built. */
#define EGRET_POLICY_SLOTS 2

/* IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2), so that IPv4, IPv6 and
 * IPv4-mapped destinations meet the same entries. */
struct egret_addr {
	union {
		__u8 bytes[16];
		__u32 word_be[4];
	};
};

/* What a packet's port field means for a rule. */
#define EGRET_L4_ANY 0 /* any protocol, any port */

enum egret_action {
	EGRET_ALLOW = 0,
	EGRET_DENY = 1,
	EGRET_SKIP = 2, /* a name's own deny: the other entries of its group are void */
	/* A name's allow that does not hold for this address, which is not one that the name may bring in:
	 * decides nothing, but says why nothing else did. */
	EGRET_SPECIAL = 3,
};

/*
 * What an address asks of a name's allow before the allow holds for it: of egret_port.private
 * at least this much. So EGRET_NEED_ADDRESS is what no name can give.
 */
enum egret_need {
	EGRET_NEED_NOTHING = 0,
	EGRET_NEED_PRIVATE = 1, /* a private address */
	EGRET_NEED_ADDRESS = 2, /* of another special purpose, or inside `set internal`: a rule for the address */
};

/* Which server name the connection must show; checked by a later version,
 * carried now so that the rules need no rewriting. */
enum egret_app {
	EGRET_APP_NONE = 0,
	EGRET_APP_HTTPS = 1,
	EGRET_APP_HTTP = 2,
};

#define EGRET_CLASS_HOST        (1U << 0)
#define EGRET_CLASS_PODS        (1U << 1)
#define EGRET_CLASS_NAMED_SHIFT 2
#define EGRET_CLASS_ALL         0xffffffffU

/* One line of a destination's list; the first that matches decides. */
struct egret_port {
	__u16 lo; /* inclusive */
	__u16 hi;
	__u8 l4_proto;    /* IPPROTO_*, or EGRET_L4_ANY */
	__u8 action;      /* enum egret_action */
	__u8 app : 7;     /* enum egret_app */
	__u8 private : 1; /* an allow that holds for private addresses of its names, too */
	__u8 group;       /* entries of one allowed name; 0 = none */
	__u32 classes;    /* mask of the subjects that it is for */
	__u32 rule;       /* id that is counted */
};

/* What is known of an address or a CIDR: a run of entries in `ports`. */
struct egret_dest {
	__u32 first;
	__u16 count;
	__u16 flags; /* EGRET_DEST_* */
	__u32 name;  /* index into `names`, 0 = none: for people only */
};

/* Inside `set service_ranges`: NAT will change it, so connect() cannot judge. */
#define EGRET_DEST_SERVICE (1U << 0)
/* A resolver that is trusted to teach. */
#define EGRET_DEST_RESOLVER (1U << 3)
/* Of a name: questions for it may leave under `set dns_names = policy`. */
#define EGRET_DEST_ASKABLE (1U << 4)
/* Of a name: some of its ports are denied. */
#define EGRET_DEST_DENIES (1U << 5)
/* What a node needs to live: no answer for a denied name takes it away. */
#define EGRET_DEST_FLOOR (1U << 6)
/* Of a name: rules have something to say of it, so its answers teach. */
#define EGRET_DEST_TEACHES (1U << 7)
/* Inside `set internal`: no name brings it in. */
#define EGRET_DEST_INTERNAL (1U << 8)
/* Of a name: some of its ports are allowed. */
#define EGRET_DEST_ALLOWS (1U << 9)
/* Of a name: some of these also at private addresses, which it may bring in. */
#define EGRET_DEST_PRIVATE (1U << 10)
/* Of an address: its list has an EGRET_SPECIAL. */
#define EGRET_DEST_SPECIAL (1U << 11)
/* Of a place in a bucket: it was given away; what stands there counts. */
#define EGRET_DEST_USED (1U << 1)
#define EGRET_DEST_LIVE (1U << 2)

/* A destination as the tables hold it: with the first entry of its list, where most
 * look-ups end. */
struct egret_target {
	struct egret_dest dest;
	struct egret_port head; /* ports[dest.first], if dest.count */
	__u32 pad;
};

/*
 * The addresses stand in an array of buckets, since a look-up in a kernel hash takes as
 * long as all the rest of a first packet (36 of 80 ns, measured). An address is in the
 * bucket of its hash, or, where all places of that one are used, in one of the next
 * EGRET_BUCKET_PROBES - 1. A place that is given up stays used until the table is built
 * anew, so no reader misses what stands behind it; an address gets its new target in a
 * new place before the old one goes.
 */
#define EGRET_BUCKET_PLACES 4
#define EGRET_BUCKET_PROBES 4

struct egret_bucket {
	struct egret_addr addrs[EGRET_BUCKET_PLACES];
	struct egret_target targets[EGRET_BUCKET_PLACES];
};

/* Multiply-shift with odd random keys; @shift is 64 - log2 of the buckets, without those
 * EGRET_BUCKET_PROBES - 1 behind the last. Halves of the address as they lie in memory. */
static inline __u32 egret_bucket_index(__u64 first_half, __u64 last_half, const volatile __u64 *keys, __u32 shift)
{
	return (first_half * keys[0] + last_half * keys[1]) >> (shift & 63);
}

/*
 * A name by its key: a keyed hash of its labels, from the root on, without case. So the keys
 * of all domains that it lies below come by the way, and no octet of a label can pass for
 * a dot. A pattern *.x has the key of x with another ending. @keys: hash_keys[4] and [5].
 */
/* Before the first octet of a label. More than an octet can be: else a label that begins with its
 * own length would begin with nothing. */
static inline __u64 egret_key_length(__u8 len)
{
	return 0x100 | len;
}

static inline __u64 egret_key_octet(__u64 label, __u8 octet, const volatile __u64 *keys)
{
	label = (label ^ octet) * keys[4];
	return label ^ label >> 29;
}

static inline __u64 egret_key_label(__u64 below, __u64 label, const volatile __u64 *keys)
{
	below = (below ^ label) * keys[5];
	below ^= below >> 32;
	below *= keys[4];
	return below ^ below >> 29;
}

static inline __u64 egret_key_pattern(__u64 below, const volatile __u64 *keys)
{
	return egret_key_label(~below, keys[5], keys);
}

struct egret_cidr_key {
	__u32 prefix_len; /* 0..128, of the mapped form */
	struct egret_addr addr;
};

/* One rule of the policy, for connections that it allowed under an earlier
 * generation: its own ports, whatever addresses its names have now. */
struct egret_rule {
	__u32 born; /* generation under which this id got this meaning */
	__u32 first;
	__u16 count;
	__u16 flags; /* EGRET_RULE_* */
};
#define EGRET_RULE_FLOOR (1U << 0)

struct egret_rule_text {
	char text[EGRET_RULE_TEXT_SIZE]; /* as written, blanks folded */
	char purpose[EGRET_RULE_TEXT_SIZE];
	char file[EGRET_PATH_SIZE];
	__u32 line;
	__u32 app;        /* enum egret_app */
	__u32 position;   /* among the rules of the policy */
	__u32 dests_hash; /* of the destinations that variables in the text stand for */
};

enum egret_name_state {
	EGRET_NAME_UNUSED = 0,
	EGRET_NAME_PENDING,        /* not answered yet */
	EGRET_NAME_RESOLVED,       /* the last query was answered */
	EGRET_NAME_STALE,          /* failing: the last good addresses are kept */
	EGRET_NAME_FAILED,         /* never answered */
	EGRET_NAME_PATTERN,        /* learned from answers, never asked for */
	EGRET_NAME_DOES_NOT_EXIST, /* NXDOMAIN, or no address */
};

struct egret_name {
	char name[EGRET_NAME_SIZE];
	__u64 answered_ns; /* CLOCK_REALTIME of the last good answer, 0 = never */
	__u32 ttl_sec;
	__u32 addresses;
	__u32 failures; /* in a row */
	__u32 state;    /* enum egret_name_state */
};

/* A cgroup's bits in a class mask, by the policy of either slot. */
struct egret_class {
	__u32 masks[EGRET_POLICY_SLOTS];
};

/* Read on the hot path: kept to one cache line, mapped into the agent. */
struct egret_config {
	__u32 generation; /* lowest bit = slot of the policy tables; 0 = nothing yet */
	__u32 learned;    /* bumped when an address is added: denials are judged again */
	__u32 audit;      /* 1 = count what would be denied, and let it pass */
	__u32 keep_existing;
	__u32 has;                /* EGRET_HAS_*: what need not be looked for if the policy has none of it */
	__u32 class_epoch;        /* bumped when `classes` changes under the policy that rules */
	__u64 unaccounted_cgroup; /* of the self-test, or of a trial; 0 = none runs */
	__u32 bucket_shift[2];    /* of each slot's addresses: egret_bucket_index */
	__u32 dns_names;          /* 1 = only questions for names of the policy may leave */
	__u32 denials;            /* programs bump it when an answer brings a denial: all is judged again */
	__u64 stale_tick;         /* bpf_jiffies64 from which on only the floor may pass; 0 = never */
	__u32 min_ttl_sec;
	__u32 max_ttl_sec;
	/* Not for programs. */
	__u32 places_used[2];
};

#define EGRET_HAS_DENY      (1U << 0)
#define EGRET_HAS_NAME_DENY (1U << 1)
#define EGRET_HAS_INTERNAL  (1U << 2)

enum egret_origin {
	EGRET_ORIGIN_USER = 0, /* a process made it: judged */
	EGRET_ORIGIN_INBOUND,  /* came in before the first attach: its listener was still there */
	EGRET_ORIGIN_EXISTING, /* was established before the first attach */
	EGRET_ORIGIN_KERNEL,   /* a control socket of the kernel: resets, ICMP errors, ND */
};

enum egret_peer_state {
	EGRET_PEER_UNUSED = 0,
	EGRET_PEER_ALLOWED,
	EGRET_PEER_DENIED,
	EGRET_PEER_INBOUND, /* the first datagram came in; no rule is needed for a while */
	EGRET_PEER_REVOKED, /* was allowed and is denied now: what still comes in opens no way back */
};

/*
 * Who a peer of a socket is and what was decided about it. Datagram senders race on
 * one socket without a lock (one would cost as much as the whole hot path), so
 * what they write carries a check word: a peer that two of them mixed does not
 * verify, and is judged anew. TCP writes under the socket's own lock.
 */
struct egret_peer {
	struct egret_addr addr;
	__u16 port_be;
	__u8 l4_proto;
	__u8 state;  /* enum egret_peer_state */
	__u8 reason; /* denied: enum egret_reason */
	__u8 pad;
	__u16 rule;       /* allowed: by which rule; denied: by which deny rule */
	__u32 generation; /* that the verdict was made under */
	__u32 learned;    /* valid while config.denials, or of a denial what was learned, is this */
	__u64 check;      /* over all of the above */
	__u64 seen;       /* of the last datagram: bpf_jiffies64 << 1, lowest bit: both ways */
};

/*
 * What a socket carries with it (sk_storage).
 */
struct egret_sock {
	__u64 cgroup_id;
	__u64 parent_cgroup_id; /* still there when the container is gone; 0 = not known */
	__u64 scope;            /* cookie of its network namespace; 0 = not known: nothing learned is for it */
	/* Set on a listener to its own cookie. Accepted sockets inherit it, and differ
	 * from it: that is how they are known. connect() clears it. */
	__u64 listener_cookie;
	struct egret_addr origin_addr; /* EXISTING, INBOUND: the only peer this is true for */
	__u16 origin_port_be;
	__u8 origin; /* enum egret_origin */
	__u8 raw;
	__u32 classes;
	__u32 class_epoch;
	__u32 pid;
	char comm[EGRET_COMM_SIZE];
	__u8 last_peer; /* the slot to look at first */
	__u8 next_peer; /* the slot to give away next */
	__u8 spilled;   /* EGRET_SPILLED_*: where peers of this socket are, too */
	__u8 asks;      /* sendmsg() names a trusted resolver; the node's NAT may change it */
	__u8 pad[4];
	struct egret_peer peers[EGRET_PEERS];
};

#define EGRET_SPILLED_FLOWS    (1U << 0)
#define EGRET_SPILLED_ARRIVALS (1U << 1)

struct egret_flow_key {
	__u64 socket_cookie;
	struct egret_addr addr;
	__u16 port_be;
	__u8 l4_proto;
	__u8 pad[5];
};

struct egret_flow {
	__u64 seen; /* as in egret_peer */
	__u32 generation;
	__u16 rule;
	__u8 state; /* enum egret_peer_state: in `arrivals` INBOUND, in `flows` the others */
	__u8 pad;
};

struct egret_counter {
	__u64 packets;
	__u64 bytes;
};

/* When the agent last saw a counter move, and where it stood then. */
struct egret_hit {
	__u64 packets;
	__u64 last_ns; /* CLOCK_REALTIME, 0 = never */
};

struct egret_drop_key {
	__u64 cgroup_id;
	struct egret_addr addr;
	__u16 port; /* host order; of ICMP: type << 8 | code */
	__u8 l4_proto;
	__u8 reason;
	__u16 rule;   /* EGRET_REASON_DENY_RULE: which */
	__u8 audited; /* 1 = would be denied, and passed because the policy only audits */
	__u8 pad;
	__u64 question; /* EGRET_REASON_DNS_NAME: key of the name that was asked for; 1 = not readable */
};

struct egret_drop {
	__u64 parent_cgroup_id;
	__u64 packets;
	__u64 first_ns; /* CLOCK_MONOTONIC */
	__u64 last_ns;
	__u64 last_tick; /* bpf_jiffies64: in one tick the clock is read once */
	__u64 name_key;  /* of the name that was last resolved to it, in the policy or not; 0 = none */
	__u32 pid;       /* of the process that made the socket or connected it; 0 = not known */
	__u32 name;      /* index into `names` of the policy that denied, 0 = none */
	__u32 classes;
	__u32 generation; /* of the policy that judged the last of these packets */
	char comm[EGRET_COMM_SIZE];
};

/* --- what DNS answers teach --- */

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

/* DNS over TCP (RFC 1035 section 4.2.2: each message behind two octets of length). */
struct egret_stream {
	__u32 next_seq; /* of the octet that is due; host order */
	__u16 want;     /* octets of the message under way; 0 = its length is not known yet */
	__u16 have;     /* of those, in `streams` */
	__u32 asks_seq; /* of the octet that may leave next: all before it was let out */
	__u8 half;      /* first octet of the length */
	__u8 half_known;
	__u8 state; /* enum egret_stream_state */
	__u8 pad;
	__u32 bound_count; /* ever noted; the newest of them are kept */
	struct egret_bound bounds[EGRET_STREAM_BOUNDS];
};

struct egret_queries {
	struct egret_query all[EGRET_QUERIES];
	struct egret_stream stream;
};

/* Questions of a socket that has more open than fit into egret_queries. */
struct egret_crowd {
	struct egret_query all[EGRET_CROWD_SETS * EGRET_CROWD_WAYS];
};

/* The message of which a segment brought only the beginning. */
struct egret_stream_bytes {
	__u8 bytes[EGRET_DNS_BYTES];
};

/* A name whose answer could not be read from its stream: the agent asks for it instead. */
struct egret_wanted {
	__u64 name; /* key; its text is in `asked` */
	__u64 scope;
	__u64 subject;
};

/* What was learned in one network namespace is for that one. */
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

struct egret_asked {
	char name[EGRET_NAME_SIZE]; /* with dots, lower case */
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

/* Where a cgroup was that something was denied to: it may be gone when a person asks. */
struct egret_subject {
	char path[EGRET_PATH_SIZE]; /* below the cgroup root */
};

/* A connection that was there before the first attach. */
struct egret_existing {
	struct egret_addr addr;
	__u64 cgroup_id;
	__u64 seen_ns; /* CLOCK_MONOTONIC of its first packet after the attach, or of the attach */
	__u16 port;
	/* By the agent. Programs note only what no rule allows, and 0 here. */
	__u8 listed;  /* the agent has seen its socket, and sees when it ends */
	__u8 allowed; /* by the policy that rules */
	__u8 reason;  /* enum egret_reason; 0 = no rule allows it */
	__u8 pad[3];
};

/*
 * What is wrong with an instance until it is mended: `status` shows each, and is not content
 * (exit code 1) while there is one. X(symbol, label)
 */
#define EGRET_PROBLEMS(X)                                                                                              \
	X(POLICY, "policy")     /* why the newest policy does not rule */                                              \
	X(REQUIRED, "required") /* what must answer and does not, so that the policy only audits */                    \
	X(FLOOR, "floor")       /* the policy that rules has no floor, or no rule */                                   \
	X(FILES, "files")       /* files of the policy that others may write */                                        \
	X(STATE, "state")       /* the folder of what outlives a reboot cannot be used */

enum egret_problem {
#define EGRET_PROBLEM_ENUM(symbol, label) EGRET_PROBLEM_##symbol,
	EGRET_PROBLEMS(EGRET_PROBLEM_ENUM)
#undef EGRET_PROBLEM_ENUM
	    EGRET_PROBLEM_COUNT
};

/* What people must know about an instance when no agent can tell them. */
struct egret_meta {
	__u32 abi;
	__u32 agent_pid;
	__u64 agent_start_ticks; /* user/base/process.h: a pid is used again */
	__u64 attached_ns;       /* CLOCK_REALTIME */
	__u64 policy_ns;         /* CLOCK_REALTIME of the running policy */
	__u64 heartbeat_ns;      /* CLOCK_MONOTONIC */
	__u64 governed_cgroup;
	__u64 agent_pid_namespace; /* whose number agent_pid is */
	__u32 rules;
	__u32 warnings;
	__u32 enforcing;         /* the self-test passed */
	__u32 patterns;          /* rules that need learning */
	__u32 policy_generation; /* the first one under which the policy of this hash ruled */
	__u32 asked_audit;       /* the policy, or --audit, asks for no more than an audit */
	__u64 floorless_rules; /* a hash of those that go on without a floor, for they ruled so under 0.1.0; 0 = none */
	__u64 hash_keys[6]; /* of egret_peer.check, the buckets and names; an adopted instance goes on with its own */
	char instance[64];
	char cgroup_path[EGRET_PATH_SIZE];
	char policy_path[EGRET_PATH_SIZE];
	char policy_hash[64];
	char text_hash[24]; /* of the text that it was compiled from; "" = of an exec, which leaves no mark */
	char version[32];
	char problems[EGRET_PROBLEM_COUNT][EGRET_PROBLEM_SIZE]; /* "" = none of this kind */
	__u64 probation_ends_ns;                                /* CLOCK_REALTIME; 0 = none is on */
	char waiting[EGRET_PROBLEM_SIZE];                       /* on probation: what does not answer yet */
};

#define EGRET_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " changed size")
EGRET_ASSERT_SIZE(struct egret_addr, 16);
EGRET_ASSERT_SIZE(struct egret_port, 16);
EGRET_ASSERT_SIZE(struct egret_dest, 12);
EGRET_ASSERT_SIZE(struct egret_cidr_key, 20);
EGRET_ASSERT_SIZE(struct egret_target, 32);
EGRET_ASSERT_SIZE(struct egret_bucket, 192);
EGRET_ASSERT_SIZE(struct egret_rule, 12);
EGRET_ASSERT_SIZE(struct egret_config, 72);
EGRET_ASSERT_SIZE(struct egret_peer, 48);
/* Programs compare these addresses eight bytes at a time. */
_Static_assert(__builtin_offsetof(struct egret_peer, addr) % 8 == 0, "egret_peer.addr lost its alignment");
_Static_assert(__builtin_offsetof(struct egret_sock, origin_addr) % 8 == 0,
	       "egret_sock.origin_addr lost its alignment");
EGRET_ASSERT_SIZE(struct egret_flow_key, 32);
EGRET_ASSERT_SIZE(struct egret_flow, 16);
EGRET_ASSERT_SIZE(struct egret_drop_key, 40);

#endif
