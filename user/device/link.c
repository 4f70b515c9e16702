// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "../base/netlink.h"

/* IANA's; what the kernel takes where nobody says (geneve_validate, net/geneve.h). vxlan always tells its own. */
#define GENEVE_PORT 6081

bool device_link_is(const struct device_link *link, const char *kind)
{
	return !strcmp(link->kind, kind);
}

static void parse_port(struct netlink_attrs data, struct device_link *link)
{
	uint16_t port_be = 0;

	if (device_link_is(link, "vxlan"))
		netlink_read(data, IFLA_VXLAN_PORT, &port_be, sizeof(port_be));
	if (device_link_is(link, "geneve")) {
		port_be = htons(GENEVE_PORT);
		netlink_read(data, IFLA_GENEVE_PORT, &port_be, sizeof(port_be));
	}
	link->port = ntohs(port_be);
}

static void parse_kind(struct netlink_attrs attrs, struct device_link *link)
{
	struct netlink_attrs info = netlink_attrs_in(netlink_find(attrs, IFLA_LINKINFO));

	netlink_read_text(info, IFLA_INFO_KIND, link->kind, sizeof(link->kind));
	parse_port(netlink_attrs_in(netlink_find(info, IFLA_INFO_DATA)), link);
}

int device_link_parse(const struct nlmsghdr *message, struct device_link *ret)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);
	struct netlink_attrs attrs = netlink_attrs_of(message, sizeof(*info));

	*ret = (struct device_link){.link_nsid = -1};
	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) || info->ifi_index <= 0)
		return -EBADMSG;
	/* A bridge tells of its ports in the same group: a port that is taken out lives on as a device. */
	if (info->ifi_family != AF_UNSPEC)
		return -ENOENT;
	ret->ifindex = info->ifi_index;
	ret->type = info->ifi_type;
	ret->up = info->ifi_flags & IFF_UP;
	if (!netlink_read_text(attrs, IFLA_IFNAME, ret->name, sizeof(ret->name)))
		return -ENOENT; /* wireless extensions tell only of themselves */
	netlink_read(attrs, IFLA_MASTER, &ret->master, sizeof(ret->master));
	netlink_read(attrs, IFLA_LINK, &ret->link, sizeof(ret->link));
	ret->link_elsewhere = netlink_read(attrs, IFLA_LINK_NETNSID, &ret->link_nsid, sizeof(ret->link_nsid));
	parse_kind(attrs, ret);
	return 0;
}
