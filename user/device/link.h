/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A network device of this namespace, as RTM_NEWLINK tells of it: what its class is found by (class.h). */
#ifndef EGRET_DEVICE_LINK_H
#define EGRET_DEVICE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/netlink.h>

#include "egret_limits.h"

#define DEVICE_KIND_SIZE 16

struct device_link {
	uint32_t ifindex;
	uint32_t master; /* of which it is a port or a slave; 0 = none */
	/* What it stands on, or a veth's other end; 0 = nothing. In another namespace where link_elsewhere. */
	uint32_t link;
	bool link_elsewhere;
	bool up;
	bool looked;       /* the owner's: the program stands that looks at what comes in by it */
	int32_t link_nsid; /* IFLA_LINK_NETNSID of link_elsewhere; less than 0: that namespace has no id here */
	uint16_t type;     /* ARPHRD_* */
	uint16_t port;     /* vxlan, geneve: to which outer packets go; host order */
	char name[EGRET_DEVICE_NAME_SIZE];
	char kind[DEVICE_KIND_SIZE]; /* "" = a device of hardware, of a hypervisor, or lo */
};

/* From an RTM_NEWLINK or RTM_DELLINK. -ENOENT: it tells of something else than a whole device, as of a bridge's port or
 * of a radio. -EBADMSG: it ends before it says what it must. */
int device_link_parse(const struct nlmsghdr *message, struct device_link *ret);

bool device_link_is(const struct device_link *link, const char *kind);

#endif
