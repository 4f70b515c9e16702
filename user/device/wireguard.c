// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "wireguard.h"

#include <linux/genetlink.h>
#include <linux/wireguard.h>

#include "../base/netlink.h"

/* linux/genetlink.h: its own controller has a number that never changes. */
#define CONTROLLER_VERSION 2

static int take_family(void *context, const struct nlmsghdr *message)
{
	netlink_read(netlink_attrs_of(message, sizeof(struct genlmsghdr)), CTRL_ATTR_FAMILY_ID, context,
		     sizeof(uint16_t));
	return 0;
}

/* 0: the kernel has no WireGuard. */
static uint16_t find_family(void)
{
	const struct genlmsghdr body = {.cmd = CTRL_CMD_GETFAMILY, .version = CONTROLLER_VERSION};
	static const char name[] = WG_GENL_NAME;
	struct netlink_question question;
	uint16_t family = 0;

	netlink_begin(&question, GENL_ID_CTRL, 0, &body, sizeof(body));
	netlink_add(&question, CTRL_ATTR_FAMILY_NAME, name, sizeof(name));
	return netlink_ask(NETLINK_GENERIC, &question, take_family, &family) ? 0 : family;
}

static int take_port(void *context, const struct nlmsghdr *message)
{
	netlink_read(netlink_attrs_of(message, sizeof(struct genlmsghdr)), WGDEVICE_A_LISTEN_PORT, context,
		     sizeof(uint16_t));
	return 0;
}

uint16_t wireguard_port(uint32_t ifindex)
{
	const struct genlmsghdr body = {.cmd = WG_CMD_GET_DEVICE, .version = WG_GENL_VERSION};
	struct netlink_question question;
	uint16_t family = find_family(), port = 0;

	if (!family)
		return 0;
	netlink_begin(&question, family, NLM_F_DUMP, &body, sizeof(body));
	netlink_add(&question, WGDEVICE_A_IFINDEX, &ifindex, sizeof(ifindex));
	return netlink_ask(NETLINK_GENERIC, &question, take_port, &port) ? 0 : port;
}
