// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "../base/array.h"
#include "../base/netlink.h"

#define IPV4_WIDE 1
#define IPV6_WIDE 4

static int numbers_add(struct device_numbers *numbers, uint32_t ifindex)
{
	int rc = array_grow((void **)&numbers->all, &numbers->capacity, numbers->count, sizeof(*numbers->all));

	if (!rc)
		numbers->all[numbers->count++] = ifindex;
	return rc;
}

bool device_numbers_have(const struct device_numbers *numbers, uint32_t ifindex)
{
	for (size_t i = 0; i < numbers->count; i++)
		if (numbers->all[i] == ifindex)
			return true;
	return false;
}

void device_table_clear(struct device_table *table)
{
	free(table->links);
	free(table->defaults.all);
	free(table->addressed.all);
	free(table->addressed6.all);
	*table = (struct device_table){};
}

/* The first place whose number is not less. */
static size_t place_of(const struct device_table *table, uint32_t ifindex)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->links[middle].ifindex < ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct device_link *device_table_find(const struct device_table *table, uint32_t ifindex)
{
	size_t place = place_of(table, ifindex);

	return place < table->count && table->links[place].ifindex == ifindex ? &table->links[place] : NULL;
}

int device_table_put(struct device_table *table, const struct device_link *link)
{
	struct device_link *known = device_table_find(table, link->ifindex);
	size_t place = place_of(table, link->ifindex);
	bool looked = known && known->looked;

	if (!known) {
		int rc = array_grow((void **)&table->links, &table->capacity, table->count, sizeof(*table->links));

		if (rc)
			return rc;
		memmove(&table->links[place + 1], &table->links[place], (table->count - place) * sizeof(*table->links));
		table->count++;
	}
	table->links[place] = *link;
	table->links[place].looked = looked;
	return 0;
}

void device_table_remove(struct device_table *table, uint32_t ifindex)
{
	size_t place = place_of(table, ifindex);

	if (!device_table_find(table, ifindex))
		return;
	table->count--;
	memmove(&table->links[place], &table->links[place + 1], (table->count - place) * sizeof(*table->links));
}

bool device_route_is_default(const struct nlmsghdr *message)
{
	const struct rtmsg *route = NLMSG_DATA(message);

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*route)) || route->rtm_type != RTN_UNICAST)
		return false;
	/* Whoever is on the link can make the kernel have one: a pod, too, by its device. */
	if (route->rtm_protocol == RTPROT_RA || route->rtm_protocol == RTPROT_REDIRECT)
		return false;
	if (route->rtm_family == AF_INET)
		return route->rtm_dst_len <= IPV4_WIDE;
	return route->rtm_family == AF_INET6 && route->rtm_dst_len <= IPV6_WIDE;
}

/* Of a route with several ways. */
static int add_hops(struct device_table *table, struct netlink_attrs hops)
{
	const struct rtnexthop *hop = (const void *)hops.first;
	size_t left = hops.len;
	int rc = 0;

	while (!rc && left >= sizeof(*hop) && hop->rtnh_len >= sizeof(*hop) && hop->rtnh_len <= left) {
		size_t taken = RTNH_ALIGN(hop->rtnh_len);

		rc = numbers_add(&table->defaults, hop->rtnh_ifindex);
		if (taken >= left)
			break;
		left -= taken;
		hop = (const void *)((const char *)hop + taken);
	}
	return rc;
}

int device_table_add_route(struct device_table *table, const struct nlmsghdr *message)
{
	struct netlink_attrs attrs = netlink_attrs_of(message, sizeof(struct rtmsg));
	uint32_t ifindex;

	if (netlink_read(attrs, RTA_OIF, &ifindex, sizeof(ifindex)))
		return numbers_add(&table->defaults, ifindex);
	return add_hops(table, netlink_attrs_in(netlink_find(attrs, RTA_MULTIPATH)));
}

bool device_table_has_default(const struct device_table *table, uint32_t ifindex)
{
	return device_numbers_have(&table->defaults, ifindex);
}

bool device_address_is_routed(const struct nlmsghdr *message)
{
	const struct ifaddrmsg *address = NLMSG_DATA(message);

	return message->nlmsg_len >= NLMSG_LENGTH(sizeof(*address)) && address->ifa_scope < RT_SCOPE_LINK;
}

int device_table_add_address(struct device_table *table, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *address = NLMSG_DATA(message);

	return numbers_add(address->ifa_family == AF_INET ? &table->addressed : &table->addressed6, address->ifa_index);
}
