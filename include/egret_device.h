/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The second look (promise 14): what leaves by a device is judged there, unless the hook of its own socket has judged
 * it for this very destination. There are two layers of it: devices, which lead to somebody's network namespace or
 * machine, look at what comes in by them; uplinks, which lead out of the node, at what leaves by them. Both are in the
 * network namespace of the agent.
 */
#ifndef EGRET_INCLUDE_DEVICE_H
#define EGRET_INCLUDE_DEVICE_H

#ifndef EGRET_VMLINUX_H
#include <stdbool.h>
#endif

#include "egret_addr.h"
#include "egret_limits.h"
#include "egret_types.h"

/* X(symbol, label, sentence): the layers that look at devices. */
#define EGRET_LAYERS(X)                                                                                                \
	X(DEVICE, "device", "what comes in by pods' devices")                                                          \
	X(UPLINK, "uplink", "what leaves by uplinks")

enum egret_layer {
#define EGRET_LAYER_ENUM(symbol, label, sentence) EGRET_LAYER_##symbol,
	EGRET_LAYERS(EGRET_LAYER_ENUM)
#undef EGRET_LAYER_ENUM
	    EGRET_LAYER_COUNT
};

/* `set layers`, of egret_settings. In audit they count what they would deny, and let it pass. */
enum egret_layers_mode {
	EGRET_LAYERS_OFF = 0,
	EGRET_LAYERS_AUDIT,
	EGRET_LAYERS_ENFORCE,
};

/* What a layer lets pass, and why. X(symbol, label, sentence); of what is judged by the policy in full, its rule
 * counts. */
#define EGRET_LOOKS(X)                                                                                                 \
	X(SOCKET, "socket", "judged again, as its socket had sent to somebody else meanwhile")                         \
	X(RULE, "rule", "no socket's: a rule of whoever owns the device allows it")                                    \
	X(KERNEL, "kernel", "made by the kernel itself (resets, ICMP errors, neighbour discovery)")                    \
	X(LINK, "link", "of the link alone (ARP, LLDP, STP, 802.1X and their like)")                                   \
	X(OUTSIDE, "outside", "of a cgroup that is not governed")                                                      \
	X(LOOKED_AT, "looked-at", "looked at where it came in")                                                        \
	X(TRANSIT, "transit", "came in by an uplink, and leaves by one")                                               \
	X(OVERLAY, "overlay", "the outer packet of a device that `set overlay` names")                                 \
	X(UNLOOKED, "unlooked", "UNJUDGED: came in by a device that has no look")                                      \
	X(UNREADABLE, "service-unknown", "UNJUDGED: where its connection led before NAT cannot be read")               \
	X(NO_POLICY, "no-policy", "UNJUDGED: no policy could be read")

enum egret_look {
#define EGRET_LOOK_ENUM(symbol, label, sentence) EGRET_LOOK_##symbol,
	EGRET_LOOKS(EGRET_LOOK_ENUM)
#undef EGRET_LOOK_ENUM
	    EGRET_LOOK_COUNT
};

/* Those that nobody judged: `unjudged packets` of `status` is their sum. */
EGRET_INLINE bool egret_look_is_unjudged(__u32 look)
{
	return look == EGRET_LOOK_UNLOOKED || look == EGRET_LOOK_UNREADABLE || look == EGRET_LOOK_NO_POLICY;
}

/* Index of `looks`: with room for looks to come, so that a new one moves no counter. */
#define EGRET_LOOKS_OF_LAYER          32
#define EGRET_LOOK_INDEX(layer, look) ((layer)*EGRET_LOOKS_OF_LAYER + (look))
_Static_assert(EGRET_LOOK_COUNT <= EGRET_LOOKS_OF_LAYER, "more looks than the map has places for");

/* egret_device.flags */
#define EGRET_DEVICE_LEADS_IN (1U << 0) /* to somebody's namespace or machine: looked at as it comes in */
#define EGRET_DEVICE_UPLINK   (1U << 1) /* looked at as it leaves */
#define EGRET_DEVICE_LOOKED                                                                                            \
	(1U << 2) /* all that comes in by it was looked at: by itself, or at each port of a bridge */
#define EGRET_DEVICE_LOWER    (1U << 3) /* below an uplink, which counted what comes by it */
#define EGRET_DEVICE_NO_MAC   (1U << 4) /* its frames begin with the IP header */
#define EGRET_DEVICE_HAS_PEER (1U << 5) /* `peer_nsid` is one: of the namespace at its other end */
#define EGRET_DEVICE_ABOVE    (1U << 6) /* with UPLINK: has no program, what leaves by it is looked at below it */
/* Only with UPLINK: what comes out of it was inside of other packets, which anybody may have sent here. */
#define EGRET_DEVICE_TUNNEL (1U << 7)
/* With LEADS_IN: what comes in by it must be from an address that the node would answer by it, or by its master. Of
 * IPv4, and of IPv6. */
#define EGRET_DEVICE_OWN_SOURCES  (1U << 8)
#define EGRET_DEVICE_OWN_SOURCES6 (1U << 10)
#define EGRET_DEVICE_JOINS        (1U << 9) /* a bridge with ports that lead in: what is sent by it is for those */

/* Key: ifindex. A device that a layer looks at, or that something was said of. */
struct egret_device {
	__u32 flags;
	__s32 peer_nsid; /* IFLA_LINK_NETNSID */
	char name[EGRET_DEVICE_NAME_SIZE];
	__u32 master; /* ifindex of the bridge or bond that it is a port of; 0 = of none */
};

/* Who sends by a device, by what the hook knew of a socket that sent by it; where none has sent yet, the pod that the
 * agent found behind it. Key: ifindex. A pod's stays: nobody takes its place. */
struct egret_sender {
	__u64 cgroup_id;
	__u64 owner; /* these two as in egret_sock */
	__u64 scope;
	__u32 ifindex;      /* by which device it was seen */
	__u8 in_node_netns; /* as in egret_sock */
	__u8 pad[3];
};

/* Key of `overlays`: outer packets that pass at uplinks when the node itself makes them. */
struct egret_overlay {
	__u8 l4_proto;
	__u8 of_near_port; /* `port` is the sender's (WireGuard), else the receiver's */
	__u16 port;        /* host order; 0 = of a protocol without ports */
};

/* Where the kernel's connection tracking keeps what the programs read: from its BTF, which may come with a module when
 * the programs are loaded already. All 0: not known. */
struct egret_conntrack_places {
	__u32 status; /* offsets in struct nf_conn, in octets */
	__u32 original;
};

#endif
