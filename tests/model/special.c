/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "special.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/addr.h"

/* RFC 1918, RFC 4193, RFC 6598 */
static const char *const private_ranges[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
					     "fc00::/7"};

/* IANA's two Special-Purpose Address Registries; then what is not in them: Azure's host and multicast. */
static const char *const other_ranges[] = {
    "0.0.0.0/8",       "127.0.0.0/8",    "169.254.0.0/16",  "192.0.0.0/24",      "192.0.2.0/24",    "192.31.196.0/24",
    "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24", "198.18.0.0/15",     "198.51.100.0/24", "203.0.113.0/24",
    "240.0.0.0/4",     "::/96",          "64:ff9b::/96",    "64:ff9b:1::/48",    "100::/64",        "100:0:0:1::/64",
    "2001::/23",       "2001:db8::/32",  "2002::/16",       "2620:4f:8000::/48", "3fff::/20",       "5f00::/16",
    "fe80::/10",       "168.63.129.16",  "224.0.0.0/4",     "ff00::/8",
};

#define MAX_RANGES 64

/* Parsed once. */
struct ranges {
	struct cidr all[MAX_RANGES];
	size_t count;
};

static void parse(struct ranges *ranges, const char *const *texts, size_t count)
{
	for (; ranges->count < count; ranges->count++) {
		if (cidr_parse(texts[ranges->count], &ranges->all[ranges->count]))
			abort();
	}
}

static bool is_in(const struct ranges *ranges, const struct egret_addr *addr)
{
	for (size_t i = 0; i < ranges->count; i++) {
		if (cidr_contains(&ranges->all[i], addr))
			return true;
	}
	return false;
}

bool model_is_private(const struct egret_addr *addr)
{
	static struct ranges ranges;

	parse(&ranges, private_ranges, sizeof(private_ranges) / sizeof(private_ranges[0]));
	return is_in(&ranges, addr);
}

bool model_is_special(const struct egret_addr *addr)
{
	static struct ranges ranges;

	parse(&ranges, other_ranges, sizeof(other_ranges) / sizeof(other_ranges[0]));
	return model_is_private(addr) || is_in(&ranges, addr);
}
