/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "special.h"
#include "../base/addr.h"

#define V4_PREFIX(len) (96 + (len))

/* What networks number themselves by, and what providers number the ways between by. */
#define PRIVATE "a private address"
#define SHARED  "a shared address"

static const struct special_v4 {
	uint8_t bytes[4];
	uint8_t prefix_len;
	const char *kind;
} special_v4[] = {
    /* IANA IPv4 Special-Purpose Address Registry (RFC 6890 section 2.2.2 and its updates) */
    {{0}, 8, "an address of \"this network\""},      /* RFC 791 section 3.2 */
    {{10}, 8, PRIVATE},                              /* RFC 1918 */
    {{100, 64}, 10, SHARED},                         /* RFC 6598 */
    {{127}, 8, "a loopback address"},                /* RFC 1122 section 3.2.1.3 */
    {{169, 254}, 16, "a link-local address"},        /* RFC 3927 */
    {{172, 16}, 12, PRIVATE},                        /* RFC 1918 */
    {{192, 0, 0}, 24, "a protocol's own address"},   /* RFC 6890 section 2.1 */
    {{192, 0, 2}, 24, "a documentation address"},    /* RFC 5737 */
    {{192, 31, 196}, 24, "an AS112 address"},        /* RFC 7535 */
    {{192, 52, 193}, 24, "an AMT address"},          /* RFC 7450 */
    {{192, 88, 99}, 24, "a 6to4 relay address"},     /* RFC 7526 */
    {{192, 168}, 16, PRIVATE},                       /* RFC 1918 */
    {{192, 175, 48}, 24, "an AS112 address"},        /* RFC 7534 */
    {{198, 18}, 15, "a benchmarking address"},       /* RFC 2544 */
    {{198, 51, 100}, 24, "a documentation address"}, /* RFC 5737 */
    {{203, 0, 113}, 24, "a documentation address"},  /* RFC 5737 */
    {{240}, 4, "a reserved address"},                /* RFC 1112 section 4; holds 255.255.255.255 */
    /* Not in that registry. Azure's own host on every node, with no network between. */
    {{168, 63, 129, 16}, 32, "the address of the Azure host"},
    /* no single host has it */
    {{224}, 4, "a multicast address"}, /* RFC 5771 */
};

/* ::ffff:0:0/96 is in the registry too: here it is how IPv4 is written. */
static const struct special_v6 {
	uint16_t words[3];
	uint8_t prefix_len;
	const char *kind;
} special_v6[] = {
    /* IANA IPv6 Special-Purpose Address Registry (RFC 6890 section 2.2.3 and its updates) */
    {{0x64, 0xff9b}, 96, "a NAT64 address"},          /* RFC 6052 */
    {{0x64, 0xff9b, 1}, 48, "a NAT64 address"},       /* RFC 8215 */
    {{0x100}, 63, "a discard address"},               /* RFC 6666 100::/64, RFC 9780 100:0:0:1::/64 */
    {{0x2001}, 23, "a protocol's own address"},       /* RFC 2928; Teredo, ORCHID and more are in it */
    {{0x2001, 0xdb8}, 32, "a documentation address"}, /* RFC 3849 */
    {{0x2002}, 16, "a 6to4 address"},                 /* RFC 3056 */
    {{0x2620, 0x4f, 0x8000}, 48, "an AS112 address"}, /* RFC 7534 */
    {{0x3fff}, 20, "a documentation address"},        /* RFC 9637 */
    {{0x5f00}, 16, "a segment routing address"},      /* RFC 9602 */
    {{0xfc00}, 7, PRIVATE},                           /* RFC 4193 */
    {{0xfe80}, 10, "a link-local address"},           /* RFC 4291 section 2.5.6 */
    /* not in that registry: no single host has it */
    {{0xff00}, 8, "a multicast address"}, /* RFC 4291 section 2.7 */
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *kind_v4(const struct egret_addr *addr)
{
	for (size_t i = 0; i < COUNT(special_v4); i++) {
		struct cidr cidr = {.addr = addr_from_v4(0), .prefix_len = V4_PREFIX(special_v4[i].prefix_len)};

		for (size_t b = 0; b < 4; b++)
			cidr.addr.bytes[12 + b] = special_v4[i].bytes[b];
		if (cidr_contains(&cidr, addr))
			return special_v4[i].kind;
	}
	return NULL;
}

/* RFC 4291 sections 2.5.2, 2.5.3 and 2.5.5.1 */
static const char *kind_of_lowest(const struct egret_addr *addr)
{
	static const struct cidr compatible = {.prefix_len = 96}, lowest = {.prefix_len = 127};

	if (!cidr_contains(&lowest, addr))
		return cidr_contains(&compatible, addr) ? "a reserved address" : NULL;
	return addr->bytes[15] ? "a loopback address" : "the unspecified address";
}

static const char *kind_v6(const struct egret_addr *addr)
{
	for (size_t i = 0; i < COUNT(special_v6); i++) {
		struct cidr cidr = {.prefix_len = special_v6[i].prefix_len};

		for (size_t w = 0; w < 3; w++) {
			cidr.addr.bytes[2 * w] = special_v6[i].words[w] >> 8;
			cidr.addr.bytes[2 * w + 1] = special_v6[i].words[w] & 0xff;
		}
		if (cidr_contains(&cidr, addr))
			return special_v6[i].kind;
	}
	return kind_of_lowest(addr);
}

const char *addr_special_kind(const struct egret_addr *addr)
{
	return addr_is_v4(addr) ? kind_v4(addr) : kind_v6(addr);
}

bool addr_is_special(const struct egret_addr *addr)
{
	return addr_special_kind(addr) != NULL;
}

bool addr_is_private(const struct egret_addr *addr)
{
	const char *kind = addr_special_kind(addr);

	return kind && (!strcmp(kind, PRIVATE) || !strcmp(kind, SHARED));
}

/* What stands behind the destination of a rule, without `private`, which is about names. */
static void copy_rest(const char *rule_text, char *to, size_t size)
{
	size_t len = 0, words = 0;

	for (const char *at = rule_text; *at; words++) {
		size_t word = strcspn(at, " ");

		if (words >= 2 && (word != strlen("private") || strncmp(at, "private", word) != 0) &&
		    len + word + 2 < size)
			len += (size_t)snprintf(to + len, size - len, " %.*s", (int)word, at);
		at += word;
		at += strspn(at, " ");
	}
	to[len] = '\0';
}

const char *special_line(const struct egret_addr *addr, const char *rule_text, char *buf, size_t size)
{
	char text[ADDR_TEXT_SIZE], rest[EGRET_RULE_TEXT_SIZE];

	copy_rest(rule_text, rest, sizeof(rest));
	snprintf(buf, size, "allow %s%s", addr_format(addr, text), rest);
	return buf;
}

const char *special_sentence(const char *name, const struct egret_addr *addr, const char *rule_text,
			     char buf[static SPECIAL_SENTENCE_SIZE])
{
	const char *kind = addr_special_kind(addr);
	char text[ADDR_TEXT_SIZE], line[SPECIAL_LINE_SIZE];

	snprintf(buf, SPECIAL_SENTENCE_SIZE, "names %s, but %s is %s, which a name may not bring in: add `%s`%s", name,
		 addr_format(addr, text), kind ? kind : "an internal address",
		 special_line(addr, rule_text, line, sizeof(line)),
		 addr_is_private(addr) ? ", or `private` behind the rule's ports" : ", if it is meant");
	return buf;
}
