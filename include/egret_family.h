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

#endif
