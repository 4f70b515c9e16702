// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "edges.h"

#include "model/random.h"

/* Where each range begins. How long its prefix is, is not written here: every bit is tried. */
static const char *const v4_begins[] = {
    "0.0.0.0",    "10.0.0.0",     "100.64.0.0",   "127.0.0.0",    "168.63.129.16", "169.254.0.0", "172.16.0.0",
    "192.0.0.0",  "192.0.2.0",    "192.31.196.0", "192.52.193.0", "192.88.99.0",   "192.168.0.0", "192.175.48.0",
    "198.18.0.0", "198.51.100.0", "203.0.113.0",  "224.0.0.0",    "240.0.0.0",
};
static const char *const v6_begins[] = {
    "::",     "64:ff9b::", "64:ff9b:1::",    "100::",  "100:0:0:1::", "2001::", "2001:db8::",
    "2002::", "3fff::",    "2620:4f:8000::", "5f00::", "fc00::",      "fe80::", "ff00::",
};

static void flip(struct egret_addr *addr, unsigned int bit)
{
	addr->bytes[bit / 8] ^= (uint8_t)(0x80U >> bit % 8);
}

struct egret_addr edge_draw(bool v4)
{
	unsigned int first = v4 ? 96 : 0, bit;
	uint32_t rest = random_below(3);
	struct egret_addr addr;

	addr_parse(v4 ? RANDOM_OF(v4_begins) : RANDOM_OF(v6_begins), &addr);
	bit = first + random_below(v4 ? 32 : 128);
	if (random_below(4))
		flip(&addr, bit);
	/* Behind it as the range begins, all ones, or anything. */
	for (bit++; rest && bit < 128; bit++) {
		bool is_one = addr.bytes[bit / 8] & 0x80U >> bit % 8;

		if (is_one != (rest == 1 || random_below(2)))
			flip(&addr, bit);
	}
	return addr;
}
