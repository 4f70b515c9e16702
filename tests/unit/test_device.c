// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the layers have to do with the devices of a node: nodes of many shapes, and messages of any length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "device/class.h"
#include "device/cni.h"
#include "base/netlink.h"
#include "device/overlay.h"
#include "device/table.h"
#include "egret_device.h"

#define IN     EGRET_DEVICE_LEADS_IN
#define OUT    EGRET_DEVICE_UPLINK
#define LOOKED EGRET_DEVICE_LOOKED
#define LOWER  EGRET_DEVICE_LOWER
#define NO_MAC EGRET_DEVICE_NO_MAC
#define TUNNEL EGRET_DEVICE_TUNNEL
#define PEER   EGRET_DEVICE_HAS_PEER
#define ABOVE  EGRET_DEVICE_ABOVE
#define OWN4   EGRET_DEVICE_OWN_SOURCES
#define OWN    (OWN4 | EGRET_DEVICE_OWN_SOURCES6)
#define JOINS  EGRET_DEVICE_JOINS

/* A device of a node, and what must become of it. */
struct shape {
	const char *name, *kind;
	uint16_t type; /* 0 = Ethernet */
	uint32_t master, link;
	int32_t nsid; /* of the other end's namespace: 0 = it is here, PEERLESS = it has no id */
	bool is_default, down, blind, has_address, has_only_v4;
	uint32_t flags;
	bool ingress, egress;
};

#define PEERLESS (-1)

/* The devices of a node have the numbers 1, 2, ... in the order of @shapes. */
static void check(const struct shape *shapes, size_t count)
{
	struct device_class *classes = calloc(count, sizeof(*classes));
	struct device_table table = {};

	for (size_t i = 0; i < count; i++) {
		struct device_link link = {
		    .ifindex = i + 1,
		    .master = shapes[i].master,
		    .link = shapes[i].link,
		    .link_elsewhere = shapes[i].nsid,
		    .link_nsid = shapes[i].nsid ? shapes[i].nsid : -1,
		    .type = shapes[i].type ? shapes[i].type : ARPHRD_ETHER,
		    .up = !shapes[i].down,
		};

		snprintf(link.name, sizeof(link.name), "%s", shapes[i].name);
		snprintf(link.kind, sizeof(link.kind), "%s", shapes[i].kind);
		assert_int_equal(device_table_put(&table, &link), 0);
		device_table_find(&table, link.ifindex)->looked = shapes[i].ingress && !shapes[i].blind;
	}
	table.defaults.all = calloc(count, sizeof(*table.defaults.all));
	table.addressed.all = calloc(count, sizeof(*table.addressed.all));
	table.addressed6.all = calloc(count, sizeof(*table.addressed6.all));
	for (size_t i = 0; i < count; i++) {
		if (shapes[i].is_default)
			table.defaults.all[table.defaults.count++] = i + 1;
		if (shapes[i].has_address || shapes[i].has_only_v4)
			table.addressed.all[table.addressed.count++] = i + 1;
		if (shapes[i].has_address)
			table.addressed6.all[table.addressed6.count++] = i + 1;
	}
	device_classify(&table, classes);
	for (size_t i = 0; i < count; i++) {
		if (classes[i].flags != shapes[i].flags || classes[i].ingress != shapes[i].ingress ||
		    classes[i].egress != shapes[i].egress)
			fail_msg("%s: flags %x, not %x; ingress %d, egress %d", shapes[i].name, classes[i].flags,
				 shapes[i].flags, classes[i].ingress, classes[i].egress);
	}
	device_table_clear(&table);
	free(classes);
}

#define CHECK(...)                                                                                                     \
	do {                                                                                                           \
		const struct shape shapes[] = {__VA_ARGS__};                                                           \
                                                                                                                       \
		check(shapes, sizeof(shapes) / sizeof(shapes[0]));                                                     \
	} while (0)

#define LO                                                                                                             \
	{                                                                                                              \
		"lo", "", .type = ARPHRD_LOOPBACK                                                                      \
	}
#define ETH0                                                                                                           \
	{                                                                                                              \
		"eth0", "", .is_default = true, .flags = OUT, .egress = true                                           \
	}
#define VETH(name, ...)                                                                                                \
	{                                                                                                              \
		name, "veth", .link = 2, .nsid = 7, .flags = IN | LOOKED | PEER | OWN, .ingress = true, __VA_ARGS__    \
	}

/* The same at a switch of which the node is not the router. */
#define PORT(name, ...)                                                                                                \
	{                                                                                                              \
		name, "veth", .link = 2, .nsid = 7, .flags = IN | LOOKED | PEER, .ingress = true, __VA_ARGS__          \
	}

static void routed_pods_have_a_look_and_the_card_is_the_uplink(void **state)
{
	(void)state;
	CHECK(LO, ETH0, VETH("azv1"), VETH("azv2"), {"eth1", "", .flags = OUT, .egress = true});
}

static void a_bridge_is_looked_at_when_all_its_ports_are(void **state)
{
	(void)state;
	CHECK(LO, ETH0, {"cbr0", "bridge", .has_address = true, .flags = LOOKED | JOINS}, VETH("v1", .master = 3),
	      VETH("v2", .master = 3));
	CHECK(LO, ETH0, {"docker0", "bridge", .flags = 0});
	/* Of IPv6 its pods talk among themselves. */
	CHECK(LO, ETH0, {"cbr0", "bridge", .has_only_v4 = true, .flags = LOOKED | JOINS},
	      {"v1", "veth", .master = 3, .link = 2, .nsid = 7, .flags = IN | LOOKED | PEER | OWN4, .ingress = true});
	/* One port whose program could not be attached. */
	CHECK(LO, ETH0, {"cbr0", "bridge", .has_address = true, .flags = JOINS}, VETH("v1", .master = 3),
	      {"v2", "veth", .master = 3, .link = 2, .nsid = 7, .blind = true, .flags = IN | PEER | OWN,
	       .ingress = true});
	/* A veth between two bridges of the node leads nowhere else. */
	CHECK(LO, ETH0, {"br0", "bridge", .has_address = true, .flags = JOINS}, VETH("v1", .master = 3),
	      {"v2", "veth", .master = 3, .link = 6}, {"v3", "veth", .link = 5});
}

static void a_bridge_may_hold_the_uplink(void **state)
{
	(void)state;
	CHECK(LO, {"eth0", "", .master = 3, .flags = OUT, .egress = true},
	      {"br0", "bridge", .is_default = true, .has_address = true, .flags = LOOKED | JOINS},
	      PORT("v1", .master = 3));
	CHECK(LO, {"eth0", "", .master = 3, .flags = OUT, .egress = true},
	      {"br0", "bridge", .is_default = true, .flags = OUT | ABOVE});
	CHECK(LO, {"eth0", "", .flags = OUT, .egress = true},
	      {"br0", "bridge", .is_default = true, .flags = OUT | ABOVE},
	      {"eth0.5", "vlan", .master = 3, .link = 2, .flags = OUT | ABOVE});
	CHECK(LO, {"bond0", "bond", .master = 4, .flags = OUT, .egress = true},
	      {"eth0", "", .master = 2, .flags = OUT | LOWER, .egress = true},
	      {"br0", "bridge", .is_default = true, .has_address = true, .flags = LOOKED | JOINS},
	      PORT("v1", .master = 4));
	/* In a node that is a container: nobody can say which port leads out, and a machine must not lock itself out.
	 */
	CHECK(LO, {"br0", "bridge", .is_default = true, .flags = OUT | ABOVE},
	      {"v1", "veth", .master = 2, .link = 9, .nsid = 3, .flags = OUT, .egress = true});
	/* A VLAN on a bridge of pods. */
	CHECK(LO, ETH0, {"br0", "bridge", .flags = LOOKED | JOINS}, PORT("v1", .master = 3),
	      {"br0.5", "vlan", .link = 3, .flags = LOOKED});
}

/* Of a switch that the node has no address on, or whose ports lead out, or that is another program's, the node's routes
 * do not say who is there. */
static void sources_are_own_where_the_node_is_the_router(void **state)
{
	(void)state;
	CHECK(LO, ETH0, {"br0", "bridge", .flags = LOOKED | JOINS}, PORT("v1", .master = 3));
	CHECK(LO, ETH0, {"ovs-system", "openvswitch", .flags = LOOKED}, PORT("v1", .master = 3));
	CHECK(LO, ETH0, PORT("v1", .master = 9));
	CHECK(LO, ETH0, {"br0", "bridge", .has_address = true, .flags = LOOKED | JOINS},
	      {"vnet0", "tun", .master = 3, .flags = IN | LOOKED | OWN, .ingress = true});
}

static void bonds_vlans_and_netvsc_count_a_packet_once(void **state)
{
	(void)state;
	CHECK(LO, {"bond0", "bond", .is_default = true, .flags = OUT, .egress = true},
	      {"eth0", "", .master = 2, .flags = OUT | LOWER, .egress = true},
	      {"eth1", "", .master = 2, .flags = OUT | LOWER, .egress = true});
	CHECK(LO, {"bond0", "bond", .flags = OUT, .egress = true},
	      {"eth0", "", .master = 2, .flags = OUT | LOWER, .egress = true},
	      {"eth1", "", .master = 2, .flags = OUT | LOWER, .egress = true},
	      {"bond0.7", "vlan", .link = 2, .is_default = true, .flags = OUT | ABOVE});
	/* A bond of two veths, whose other ends are a switch. */
	CHECK(LO, {"bond0", "bond", .is_default = true, .flags = OUT, .egress = true},
	      {"e0", "veth", .master = 2, .link = 9, .nsid = 3, .flags = OUT | LOWER, .egress = true},
	      {"e1", "veth", .master = 2, .link = 9, .nsid = 3, .flags = OUT | LOWER, .egress = true});
	/* Accelerated networking of Azure. */
	CHECK(LO, ETH0, {"enP30832s1", "", .master = 2, .flags = OUT | LOWER, .egress = true}, VETH("azv1"));
	/* A storage network of its own. */
	CHECK(LO, ETH0, {"eth0.100", "vlan", .link = 2, .flags = OUT | ABOVE});
}

static void parents_of_macvlans_are_uplinks_without_a_route(void **state)
{
	(void)state;
	CHECK(LO, ETH0, {"eth1", "", .flags = OUT, .egress = true},
	      {"mac0", "macvlan", .link = 3, .flags = OUT | ABOVE},
	      {"ipv0", "ipvlan", .link = 3, .flags = OUT | ABOVE});
	/* A node that is given a macvlan of its host, beside its veth. */
	CHECK(LO, {"eth0", "veth", .is_default = true, .link = 5, .nsid = 2, .flags = OUT, .egress = true},
	      {"net1", "macvlan", .link = 5, .nsid = 2, .flags = OUT, .egress = true});
}

static void taps_and_netkits_lead_in(void **state)
{
	(void)state;
	CHECK(LO, ETH0, {"vnet0", "tun", .flags = IN | LOOKED | OWN, .ingress = true},
	      {"tun0", "tun", .type = ARPHRD_NONE, .flags = IN | LOOKED | NO_MAC | OWN, .ingress = true},
	      {"nk0", "netkit", .link = 2, .nsid = 4, .flags = IN | LOOKED | PEER | OWN, .ingress = true},
	      {"nk1", "netkit", .link = 2, .nsid = PEERLESS, .flags = IN | LOOKED | OWN, .ingress = true},
	      {"nk2", "netkit", .link = 8}, {"nk3", "netkit", .link = 7});
	/* A VPN that takes all. */
	CHECK(LO, ETH0,
	      {"tun0", "tun", .type = ARPHRD_NONE, .is_default = true, .flags = OUT | NO_MAC, .egress = true});
	CHECK(LO, {"ppp0", "ppp", .type = ARPHRD_PPP, .is_default = true, .flags = OUT | NO_MAC, .egress = true});
}

static void tunnels_of_the_node_are_uplinks_when_they_are_up(void **state)
{
	(void)state;
	CHECK(LO, ETH0, {"flannel.1", "vxlan", .link = 2, .flags = OUT | TUNNEL, .egress = true},
	      {"cilium_vxlan", "vxlan", .flags = OUT | TUNNEL, .egress = true},
	      {"tunl0", "ipip", .type = ARPHRD_TUNNEL, .flags = OUT | NO_MAC | TUNNEL, .egress = true},
	      {"wg0", "wireguard", .type = ARPHRD_NONE, .flags = OUT | NO_MAC | TUNNEL, .egress = true},
	      {"gre0", "gre", .type = ARPHRD_IPGRE, .down = true});
}

static void what_leads_nowhere_is_let_alone(void **state)
{
	(void)state;
	CHECK({"lo", "", .type = ARPHRD_LOOPBACK, .is_default = true}, ETH0, {"dummy0", "dummy", .flags = 0},
	      {"kube-ipvs0", "dummy", .flags = 0}, {"cilium_net", "veth", .link = 6},
	      {"cilium_host", "veth", .link = 5}, {"ifb0", "ifb", .flags = 0}, {"ib0", "", .type = ARPHRD_INFINIBAND});
}

static void a_node_behind_a_veth_is_no_pod(void **state)
{
	(void)state;
	CHECK(LO, {"eth0", "veth", .link = 21, .nsid = 1, .is_default = true, .flags = OUT, .egress = true},
	      VETH("veth1"));
}

static void frames_that_cannot_be_read_have_no_program(void **state)
{
	(void)state;
	CHECK(LO, {"ib0", "", .type = ARPHRD_INFINIBAND, .is_default = true, .flags = OUT});
}

static void a_vrf_is_what_its_devices_are(void **state)
{
	(void)state;
	CHECK(LO, ETH0, {"vrf-pods", "vrf", .flags = LOOKED}, VETH("v1", .master = 3),
	      {"vrf-out", "vrf", .flags = OUT | ABOVE}, {"eth1", "", .master = 5, .flags = OUT, .egress = true});
}

/* The kernel makes no circles; a list that was read while things changed may have one. */
static void devices_that_stand_on_each_other_come_to_an_end(void **state)
{
	const struct device_link links[] = {{.ifindex = 1, .master = 2, .kind = "bridge"},
					    {.ifindex = 2, .master = 1, .kind = "bridge"},
					    {.ifindex = 3, .link = 4, .kind = "macvlan"},
					    {.ifindex = 4, .link = 3, .kind = "macvlan"}};
	uint32_t defaults[] = {1, 3};
	const struct device_table table = {
	    .links = (struct device_link *)links, .count = 4, .defaults = {.all = defaults, .count = 2}};
	struct device_class classes[4];

	(void)state;
	device_classify(&table, classes);
	assert_true(classes[3].leads_out);
}

/* --- messages --- */

struct message {
	struct nlmsghdr header;
	char rest[1024];
};

static struct rtattr *add(struct message *message, uint16_t type, const void *value, size_t size)
{
	struct rtattr *attr = (void *)((char *)message + NLMSG_ALIGN(message->header.nlmsg_len));

	attr->rta_type = type;
	attr->rta_len = RTA_LENGTH(size);
	memcpy(RTA_DATA(attr), value, size);
	message->header.nlmsg_len = NLMSG_ALIGN(message->header.nlmsg_len) + attr->rta_len;
	return attr;
}

static struct message link_message(void)
{
	const struct ifinfomsg info = {.ifi_index = 5, .ifi_type = ARPHRD_ETHER, .ifi_flags = 1};
	const uint32_t master = 3, lower = 2;
	const int32_t nsid = 6;
	const uint16_t port_be = htons(8472);
	struct message message = {.header = {.nlmsg_type = RTM_NEWLINK, .nlmsg_len = NLMSG_LENGTH(sizeof(info))}};
	struct rtattr *linkinfo, *data;
	char *end;

	memcpy(NLMSG_DATA(&message.header), &info, sizeof(info));
	add(&message, IFLA_IFNAME, "flannel.1", sizeof("flannel.1"));
	add(&message, IFLA_MASTER, &master, sizeof(master));
	add(&message, IFLA_LINK, &lower, sizeof(lower));
	add(&message, IFLA_LINK_NETNSID, &nsid, sizeof(nsid));
	linkinfo = add(&message, IFLA_LINKINFO | NLA_F_NESTED, "", 0);
	add(&message, IFLA_INFO_KIND, "vxlan", sizeof("vxlan"));
	data = add(&message, IFLA_INFO_DATA, "", 0);
	add(&message, IFLA_VXLAN_PORT, &port_be, sizeof(port_be));
	end = (char *)&message + message.header.nlmsg_len;
	data->rta_len = end - (char *)data;
	linkinfo->rta_len = end - (char *)linkinfo;
	return message;
}

static void a_link_is_read(void **state)
{
	struct message message = link_message();
	struct egret_overlay overlays[DEVICE_MAX_OVERLAYS];
	struct device_link link;

	(void)state;
	assert_int_equal(device_link_parse(&message.header, &link), 0);
	assert_int_equal(link.ifindex, 5);
	assert_int_equal(link.master, 3);
	assert_int_equal(link.link, 2);
	assert_true(link.link_elsewhere);
	assert_int_equal(link.link_nsid, 6);
	assert_true(link.up);
	assert_string_equal(link.name, "flannel.1");
	assert_string_equal(link.kind, "vxlan");
	assert_int_equal(device_overlays_of(&link, overlays), 1);
	assert_int_equal(overlays[0].l4_proto, 17);
	assert_int_equal(overlays[0].port, 8472);
	assert_int_equal(overlays[0].of_near_port, 0);
}

/* On the heap, so that the sanitizer sees each octet that is read beyond it. */
static void a_message_that_ends_early_is_read_to_its_end(void **state)
{
	struct message message = link_message();

	(void)state;
	for (uint32_t len = sizeof(struct nlmsghdr); len < message.header.nlmsg_len; len++) {
		struct nlmsghdr *cut = malloc(len);
		struct device_link link;

		memcpy(cut, &message, len);
		cut->nlmsg_len = len;
		device_link_parse(cut, &link);
		free(cut);
	}
}

static void an_attribute_that_lies_about_its_length_is_none(void **state)
{
	struct message message = link_message();
	struct rtattr *first = (void *)((char *)&message + NLMSG_SPACE(sizeof(struct ifinfomsg)));
	struct device_link link;

	(void)state;
	first->rta_len = 3;
	assert_int_not_equal(device_link_parse(&message.header, &link), 0);
	first->rta_len = sizeof(message);
	assert_int_not_equal(device_link_parse(&message.header, &link), 0);
	first->rta_len = 0;
	assert_int_not_equal(device_link_parse(&message.header, &link), 0);
}

static void a_bridge_that_tells_of_its_port_tells_of_no_device(void **state)
{
	struct message message = link_message();
	struct ifinfomsg *info = NLMSG_DATA(&message.header);
	struct device_link link;

	(void)state;
	info->ifi_family = AF_BRIDGE;
	assert_int_not_equal(device_link_parse(&message.header, &link), 0);
}

static struct message route_message(uint8_t family, uint8_t len, uint8_t type)
{
	const struct rtmsg route = {.rtm_family = family, .rtm_dst_len = len, .rtm_type = type, .rtm_table = 100};
	struct message message = {.header = {.nlmsg_type = RTM_NEWROUTE, .nlmsg_len = NLMSG_LENGTH(sizeof(route))}};

	memcpy(NLMSG_DATA(&message.header), &route, sizeof(route));
	return message;
}

static bool is_default(uint8_t family, uint8_t len, uint8_t type)
{
	struct message message = route_message(family, len, type);

	return device_route_is_default(&message.header);
}

static void default_routes_are_known_also_in_halves(void **state)
{
	(void)state;
	assert_true(is_default(AF_INET, 0, RTN_UNICAST));
	assert_true(is_default(AF_INET6, 0, RTN_UNICAST));
	assert_true(is_default(AF_INET, 1, RTN_UNICAST));
	assert_true(is_default(AF_INET6, 3, RTN_UNICAST));
	assert_false(is_default(AF_INET, 8, RTN_UNICAST));
	assert_false(is_default(AF_INET6, 8, RTN_UNICAST));
	assert_false(is_default(AF_INET, 0, RTN_BLACKHOLE));
	assert_false(is_default(AF_INET, 0, RTN_LOCAL));
}

static void a_route_that_a_neighbour_advertised_makes_no_uplink(void **state)
{
	struct message message = route_message(AF_INET6, 0, RTN_UNICAST);

	(void)state;
	((struct rtmsg *)NLMSG_DATA(&message.header))->rtm_protocol = RTPROT_RA;
	assert_false(device_route_is_default(&message.header));
}

static void a_route_of_several_ways_leads_over_each(void **state)
{
	const struct rtnexthop hops[] = {{.rtnh_len = 8, .rtnh_ifindex = 4}, {.rtnh_len = 8, .rtnh_ifindex = 9}};
	struct rtnexthop broken = {.rtnh_len = 7, .rtnh_ifindex = 11};
	struct message message = route_message(AF_INET, 0, RTN_UNICAST);
	struct device_table table = {};
	const uint32_t oif = 6;

	(void)state;
	add(&message, RTA_MULTIPATH, hops, sizeof(hops));
	assert_int_equal(device_table_add_route(&table, &message.header), 0);
	message = route_message(AF_INET6, 0, RTN_UNICAST);
	add(&message, RTA_OIF, &oif, sizeof(oif));
	assert_int_equal(device_table_add_route(&table, &message.header), 0);
	message = route_message(AF_INET, 0, RTN_UNICAST);
	add(&message, RTA_MULTIPATH, &broken, sizeof(broken));
	assert_int_equal(device_table_add_route(&table, &message.header), 0);
	assert_true(device_table_has_default(&table, 4));
	assert_true(device_table_has_default(&table, 9));
	assert_true(device_table_has_default(&table, 6));
	assert_false(device_table_has_default(&table, 11));
	device_table_clear(&table);
}

static void devices_are_found_by_their_number(void **state)
{
	struct device_table table = {};
	struct device_link link = {};

	(void)state;
	for (uint32_t i = 0; i < 300; i++) {
		link.ifindex = 1 + (i * 7) % 300;
		assert_int_equal(device_table_put(&table, &link), 0);
	}
	assert_int_equal(table.count, 300);
	device_table_find(&table, 17)->looked = true;
	link = (struct device_link){.ifindex = 17, .master = 3};
	assert_int_equal(device_table_put(&table, &link), 0);
	assert_int_equal(table.count, 300);
	assert_int_equal(device_table_find(&table, 17)->master, 3);
	assert_true(device_table_find(&table, 17)->looked);
	device_table_remove(&table, 17);
	device_table_remove(&table, 17);
	assert_null(device_table_find(&table, 17));
	assert_int_equal(table.count, 299);
	for (size_t i = 1; i < table.count; i++)
		assert_true(table.links[i - 1].ifindex < table.links[i].ifindex);
	device_table_clear(&table);
}

/* --- overlays and plugins --- */

static void overlays_are_known_by_their_kind(void **state)
{
	struct device_link link = {.kind = "ip6tnl"};
	struct egret_overlay overlays[DEVICE_MAX_OVERLAYS];

	(void)state;
	assert_int_equal(device_overlays_of(&link, overlays), 2);
	assert_int_equal(overlays[0].l4_proto, 41);
	assert_int_equal(overlays[1].l4_proto, 4);
	strcpy(link.kind, "gretap");
	assert_int_equal(device_overlays_of(&link, overlays), 1);
	assert_int_equal(overlays[0].l4_proto, 47);
	strcpy(link.kind, "veth");
	assert_int_equal(device_overlays_of(&link, overlays), 0);
	assert_true(device_overlay_names("flannel.1", "flannel.1"));
	assert_false(device_overlay_names("flannel.1", "flannel.10"));
	assert_true(device_overlay_names("cilium_*", "cilium_vxlan"));
	assert_false(device_overlay_names("cilium_*", "cilium"));
}

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void a_plugin_is_found_in_files_that_runtimes_read(void **state)
{
	char folder[] = "/tmp/egret-cni-XXXXXX", command[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_false(cni_names_plugin(folder, "bandwidth"));
	write_file(folder, "10-azure.conflist", "{\"plugins\":[{\"type\":\"azure-vnet\"}]}");
	write_file(folder, "20-old.conflist.bak", "{\"plugins\":[{\"type\":\"bandwidth\"}]}");
	assert_false(cni_names_plugin(folder, "bandwidth"));
	write_file(folder, "10-calico.conflist", "{\"plugins\":[{\"type\":\"calico\"},{\"type\": \"bandwidth\"}]}");
	assert_true(cni_names_plugin(folder, "bandwidth"));
	assert_false(cni_names_plugin("/nonexistent", "bandwidth"));
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(routed_pods_have_a_look_and_the_card_is_the_uplink),
	    cmocka_unit_test(a_bridge_is_looked_at_when_all_its_ports_are),
	    cmocka_unit_test(a_bridge_may_hold_the_uplink),
	    cmocka_unit_test(sources_are_own_where_the_node_is_the_router),
	    cmocka_unit_test(bonds_vlans_and_netvsc_count_a_packet_once),
	    cmocka_unit_test(parents_of_macvlans_are_uplinks_without_a_route),
	    cmocka_unit_test(taps_and_netkits_lead_in),
	    cmocka_unit_test(tunnels_of_the_node_are_uplinks_when_they_are_up),
	    cmocka_unit_test(what_leads_nowhere_is_let_alone),
	    cmocka_unit_test(a_node_behind_a_veth_is_no_pod),
	    cmocka_unit_test(frames_that_cannot_be_read_have_no_program),
	    cmocka_unit_test(a_vrf_is_what_its_devices_are),
	    cmocka_unit_test(devices_that_stand_on_each_other_come_to_an_end),
	    cmocka_unit_test(a_link_is_read),
	    cmocka_unit_test(a_message_that_ends_early_is_read_to_its_end),
	    cmocka_unit_test(an_attribute_that_lies_about_its_length_is_none),
	    cmocka_unit_test(a_bridge_that_tells_of_its_port_tells_of_no_device),
	    cmocka_unit_test(default_routes_are_known_also_in_halves),
	    cmocka_unit_test(a_route_that_a_neighbour_advertised_makes_no_uplink),
	    cmocka_unit_test(a_route_of_several_ways_leads_over_each),
	    cmocka_unit_test(devices_are_found_by_their_number),
	    cmocka_unit_test(overlays_are_known_by_their_kind),
	    cmocka_unit_test(a_plugin_is_found_in_files_that_runtimes_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
