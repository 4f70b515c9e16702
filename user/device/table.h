/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All devices of this namespace, by their number, over which of them default routes lead, and which have addresses. */
#ifndef EGRET_DEVICE_TABLE_H
#define EGRET_DEVICE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/netlink.h>

#include "link.h"

/* Of devices, in no order and maybe twice. */
struct device_numbers {
	uint32_t *all;
	size_t count, capacity;
};

bool device_numbers_have(const struct device_numbers *numbers, uint32_t ifindex);

struct device_table {
	struct device_link *links; /* by ifindex */
	size_t count, capacity;
	struct device_numbers defaults; /* over which default routes lead */
	/* That have an address of the node's, not of their link alone: of IPv4, of IPv6. */
	struct device_numbers addressed, addressed6;
};

void device_table_clear(struct device_table *table);
struct device_link *device_table_find(const struct device_table *table, uint32_t ifindex); /* NULL: none */
/* In place of what was told of the same device before; `looked` of that stays. */
int device_table_put(struct device_table *table, const struct device_link *link);
void device_table_remove(struct device_table *table, uint32_t ifindex);

/* Does an RTM_NEWROUTE or RTM_DELROUTE tell of a default route, in any table: of 0/0, or of what is written in its
 * place so that it wins over another (0/1 and 128/1 by VPNs; ::/3, 2000::/4 and their like)? */
bool device_route_is_default(const struct nlmsghdr *message);
/* The devices that such a route leads over. Multicast groups begin at /4, and at /8. */
int device_table_add_route(struct device_table *table, const struct nlmsghdr *message);
bool device_table_has_default(const struct device_table *table, uint32_t ifindex);

/* Does an RTM_NEWADDR or RTM_DELADDR tell of an address that is reached beyond its link? */
bool device_address_is_routed(const struct nlmsghdr *message);
int device_table_add_address(struct device_table *table, const struct nlmsghdr *message);

#endif
