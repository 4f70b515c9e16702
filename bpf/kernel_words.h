/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's types (vmlinux/README.md), and those of its numbers that are macros: BTF, which the types are made from,
 * has no macros.
 */
#ifndef EGRET_BPF_KERNEL_WORDS_H
#define EGRET_BPF_KERNEL_WORDS_H

#include <stdbool.h>

#include "vmlinux.h"

/* include/linux/socket.h */
#define AF_INET  2
#define AF_INET6 10

/* include/uapi/linux/if_ether.h; what is below ETH_P_802_3_MIN is a length */
#define ETH_HLEN        14
#define ETH_P_802_3_MIN 0x0600
#define ETH_P_IP        0x0800
#define ETH_P_ARP       0x0806
#define ETH_P_8021Q     0x8100
#define ETH_P_IPV6      0x86dd
#define ETH_P_SLOW      0x8809
#define ETH_P_PAE       0x888e
#define ETH_P_8021AD    0x88a8
#define ETH_P_LLDP      0x88cc

/* include/uapi/linux/pkt_cls.h: go on to the next program; drop */
#define TC_ACT_UNSPEC (-1)
#define TC_ACT_SHOT   2

/* include/uapi/linux/if_packet.h: a packet's pkt_type */
#define PACKET_LOOPBACK 5

/* include/net/ip.h */
#define IP_MF     0x2000
#define IP_OFFSET 0x1fff

/* include/uapi/linux/ip.h; RFC 791 section 3.1: the kind of an IPv4 option, 128 where fragments repeat the option */
#define IPOPT_END  0
#define IPOPT_NOOP 1
#define IPOPT_LSRR (128 | 3)
#define IPOPT_SSRR (128 | 9)

/* include/uapi/linux/in6.h; those of IPv4 are an enum */
#define IPPROTO_HOPOPTS  0
#define IPPROTO_ROUTING  43
#define IPPROTO_FRAGMENT 44
#define IPPROTO_ICMPV6   58
#define IPPROTO_DSTOPTS  60

/* include/uapi/linux/ipv6_route.h: of an IPv6 route, to an own address */
#define RTF_LOCAL 0x80000000

/* include/linux/skbuff.h: in the address of a packet's route, "without a reference" */
#define SKB_DST_NOREF 1ULL

/* include/uapi/linux/icmp.h, include/uapi/linux/icmpv6.h */
#define ICMP_ECHOREPLY      0
#define ICMP_DEST_UNREACH   3
#define ICMP_SOURCE_QUENCH  4
#define ICMP_REDIRECT       5
#define ICMP_ECHO           8
#define ICMP_TIME_EXCEEDED  11
#define ICMP_PARAMETERPROB  12
#define ICMPV6_ECHO_REQUEST 128
#define ICMPV6_ECHO_REPLY   129

/* include/linux/skbuff.h: of a packet's connection, the bits that are no address; include/uapi/linux/netfilter/
 * nf_conntrack_common.h: from this number on it answers, or is about an answer */
#define NFCT_INFO               7ULL
#define IP_CT_ESTABLISHED_REPLY 3

/* include/linux/sched.h: of a task, "I am a kernel thread" */
#define PF_KTHREAD 0x00200000

/* include/uapi/asm-generic/errno-base.h */
#define EPERM  1
#define EEXIST 17

#endif
