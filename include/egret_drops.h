/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What was denied, for people. Each owner (struct egret_sock) has EGRET_DROPS_PER_OWNER places for rows of its own,
 * given away in turn: who is denied at more destinations than that pushes out its own rows only, and what those had
 * counted is kept as "other destinations" of that owner. Where all owners together have no room, all rows of one owner
 * go at a time, of about the one that was denied nothing for the longest time.
 *
 * Programs write in place, each value under its lock, and look there whose it is: a value that was taken out of its map
 * may be another's already (5.10 waits, 6.1 does not).
 */
#ifndef EGRET_INCLUDE_DROPS_H
#define EGRET_INCLUDE_DROPS_H

#include "egret_addr.h"
#include "egret_limits.h"

/* bpf_spin_lock. Programs have it from vmlinux/ already. */
#ifndef EGRET_VMLINUX_H
#include <linux/bpf.h>
#endif

/* Of an owner, one row each. */
struct egret_drop_key {
	__u64 cgroup_id;
	struct egret_addr addr;
	__u16 port; /* host order; of ICMP: type << 8 | code */
	__u8 l4_proto;
	__u8 reason;
	__u16 rule;   /* EGRET_REASON_DENY_RULE: which */
	__u8 audited; /* 1 = would be denied, and passed because the policy only audits */
	__u8 pad;
	/* Of the name that was asked for (EGRET_REASON_DNS_NAME; 1 = not readable), or that was last resolved to the
	 * address, in the policy or not, or whose answer is over: two names of one address are two rows. 0 = none. */
	__u64 name_key;
};

struct egret_drop {
	__u64 parent_cgroup_id;
	__u64 packets;
	__u64 first_ns; /* CLOCK_MONOTONIC */
	__u64 last_ns;
	__u64 last_tick;  /* bpf_jiffies64: in one tick the clock is read once */
	__u32 pid;        /* of the process that made the socket or connected it; 0 = not known */
	__u32 name;       /* index into `names` of the policy that denied, 0 = none */
	__u32 audience;   /* by the policy that denied it first */
	__u32 generation; /* of the policy that judged the last of these packets */
	char comm[EGRET_COMM_SIZE];
	__u32 cause;   /* room for what the kernel saw behind the reason; the key has the name that it is about */
	__u32 ifindex; /* of the device whose layer denied it; 0 = the hook did. Without a socket `comm` is its name */
};

struct egret_drop_place {
	__u64 owner;
	__u32 place; /* below EGRET_DROPS_PER_OWNER */
	__u32 pad;
};

struct egret_drop_row {
	struct bpf_spin_lock lock;
	__u32 gone; /* 1 = it is being taken out of the map */
	__u64 owner;
	struct egret_drop_key key;
	struct egret_drop drop;
};

/*
 * What the agent found out about a row, within a second of its first packet; it stays as it was then, until another
 * policy denies a packet of the row.
 * Under a hash of the row's key, which says itself whose it is. "" and 0: not known, or nothing to say.
 */
struct egret_completion {
	struct egret_drop_key key;
	__u64 completed_ns;       /* CLOCK_REALTIME */
	__u64 first_ns;           /* of the row: another one that has the same key later is completed anew */
	__u64 asked;              /* the name (key) that led there, where it is another than the row's; 0 = none */
	__u32 cause;              /* enum egret_cause; EGRET_CAUSE_NONE: the kernel's reason says it all */
	__u32 generation;         /* of the policy that ruled then */
	__u32 over_sec;           /* EGRET_REASON_EXPIRED: how long the answer was over */
	__u32 ttl_sec;            /* of that answer, by the policy's min_ttl and max_ttl */
	struct egret_addr server; /* EGRET_CAUSE_UNTRUSTED_RESOLVER: who is asked */
	__u32 line;               /* of the nearest rule */
	__u32 pad;
	char name[EGRET_NAME_SIZE];      /* what the policy allows: of what it is an alias, whose address it is */
	char given_to[EGRET_WHO_SIZE];   /* EGRET_CAUSE_NOT_ASKED: whom, "pod shop/web" */
	char rule[EGRET_RULE_TEXT_SIZE]; /* the nearest rule */
	char file[EGRET_PATH_SIZE];
	char allows[EGRET_WHO_SIZE]; /* and what it would allow: "tcp:443,5432", "for host" */
};

/* A DNS server that answered an owner, and is no resolver. */
struct egret_stranger {
	struct egret_addr server;
	__u64 last_ns; /* CLOCK_MONOTONIC, by bpf_ktime_get_coarse_ns */
	__u64 answers;
};

/* What rows that were pushed out had counted. */
struct egret_others {
	__u64 packets;
	__u64 rows;
	__u64 last_ns;
	__u32 generation;
	__u32 pad;
};

/* An owner of rows. */
struct egret_culprit {
	struct bpf_spin_lock lock;
	__u32 gone; /* as of a row */
	__u64 owner;
	__u64 last_tick; /* bpf_jiffies64 of the last denial */
	__u32 next;      /* place that is given away next, counted on */
	__u32 next_named;
	__u64 named[EGRET_NAMES_PER_OWNER];  /* cgroups that stand in `subject_names`; 0 = none */
	__u32 prints[EGRET_DROPS_PER_OWNER]; /* of the key that stands in each place; 0 = none */
	struct egret_others others[2];       /* of what was denied; of what only audit let through */
};

/* Something was denied to a cgroup for the first time. */
struct egret_denied {
	__u64 cgroup_id;
	__u64 owner;
};

#endif
