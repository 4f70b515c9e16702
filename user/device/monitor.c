// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "monitor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_addr.h>
#include <linux/if_link.h>

#include "../base/netlink.h"

#ifndef RTEXT_FILTER_SKIP_STATS
#define RTEXT_FILTER_SKIP_STATS (1 << 3) /* linux/rtnetlink.h, 4.4 */
#endif
/* For a burst of some hundred pods, of which each is told in a dozen messages of up to 4 KiB. */
#define BUFFER_SIZE (4 << 20)
/* While it changes all the time. */
#define LIST_TRIES 20

struct device_monitor {
	int fd;
	struct device_table table;
	bool routes_stale; /* what was told of routes or devices may have moved a default route */
	bool addresses_stale;
	void (*hear)(void *context, enum device_event event, uint32_t ifindex);
	void *context;
};

/* --- lists --- */

static int put_link(void *context, const struct nlmsghdr *message)
{
	struct device_table *table = context;
	struct device_link link;

	if (message->nlmsg_type != RTM_NEWLINK || device_link_parse(message, &link))
		return 0;
	return device_table_put(table, &link);
}

static int ask_links(struct device_table *table, uint32_t ifindex)
{
	const struct ifinfomsg body = {.ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex};
	const uint32_t mask = RTEXT_FILTER_SKIP_STATS;
	struct netlink_question question;

	netlink_begin(&question, RTM_GETLINK, ifindex ? 0 : NLM_F_DUMP, &body, sizeof(body));
	netlink_add(&question, IFLA_EXT_MASK, &mask, sizeof(mask));
	return netlink_ask(NETLINK_ROUTE, &question, put_link, table);
}

static int put_route(void *context, const struct nlmsghdr *message)
{
	if (message->nlmsg_type != RTM_NEWROUTE || !device_route_is_default(message))
		return 0;
	return device_table_add_route(context, message);
}

static int ask_routes(struct device_table *table, uint8_t family)
{
	const struct rtmsg body = {.rtm_family = family};
	struct netlink_question question;

	netlink_begin(&question, RTM_GETROUTE, NLM_F_DUMP, &body, sizeof(body));
	return netlink_ask(NETLINK_ROUTE, &question, put_route, table);
}

static int put_address(void *context, const struct nlmsghdr *message)
{
	if (message->nlmsg_type != RTM_NEWADDR || !device_address_is_routed(message))
		return 0;
	return device_table_add_address(context, message);
}

static int ask_addresses(struct device_table *table, uint8_t family)
{
	const struct ifaddrmsg body = {.ifa_family = family};
	struct netlink_question question;

	netlink_begin(&question, RTM_GETADDR, NLM_F_DUMP, &body, sizeof(body));
	return netlink_ask(NETLINK_ROUTE, &question, put_address, table);
}

/* Of both families by @ask, in place of what @numbers has. */
static int list_numbers(struct device_table *table, struct device_numbers *numbers,
			int (*ask)(struct device_table *table, uint8_t family))
{
	int rc = -EAGAIN;

	for (int i = 0; i < LIST_TRIES && rc == -EAGAIN; i++) {
		numbers->count = 0;
		rc = ask(table, AF_INET);
		if (!rc)
			rc = ask(table, AF_INET6);
	}
	/* A kernel without IPv6 has nobody who answers. */
	return rc == -EOPNOTSUPP ? 0 : rc;
}

static int list_routes(struct device_monitor *monitor)
{
	int rc = list_numbers(&monitor->table, &monitor->table.defaults, ask_routes);

	monitor->routes_stale = rc;
	return rc;
}

static int list_addresses(struct device_monitor *monitor)
{
	int rc;

	monitor->table.addressed6.count = 0;
	rc = list_numbers(&monitor->table, &monitor->table.addressed, ask_addresses);

	monitor->addresses_stale = rc;
	return rc;
}

static int list_links(struct device_table *ret)
{
	int rc = -EAGAIN;

	for (int i = 0; i < LIST_TRIES && rc == -EAGAIN; i++) {
		device_table_clear(ret);
		rc = ask_links(ret, 0);
	}
	return rc;
}

/* In place of what was known. */
static int list_all(struct device_monitor *monitor)
{
	struct device_table now = {}, before = monitor->table;
	int rc = list_links(&now);

	if (rc) {
		device_table_clear(&now);
		return rc;
	}
	for (size_t i = 0; i < before.count; i++) {
		struct device_link *link = device_table_find(&now, before.links[i].ifindex);

		if (link)
			link->looked = before.links[i].looked;
		else if (monitor->hear)
			monitor->hear(monitor->context, DEVICE_GONE, before.links[i].ifindex);
	}
	device_table_clear(&before);
	monitor->table = now;
	rc = list_routes(monitor);
	return rc ? rc : list_addresses(monitor);
}

/* --- what is told --- */

static void hear(const struct device_monitor *monitor, enum device_event event, uint32_t ifindex)
{
	monitor->hear(monitor->context, event, ifindex);
}

/* A route over a device that goes down is dropped, and of IPv4 that is not told. */
static void note_route_of(struct device_monitor *monitor, uint32_t ifindex)
{
	if (device_table_has_default(&monitor->table, ifindex))
		monitor->routes_stale = true;
}

static int note_link(struct device_monitor *monitor, const struct nlmsghdr *message)
{
	const struct device_link *before;
	struct device_link link;
	int rc;

	if (device_link_parse(message, &link))
		return 0;
	before = device_table_find(&monitor->table, link.ifindex);
	if (before && before->up && !link.up)
		note_route_of(monitor, link.ifindex);
	rc = device_table_put(&monitor->table, &link);
	hear(monitor, DEVICE_CHANGED, link.ifindex);
	return rc;
}

/* The other end of a veth went into a namespace: of the end that stays nothing is told. */
static int look_at_other_end(struct device_monitor *monitor, uint32_t gone)
{
	for (size_t i = 0; i < monitor->table.count; i++) {
		const struct device_link *link = &monitor->table.links[i];
		uint32_t ifindex = link->ifindex;
		int rc;

		if (link->link != gone || link->link_elsewhere)
			continue;
		rc = ask_links(&monitor->table, ifindex);
		if (rc && rc != -ENODEV) /* it went, too, and that is told next */
			return rc;
		hear(monitor, DEVICE_CHANGED, ifindex);
	}
	return 0;
}

static int note_no_link(struct device_monitor *monitor, const struct nlmsghdr *message)
{
	struct device_link link;

	if (device_link_parse(message, &link))
		return 0;
	note_route_of(monitor, link.ifindex);
	device_table_remove(&monitor->table, link.ifindex);
	hear(monitor, DEVICE_GONE, link.ifindex);
	return look_at_other_end(monitor, link.ifindex);
}

static int note_qdisc(const struct device_monitor *monitor, const struct nlmsghdr *message)
{
	const struct tcmsg *tc = NLMSG_DATA(message);
	struct netlink_attrs attrs = netlink_attrs_of(message, sizeof(*tc));
	char kind[DEVICE_KIND_SIZE] = "";

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*tc)) || tc->tcm_ifindex <= 0)
		return 0;
	if (message->nlmsg_type == RTM_DELTFILTER)
		hear(monitor, DEVICE_STRIPPED, tc->tcm_ifindex);
	else if (message->nlmsg_type == RTM_DELQDISC)
		hear(monitor, DEVICE_BARE, tc->tcm_ifindex);
	else if (netlink_read_text(attrs, TCA_KIND, kind, sizeof(kind)) && !strcmp(kind, "ingress"))
		hear(monitor, DEVICE_INGRESS, tc->tcm_ifindex);
	return 0;
}

static int note(void *context, const struct nlmsghdr *message)
{
	struct device_monitor *monitor = context;

	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
		return note_link(monitor, message);
	case RTM_DELLINK:
		return note_no_link(monitor, message);
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		monitor->routes_stale |= device_route_is_default(message);
		return 0;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		monitor->addresses_stale |= device_address_is_routed(message);
		return 0;
	case RTM_NEWQDISC:
	case RTM_DELQDISC:
	case RTM_DELTFILTER:
		return note_qdisc(monitor, message);
	default:
		return 0;
	}
}

static int begin_anew(struct device_monitor *monitor)
{
	int rc = list_all(monitor);

	for (size_t i = 0; i < monitor->table.count && !rc; i++) {
		hear(monitor, DEVICE_CHANGED, monitor->table.links[i].ifindex);
		hear(monitor, DEVICE_STRIPPED, monitor->table.links[i].ifindex);
	}
	return rc;
}

int device_monitor_take(struct device_monitor *monitor,
			void (*heard)(void *context, enum device_event event, uint32_t ifindex), void *context)
{
	int rc;

	monitor->hear = heard;
	monitor->context = context;
	rc = netlink_take(monitor->fd, note, monitor);
	if (rc)
		return begin_anew(monitor);
	if (monitor->routes_stale)
		rc = list_routes(monitor);
	if (!rc && monitor->addresses_stale)
		rc = list_addresses(monitor);
	return rc;
}

/* --- its life --- */

static int listen_to_all(int fd)
{
	static const unsigned int groups[] = {RTNLGRP_LINK,       RTNLGRP_TC,          RTNLGRP_IPV4_ROUTE,
					      RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR};
	const int size = BUFFER_SIZE;
	int rc = 0;

	/* Without CAP_NET_ADMIN it stays as it is, and more is listed anew. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]) && !rc; i++)
		rc = netlink_join(fd, groups[i]);
	return rc;
}

int device_monitor_new(struct device_monitor **ret)
{
	struct device_monitor *monitor = calloc(1, sizeof(*monitor));
	int rc;

	if (!monitor)
		return -ENOMEM;
	monitor->fd = netlink_open(NETLINK_ROUTE);
	rc = monitor->fd < 0 ? monitor->fd : listen_to_all(monitor->fd);
	if (!rc)
		rc = list_all(monitor); /* what changes while it is listed is told after it */
	if (rc) {
		device_monitor_free(monitor);
		return rc;
	}
	*ret = monitor;
	return 0;
}

void device_monitor_free(struct device_monitor *monitor)
{
	if (!monitor)
		return;
	if (monitor->fd >= 0)
		close(monitor->fd);
	device_table_clear(&monitor->table);
	free(monitor);
}

int device_monitor_fd(const struct device_monitor *monitor)
{
	return monitor->fd;
}

const struct device_table *device_monitor_table(const struct device_monitor *monitor)
{
	return &monitor->table;
}
