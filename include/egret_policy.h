/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a policy is compiled to: keys and values of the policy tables, and how they are searched.
 *
 * The policy tables come in two slots. The generation's lowest bit says which
 * one rules: the other is filled first, then one 32-bit store switches all.
 */
#ifndef EGRET_INCLUDE_POLICY_H
#define EGRET_INCLUDE_POLICY_H

#ifndef EGRET_VMLINUX_H
#include <stdbool.h>
#endif

#include "egret_addr.h"
#include "egret_limits.h"

/* Of each policy table: what rules, and what is being built. */
#define EGRET_POLICY_SLOTS 2

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
/* With it, a name is asked only if it may not bring in the address: why the address is denied. */
#define EGRET_NEED_EXPLAINS (1U << 8)
/* With it, the answer that brought the address is over: what the name would say if it were not. */
#define EGRET_NEED_ENDED (1U << 9)

/* Which server name the connection must show; checked by a later version,
 * carried now so that the rules need no rewriting. */
enum egret_app {
	EGRET_APP_NONE = 0,
	EGRET_APP_HTTPS = 1,
	EGRET_APP_HTTP = 2,
};

/* One line of a destination's list; the first that matches decides. */
struct egret_port {
	__u16 lo; /* inclusive */
	__u16 hi;
	__u8 l4_proto;    /* IPPROTO_*, or EGRET_L4_ANY */
	__u8 action;      /* enum egret_action */
	__u8 app : 5;     /* enum egret_app */
	__u8 audit : 2;   /* of an `audit` line: EGRET_AUDIT_*, and only who asks for these sees it */
	__u8 private : 1; /* an allow that holds for private addresses of its names, too */
	__u8 group;       /* entries of one allowed name; 0 = none */
	__u16 set;        /* of audiences: whom it is for */
	__u16 pad;
	__u32 rule; /* id that is counted */
};

/* Two kinds of `audit` lines, which are asked for apart. */
#define EGRET_AUDIT_DENY  (1U << 0)
#define EGRET_AUDIT_ALLOW (1U << 1)

/* The set that every audience is in. */
#define EGRET_SET_ALL 0

/* One audience: a bit for each set that it is in. */
struct egret_audience {
	__u64 sets[EGRET_MAX_SETS / 64];
	__u32 flags; /* EGRET_AUDIENCE_AUDITED */
	__u32 pad;
};

/* `set mode = audit for` it: what is denied passes, and is counted as would-be denied. */
#define EGRET_AUDIENCE_AUDITED (1U << 0)

EGRET_INLINE bool egret_set_has(__u16 set, const struct egret_audience *audience)
{
	return audience->sets[set / 64 & (EGRET_MAX_SETS / 64 - 1)] >> (set & 63) & 1;
}

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
/* Of a name of its own: what the pattern over it says, copied by who knew the pattern, which has more labels than
 * egret_known keeps. */
#define EGRET_DEST_OF_PATTERN (1U << 12)
/* Of a resolver: the policy says who serves it, or nobody but the node's own can (127/8, ::1): who else speaks in its
 * name is denied. Else that is only counted. */
#define EGRET_DEST_SERVED (1U << 13)
/* All of its list are `audit` lines: who does not ask for these sees no list. */
#define EGRET_DEST_AUDIT (1U << 14)
/* Of a place in a bucket: it was given away; what stands there counts. */
#define EGRET_DEST_USED (1U << 1)
#define EGRET_DEST_LIVE (1U << 2)

/* A destination as the tables hold it: with the first entry of its list, where most
 * look-ups end. */
struct egret_target {
	struct egret_dest dest;
	struct egret_port head; /* ports[dest.first], if dest.count */
	__u16 served_by;        /* of a resolver: the set of audiences that may speak from its address and port */
	__u16 pad;
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

/* That an exact name has an address, as the agent was answered: what the agent after it begins with. No program reads
 * it. */
struct egret_resolved_key {
	struct egret_addr addr;
	__u64 name; /* key */
};

struct egret_resolved {
	__u64 drop_ns;     /* CLOCK_MONOTONIC: it goes then, since answers do not name it any more; 0 = they do */
	__u64 answered_ns; /* CLOCK_REALTIME of the name's last good answer, 0 = nobody knows */
};

#endif
