/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"

#define BITS       128
#define V4_BITS    32
#define MAPPED_LEN 12 /* bytes before the IPv4 address, RFC 4291 section 2.5.5.2 */

static const unsigned char mapped_prefix[MAPPED_LEN] = {[10] = 0xff, [11] = 0xff};

struct egret_addr addr_from_v4(uint32_t addr_be)
{
	struct egret_addr addr;

	memcpy(addr.bytes, mapped_prefix, MAPPED_LEN);
	memcpy(addr.bytes + MAPPED_LEN, &addr_be, sizeof(addr_be));
	return addr;
}

bool addr_is_v4(const struct egret_addr *addr)
{
	return memcmp(addr->bytes, mapped_prefix, MAPPED_LEN) == 0;
}

bool addr_equal(const struct egret_addr *a, const struct egret_addr *b)
{
	return addr_compare(a, b) == 0;
}

bool addr_is_loopback(const struct egret_addr *addr)
{
	static const struct egret_addr v6 = {.bytes = {[15] = 1}};

	return addr_equal(addr, &v6) || (addr_is_v4(addr) && addr->bytes[MAPPED_LEN] == 127);
}

int addr_compare(const struct egret_addr *a, const struct egret_addr *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

int addr_parse(const char *text, struct egret_addr *ret)
{
	struct egret_addr addr;
	uint32_t addr_be;

	if (inet_pton(AF_INET, text, &addr_be) == 1) {
		*ret = addr_from_v4(addr_be);
		return 0;
	}
	if (inet_pton(AF_INET6, text, addr.bytes) != 1)
		return -EINVAL;
	*ret = addr;
	return 0;
}

const char *addr_format(const struct egret_addr *addr, char buf[static ADDR_TEXT_SIZE])
{
	if (addr_is_v4(addr))
		inet_ntop(AF_INET, addr->bytes + MAPPED_LEN, buf, ADDR_TEXT_SIZE);
	else
		inet_ntop(AF_INET6, addr->bytes, buf, ADDR_TEXT_SIZE);
	return buf;
}

/* Decimal without sign, blank or leading zero: "08" is octal to some and decimal to others. */
static int parse_prefix(const char *text, unsigned int max, unsigned int *ret)
{
	unsigned int value = 0;

	if (!*text || (*text == '0' && text[1]))
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (unsigned int)(*text - '0');
		if (value > max)
			return -EINVAL;
	}
	*ret = value;
	return 0;
}

static struct egret_addr addr_mask(const struct egret_addr *addr, unsigned int prefix_len)
{
	struct egret_addr masked = {0};
	unsigned int whole = prefix_len / 8, rest = prefix_len % 8;

	memcpy(masked.bytes, addr->bytes, whole);
	if (rest)
		masked.bytes[whole] = addr->bytes[whole] & (0xff00 >> rest);
	return masked;
}

int cidr_parse(const char *text, struct cidr *ret)
{
	char head[INET6_ADDRSTRLEN];
	const char *slash = strchrnul(text, '/');
	unsigned int width, prefix;
	struct egret_addr addr, masked;

	if ((size_t)(slash - text) >= sizeof(head))
		return -EINVAL;
	memcpy(head, text, (size_t)(slash - text));
	head[slash - text] = '\0';
	if (addr_parse(head, &addr))
		return -EINVAL;

	width = strchr(head, ':') ? BITS : V4_BITS;
	prefix = width;
	if (*slash && parse_prefix(slash + 1, width, &prefix))
		return -EINVAL;

	prefix += BITS - width;
	masked = addr_mask(&addr, prefix);
	*ret = (struct cidr){.addr = masked, .prefix_len = (uint8_t)prefix};
	return addr_equal(&masked, &addr) ? 0 : -EDOM;
}

const char *cidr_format(const struct cidr *cidr, char buf[static ADDR_TEXT_SIZE])
{
	unsigned int prefix = cidr->prefix_len;
	size_t len;

	addr_format(&cidr->addr, buf);
	if (cidr_is_single(cidr))
		return buf;
	if (addr_is_v4(&cidr->addr))
		prefix -= BITS - V4_BITS;
	len = strlen(buf);
	snprintf(buf + len, ADDR_TEXT_SIZE - len, "/%u", prefix);
	return buf;
}

bool cidr_contains(const struct cidr *cidr, const struct egret_addr *addr)
{
	struct egret_addr masked = addr_mask(addr, cidr->prefix_len);

	return addr_equal(&masked, &cidr->addr);
}

bool cidr_covers(const struct cidr *outer, const struct cidr *inner)
{
	return outer->prefix_len <= inner->prefix_len && cidr_contains(outer, &inner->addr);
}

bool cidr_is_single(const struct cidr *cidr)
{
	return cidr->prefix_len == BITS;
}

bool addr_is_link_local(const struct egret_addr *addr)
{
	return addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80;
}

int zoned_addr_parse(const char *text, struct zoned_addr *ret)
{
	const char *percent = strchr(text, '%');
	size_t len = percent ? (size_t)(percent - text) : strlen(text);
	struct zoned_addr addr = {.zone = ""};
	char head[ADDR_TEXT_SIZE];

	if (len >= sizeof(head))
		return -EINVAL;
	memcpy(head, text, len);
	head[len] = '\0';
	if (addr_parse(head, &addr.addr))
		return -EINVAL;
	if (percent && !addr_is_link_local(&addr.addr))
		return -EDOM;
	if (percent && (!percent[1] || strlen(percent + 1) >= sizeof(addr.zone) || strpbrk(percent + 1, "/:%")))
		return -EINVAL;
	if (percent)
		strcpy(addr.zone, percent + 1);
	*ret = addr;
	return 0;
}

const char *zoned_addr_format(const struct zoned_addr *addr, char buf[static ZONED_TEXT_SIZE])
{
	size_t len = strlen(addr_format(&addr->addr, buf));

	if (*addr->zone)
		snprintf(buf + len, ZONED_TEXT_SIZE - len, "%%%s", addr->zone);
	return buf;
}

bool zoned_addr_equal(const struct zoned_addr *a, const struct zoned_addr *b)
{
	return addr_equal(&a->addr, &b->addr) && !strcmp(a->zone, b->zone);
}

unsigned int zoned_addr_ifindex(const struct zoned_addr *addr)
{
	unsigned int ifindex = *addr->zone ? if_nametoindex(addr->zone) : 0;
	char *end;
	unsigned long number;

	if (ifindex || !*addr->zone)
		return ifindex;
	number = strtoul(addr->zone, &end, 10);
	return *end ? 0 : (unsigned int)number;
}
