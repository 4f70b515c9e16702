// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "overlay.h"

#include <netinet/in.h>
#include <string.h>

#include "wireguard.h"

static const struct {
	const char *kind;
	uint8_t protocols[DEVICE_MAX_OVERLAYS];
} by_protocol[] = {
    {"ipip", {IPPROTO_IPIP}},
    {"sit", {IPPROTO_IPV6, IPPROTO_IPIP}},
    {"ip6tnl", {IPPROTO_IPV6, IPPROTO_IPIP}},
    {"gre", {IPPROTO_GRE}},
    {"gretap", {IPPROTO_GRE}},
    {"erspan", {IPPROTO_GRE}},
    {"ip6gre", {IPPROTO_GRE}},
    {"ip6gretap", {IPPROTO_GRE}},
    {"ip6erspan", {IPPROTO_GRE}},
};

bool device_overlay_names(const char *pattern, const char *name)
{
	size_t len = strlen(pattern);

	if (len && pattern[len - 1] == '*')
		return !strncmp(pattern, name, len - 1);
	return !strcmp(pattern, name);
}

static size_t by_port(uint16_t port, bool of_near_port, struct egret_overlay *ret)
{
	*ret = (struct egret_overlay){.l4_proto = IPPROTO_UDP, .of_near_port = of_near_port, .port = port};
	return port ? 1 : 0;
}

size_t device_overlays_of(const struct device_link *link, struct egret_overlay ret[DEVICE_MAX_OVERLAYS])
{
	size_t count = 0;

	if (device_link_is(link, "vxlan") || device_link_is(link, "geneve"))
		return by_port(link->port, false, ret);
	if (device_link_is(link, "wireguard"))
		return by_port(wireguard_port(link->ifindex), true, ret);
	for (size_t i = 0; i < sizeof(by_protocol) / sizeof(by_protocol[0]); i++) {
		if (!device_link_is(link, by_protocol[i].kind))
			continue;
		while (count < DEVICE_MAX_OVERLAYS && by_protocol[i].protocols[count]) {
			ret[count] = (struct egret_overlay){.l4_proto = by_protocol[i].protocols[count]};
			count++;
		}
	}
	return count;
}
