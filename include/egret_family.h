/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What may not begin (the layer "source" of docs/threat-model.md): families of sockets that no pod needs, and the
 * options by which a socket gets past the other layers, or speaks from an address that is not its own.
 */
#ifndef EGRET_INCLUDE_FAMILY_H
#define EGRET_INCLUDE_FAMILY_H

#ifndef EGRET_VMLINUX_H
#include <stdbool.h>
#endif

#include "egret_types.h"

/* X(number, word): include/linux/socket.h of Linux 7.0, without families that it only reserves a number for. `set
 * families` takes these words, and `packet-listen`. */
#define EGRET_FAMILIES(X)                                                                                              \
	X(1, "unix")                                                                                                   \
	X(2, "inet")                                                                                                   \
	X(3, "ax25")                                                                                                   \
	X(4, "ipx")                                                                                                    \
	X(5, "appletalk")                                                                                              \
	X(6, "netrom")                                                                                                 \
	X(8, "atmpvc")                                                                                                 \
	X(9, "x25")                                                                                                    \
	X(10, "inet6")                                                                                                 \
	X(11, "rose")                                                                                                  \
	X(15, "key")                                                                                                   \
	X(16, "netlink")                                                                                               \
	X(17, "packet")                                                                                                \
	X(20, "atmsvc")                                                                                                \
	X(21, "rds")                                                                                                   \
	X(24, "pppox")                                                                                                 \
	X(26, "llc")                                                                                                   \
	X(27, "ib")                                                                                                    \
	X(28, "mpls")                                                                                                  \
	X(29, "can")                                                                                                   \
	X(30, "tipc")                                                                                                  \
	X(31, "bluetooth")                                                                                             \
	X(32, "iucv")                                                                                                  \
	X(33, "rxrpc")                                                                                                 \
	X(34, "isdn")                                                                                                  \
	X(35, "phonet")                                                                                                \
	X(36, "ieee802154")                                                                                            \
	X(37, "caif")                                                                                                  \
	X(38, "alg")                                                                                                   \
	X(39, "nfc")                                                                                                   \
	X(40, "vsock")                                                                                                 \
	X(41, "kcm")                                                                                                   \
	X(42, "qipcrtr")                                                                                               \
	X(43, "smc")                                                                                                   \
	X(44, "xdp")                                                                                                   \
	X(45, "mctp")

#define EGRET_FAMILY_MOST 62

/* A family without a bit is in no list. */
EGRET_INLINE __u64 egret_family_bit(__u32 family)
{
	return family <= EGRET_FAMILY_MOST ? 1ULL << family : 0;
}

/* Beside the bits of families: sockets of AF_PACKET, which the list has, may send as well (`packet`); else they only
 * listen (`packet-listen`). */
#define EGRET_FAMILIES_SEND_FRAMES (1ULL << 63)

/* Without `set families`: unix, inet, inet6, netlink, packet-listen. */
#define EGRET_FAMILIES_USUAL (1ULL << 1 | 1ULL << 2 | 1ULL << 10 | 1ULL << 16 | 1ULL << 17)

/* `set foreign_sources`: whose sockets may ask for an address that is not their namespace's own (IP_FREEBIND,
 * IP_TRANSPARENT and their like), and send from one. */
enum egret_foreign_sources {
	EGRET_FOREIGN_NONE = 0,
	EGRET_FOREIGN_HOST,
	EGRET_FOREIGN_ALL,
};

/* X(symbol, word): options that are refused, as people read them. The row of such a denial has their number as its
 * port; with EGRET_REASON_FAMILY it has the family's, and EGRET_FAMILY_SENDS is added where a socket that may listen
 * was to send. */
#define EGRET_OPTIONS(X)                                                                                               \
	X(QDISC_BYPASS, "PACKET_QDISC_BYPASS")                                                                         \
	X(XDP_TX_RING, "XDP_TX_RING")                                                                                  \
	X(IP_FREEBIND, "IP_FREEBIND")                                                                                  \
	X(IP_TRANSPARENT, "IP_TRANSPARENT")                                                                            \
	X(IPV6_FREEBIND, "IPV6_FREEBIND")                                                                              \
	X(IPV6_TRANSPARENT, "IPV6_TRANSPARENT")

enum egret_option {
	EGRET_OPTION_NONE = 0,
#define EGRET_OPTION_ENUM(symbol, word) EGRET_OPTION_##symbol,
	EGRET_OPTIONS(EGRET_OPTION_ENUM)
#undef EGRET_OPTION_ENUM
	    EGRET_OPTION_COUNT
};

#define EGRET_FAMILY_SENDS 256
/* IPPROTO_L2TP of AF_INET and AF_INET6, which cgroup/sock_create refuses: in the row, so much is added to it. */
#define EGRET_FAMILY_PROTOCOL 512

/* include/linux/socket.h */
#define EGRET_FAMILY_UNIX    1
#define EGRET_FAMILY_INET    2
#define EGRET_FAMILY_INET6   10
#define EGRET_FAMILY_NETLINK 16
#define EGRET_FAMILY_PACKET  17
#define EGRET_FAMILY_SMC     43
/* include/uapi/linux/in.h; SMC as a protocol of TCP's families: 6.11 */
#define EGRET_PROTOCOL_L2TP 115
#define EGRET_PROTOCOL_SMC  256

/* The family that a socket is of: SMC has two ways to ask for it. */
EGRET_INLINE __u32 egret_family_of(__u32 family, __u32 protocol)
{
	return protocol == EGRET_PROTOCOL_SMC && (family == EGRET_FAMILY_INET || family == EGRET_FAMILY_INET6)
		   ? EGRET_FAMILY_SMC
		   : family;
}

/* Families whose packets the hook judges, or that never leave: of them nothing is asked when they send. */
EGRET_INLINE bool egret_family_is_plain(__u32 family)
{
	return egret_family_bit(family) & (1ULL << EGRET_FAMILY_UNIX | 1ULL << EGRET_FAMILY_INET |
					   1ULL << EGRET_FAMILY_INET6 | 1ULL << EGRET_FAMILY_NETLINK);
}

/* Of a socket of this family, by a pod: @families as in egret_settings. */
EGRET_INLINE bool egret_family_may_send(__u64 families, __u32 family)
{
	return families & egret_family_bit(family) &&
	       (family != EGRET_FAMILY_PACKET || families & EGRET_FAMILIES_SEND_FRAMES);
}

/* include/linux/socket.h, include/uapi/linux/in.h, in6.h, if_packet.h, if_xdp.h */
#define EGRET_SOL_IP         0
#define EGRET_SOL_IPV6       41
#define EGRET_SOL_PACKET     263
#define EGRET_SOL_XDP        283
#define EGRET_IP_FREEBIND    15
#define EGRET_IP_TRANSPARENT 19
#define EGRET_V6_TRANSPARENT 75
#define EGRET_V6_FREEBIND    78
#define EGRET_PACKET_BYPASS  20
#define EGRET_XDP_TX_RING    3

/* Which of EGRET_OPTIONS setsockopt() asks for. */
EGRET_INLINE __u32 egret_option_of(__s32 level, __s32 name)
{
	if (level == EGRET_SOL_PACKET)
		return name == EGRET_PACKET_BYPASS ? EGRET_OPTION_QDISC_BYPASS : EGRET_OPTION_NONE;
	if (level == EGRET_SOL_XDP)
		return name == EGRET_XDP_TX_RING ? EGRET_OPTION_XDP_TX_RING : EGRET_OPTION_NONE;
	if (level == EGRET_SOL_IP && name == EGRET_IP_FREEBIND)
		return EGRET_OPTION_IP_FREEBIND;
	if (level == EGRET_SOL_IP && name == EGRET_IP_TRANSPARENT)
		return EGRET_OPTION_IP_TRANSPARENT;
	if (level == EGRET_SOL_IPV6 && name == EGRET_V6_FREEBIND)
		return EGRET_OPTION_IPV6_FREEBIND;
	if (level == EGRET_SOL_IPV6 && name == EGRET_V6_TRANSPARENT)
		return EGRET_OPTION_IPV6_TRANSPARENT;
	return EGRET_OPTION_NONE;
}

/* Does it lead past the layers, whatever its value is? Else it is about addresses of others, and 0 takes it back. */
EGRET_INLINE bool egret_option_leads_past(__u32 option)
{
	return option == EGRET_OPTION_QDISC_BYPASS || option == EGRET_OPTION_XDP_TX_RING;
}

/* May it be set, by the policy? @is_pod: of whose socket it is. */
EGRET_INLINE bool egret_option_may(__u32 option, __u32 foreign_sources, bool is_pod)
{
	if (option == EGRET_OPTION_NONE)
		return true;
	if (egret_option_leads_past(option) || foreign_sources == EGRET_FOREIGN_HOST)
		return !is_pod;
	return foreign_sources == EGRET_FOREIGN_ALL;
}

/* X(symbol, label, where): the programs of the layer, each of which is proved by itself. Those that are traced come
 * first: not every kernel has a place for them (docs/threat-model.md). */
#define EGRET_SOURCES(X)                                                                                               \
	X(FAMILIES, "families", "fmod_ret/security_socket_create")                                                     \
	X(FRAMES, "frames", "fmod_ret/security_socket_sendmsg")                                                        \
	X(OPTIONS, "options", "fmod_ret/security_socket_setsockopt")                                                   \
	X(HOOK_OPTIONS, "hook-options", "cgroup/setsockopt")                                                           \
	X(HOOK_PROTOCOLS, "hook-protocols", "cgroup/sock_create")

enum egret_source {
#define EGRET_SOURCE_ENUM(symbol, label, where) EGRET_SOURCE_##symbol,
	EGRET_SOURCES(EGRET_SOURCE_ENUM)
#undef EGRET_SOURCE_ENUM
	    EGRET_SOURCE_COUNT
};
#define EGRET_SOURCE_TRACED 3

#endif
