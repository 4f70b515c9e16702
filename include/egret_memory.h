/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is remembered between packets: of a socket, of its peers, of connections
 * that were there before the first attach.
 */
#ifndef EGRET_INCLUDE_MEMORY_H
#define EGRET_INCLUDE_MEMORY_H

#include "egret_addr.h"
#include "egret_limits.h"

enum egret_origin {
	EGRET_ORIGIN_USER = 0, /* a process made it: judged */
	EGRET_ORIGIN_INBOUND,  /* came in before the first attach: its listener was still there */
	EGRET_ORIGIN_EXISTING, /* was established before the first attach */
	EGRET_ORIGIN_KERNEL,   /* a control socket of the kernel: resets, ICMP errors, ND */
	EGRET_ORIGIN_CUT,      /* was established before the first attach, and `existing = cut` */
};

/* What connect() was told, in the socket's whole life. */
enum egret_connects {
	EGRET_CONNECTS_NEVER = 0,
	EGRET_CONNECTS_TO_SERVER, /* one address, port 53 */
	EGRET_CONNECTS_ELSEWHERE, /* some other, at least once */
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
	__u8 state;       /* enum egret_peer_state */
	__u8 reason;      /* denied: enum egret_reason */
	__u8 place;       /* EGRET_REASON_EXPIRED: as in struct judgement */
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
	__u64 owner;            /* who pays for what it makes others remember: the cgroup of its pod, else its own */
	__u64 scope;            /* whom what it learns serves: EGRET_SCOPE_POD, or a network namespace; 0 = nobody */
	/* Set on a listener to its own cookie. Accepted sockets inherit it, and differ
	 * from it: that is how they are known. connect() clears it. */
	__u64 listener_cookie;
	char comm[EGRET_COMM_SIZE];
	__u32 audience;
	__u32 audience_generation; /* that it was looked up under */
	__u32 pid;
	__u8 origin; /* enum egret_origin; EXISTING, CUT and INBOUND are true of `peer` alone */
	__u8 raw;
	__u8 in_flows, in_arrivals; /* peers of this socket are there, too */
	__u8 connects;              /* enum egret_connects */
	__u8 in_node_netns : 1;
	__u8 of_user_namespace : 1; /* whoever made its network namespace needed no rights for it */
	__u8 drop_place;            /* of the row where its last denial was counted, counted from 1; 0 = none */
	__u8 asked_aside;           /* questions left for another port than 53: their answers come from there */
	__u8 sends_to_server;       /* a sendmsg() named a trusted resolver (told.h) */
	__u8 sends_elsewhere;       /* and one named another destination */
	__u8 from_own;              /* it must speak from addresses of its own namespace (source.h) */
	__u8 wrapped_as; /* the protocol of IPsec's outer packets of what it sends; 0 = none was seen (ipsec.h) */
	/* ifindex of that device, and of that uplink, which looked at what it sends, and whose frames begin with an
	 * Ethernet header (egret_device.h); 0 = none so far. */
	__u32 device, uplink;
	struct egret_peer peer; /* the last; TCP has no other */
	/* Before a translation (told.h). */
	struct egret_addr told; /* the server that connect() named */
	/* Check words (source.h) of the last source that was its own, where it must be; and of that which may come in
	 * by `device`. 0 = none was looked at. */
	__u64 source, device_source;
	/* Before IPsec: under this policy all that its sendmsg() named was allowed, or refused in that call; and one
	 * call named what may leave no other way than past IPsec. 0 = never. */
	__u32 inner_generation, inner_refused;
	__u64
	    inner_packet; /* the packet that was allowed as it went into a device of IPsec, which wraps it; 0 = none */
};

/*
 * A place of what many sockets share: each owner has so many places of its own, and whatever its sockets do, they write
 * to no others.
 */
struct egret_place {
	__u64 owner; /* as in egret_sock */
	__u32 place;
	__u32 pad;
};

/* A datagram peer that has no room in its socket. Its socket and address are only in `check`, which so many bits tell
 * from all others, and which does not verify what two senders wrote at once. */
struct egret_flow {
	__u64 check; /* over the socket's cookie, the peer and `what` */
	__u64 what;  /* generation << 32 | rule << 16 | enum egret_peer_state; 0 = nothing */
	__u64 seen;  /* as in egret_peer */
};

/* Value of `arrivals`, of peers that spoke first, and of `flows`, of the others: of the peers that belong here, those
 * that were seen last. */
struct egret_flows {
	struct egret_flow all[EGRET_FLOW_WAYS];
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

#endif
