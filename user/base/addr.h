/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Addresses and CIDRs as text and as the mapped form that the maps hold.
 * No allocation; all values are plain.
 */
#ifndef EGRET_ADDR_H
#define EGRET_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "egret_addr.h"

#define ADDR_TEXT_SIZE 50 /* INET6_ADDRSTRLEN and "/128" */

#define ADDR_ZONE_SIZE  16 /* the name of an interface and its NUL: IFNAMSIZ */
#define ZONED_TEXT_SIZE (ADDR_TEXT_SIZE + ADDR_ZONE_SIZE)

/* A link-local address is one of each link: its zone (RFC 4007 section 11) is the interface that leads to this one. */
struct zoned_addr {
	struct egret_addr addr;
	char zone[ADDR_ZONE_SIZE]; /* a name or, as the kernel counts them, a number; "" = none is named */
};

/* An address, or a CIDR: prefix_len counts in the mapped form (IPv4 /8 is 104). */
struct cidr {
	struct egret_addr addr;
	uint8_t prefix_len;
};

struct egret_addr addr_from_v4(uint32_t addr_be);
bool addr_is_v4(const struct egret_addr *addr);
bool addr_equal(const struct egret_addr *a, const struct egret_addr *b);
int addr_compare(const struct egret_addr *a, const struct egret_addr *b);

/* "10.0.0.1", "2001:db8::1", "::ffff:10.0.0.1"; nothing else. -EINVAL. */
int addr_parse(const char *text, struct egret_addr *ret);
/* Returns @buf. Mapped addresses are written as IPv4. */
const char *addr_format(const struct egret_addr *addr, char buf[static ADDR_TEXT_SIZE]);

/* 127.0.0.0/8 (RFC 1122 section 3.2.1.3), ::1. */
bool addr_is_loopback(const struct egret_addr *addr);
/* fe80::/10. */
bool addr_is_link_local(const struct egret_addr *addr);
/* As addr_parse, with "%ZONE" behind it or without. -EDOM: another address than a link-local one has a zone. -EINVAL.
 */
int zoned_addr_parse(const char *text, struct zoned_addr *ret);
const char *zoned_addr_format(const struct zoned_addr *addr, char buf[static ZONED_TEXT_SIZE]); /* Returns @buf. */
bool zoned_addr_equal(const struct zoned_addr *a, const struct zoned_addr *b);
/* The interface of the zone in this network namespace; 0: there is none, or no zone is named. */
unsigned int zoned_addr_ifindex(const struct zoned_addr *addr);

/* -EINVAL: no address or prefix; -EDOM: bits are set behind the prefix, and
 * *ret holds the CIDR without them, so that a message can name it. */
int cidr_parse(const char *text, struct cidr *ret);
/* A single address is written without its prefix. */
const char *cidr_format(const struct cidr *cidr, char buf[static ADDR_TEXT_SIZE]);
bool cidr_contains(const struct cidr *cidr, const struct egret_addr *addr);
bool cidr_covers(const struct cidr *outer, const struct cidr *inner);
bool cidr_is_single(const struct cidr *cidr);

#endif
