// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "class.h"

#include <string.h>

#include <linux/if_arp.h>

#include "egret_device.h"

/* Devices that stand on each other: bond, VLAN, bridge are three. What is deeper gets no flags. */
#define MAX_DEPTH 8

struct classes {
	const struct device_table *table;
	struct device_class *all;
};

static bool is_one_of(const struct device_link *link, const char *const *kinds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (device_link_is(link, kinds[i]))
			return true;
	return false;
}

#define IS_ONE_OF(link, kinds) is_one_of(link, kinds, sizeof(kinds) / sizeof((kinds)[0]))

/* What comes from it is sent by another device of this namespace, as it is or with a tag. */
static bool stands_on_another(const struct device_link *link)
{
	static const char *const kinds[] = {"vlan", "macvlan", "macvtap", "ipvlan", "ipvtap"};

	return IS_ONE_OF(link, kinds);
}

static bool is_tunnel(const struct device_link *link)
{
	static const char *const kinds[] = {"vxlan",  "geneve", "ipip",      "sit",    "gre",       "gretap",
					    "erspan", "ip6gre", "ip6gretap", "ip6tnl", "ip6erspan", "wireguard"};

	return IS_ONE_OF(link, kinds);
}

/* What leaves by it leaves by its slaves, but for what the driver sends otherwise. */
static bool sends_by_slaves(const struct device_link *link)
{
	return device_link_is(link, "bond") || device_link_is(link, "team") || !*link->kind;
}

static bool leads_out_by_itself(const struct device_table *table, const struct device_link *link)
{
	if (link->type == ARPHRD_LOOPBACK)
		return false;
	if (link->type == ARPHRD_ETHER && !*link->kind)
		return true;
	if (is_tunnel(link) && link->up)
		return true;
	return device_table_has_default(table, link->ifindex) || (stands_on_another(link) && link->link_elsewhere);
}

static bool leads_in(const struct device_link *link)
{
	if (device_link_is(link, "veth") || device_link_is(link, "netkit"))
		return link->link_elsewhere;
	return device_link_is(link, "tun");
}

/* net/core/rtnetlink.c and include/linux/if_arp.h (dev_is_mac_header_xmit): all else begins with what is its own. */
static bool begins_with_ip(uint16_t type)
{
	static const uint16_t types[] = {ARPHRD_TUNNEL, ARPHRD_TUNNEL6, ARPHRD_SIT, ARPHRD_IPGRE, ARPHRD_IP6GRE,
					 ARPHRD_NONE,   ARPHRD_RAWIP,   ARPHRD_PPP, ARPHRD_VOID};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i] == type)
			return true;
	return false;
}

/* --- what lies below what --- */

/* NULL: it stands on nothing that is here. */
static struct device_class *below(const struct classes *classes, const struct device_link *link)
{
	const struct device_link *found;

	if (!stands_on_another(link) || link->link_elsewhere)
		return NULL;
	found = device_table_find(classes->table, link->link);
	return found ? &classes->all[found - classes->table->links] : NULL;
}

static struct device_class *master_of(const struct classes *classes, const struct device_link *link)
{
	const struct device_link *found = link->master ? device_table_find(classes->table, link->master) : NULL;

	return found ? &classes->all[found - classes->table->links] : NULL;
}

/* At itself, or at what it stands on: down to what is looked at for it. */
static bool ends_outside(const struct classes *classes, size_t i, int depth)
{
	const struct device_link *link = &classes->table->links[i];
	const struct device_class *lower = below(classes, link);

	if (classes->all[i].leads_out || depth == MAX_DEPTH)
		return classes->all[i].leads_out;
	if (lower)
		return ends_outside(classes, lower - classes->all, depth + 1);
	for (size_t port = 0; classes->all[i].has_ports && port < classes->table->count; port++)
		if (classes->table->links[port].master == link->ifindex && ends_outside(classes, port, depth + 1))
			return true;
	return false;
}

static bool port_ends_outside(const struct classes *classes, const struct device_link *bridge)
{
	for (size_t i = 0; i < classes->table->count; i++)
		if (classes->table->links[i].master == bridge->ifindex && ends_outside(classes, i, 0))
			return true;
	return false;
}

static void lead_out_below(const struct classes *classes, const struct device_link *link);

static void lead_out(const struct classes *classes, struct device_class *class)
{
	if (class->leads_out)
		return;
	class->leads_out = true;
	lead_out_below(classes, &classes->table->links[class - classes->all]);
}

/* Where a bridge has a port that leads out anyway, the others lead in as ever. */
static void lead_out_below(const struct classes *classes, const struct device_link *link)
{
	struct device_class *lower = below(classes, link);

	if (lower)
		lead_out(classes, lower);
	if (!device_link_is(link, "bridge") && !sends_by_slaves(link))
		return;
	if (device_link_is(link, "bridge") && port_ends_outside(classes, link))
		return;
	for (size_t i = 0; i < classes->table->count; i++)
		if (classes->table->links[i].master == link->ifindex)
			lead_out(classes, &classes->all[i]);
}

/* --- flags --- */

static void set_lowest(const struct device_link *link, struct device_class *class)
{
	if (class->leads_out) {
		class->flags = EGRET_DEVICE_UPLINK | (is_tunnel(link) ? EGRET_DEVICE_TUNNEL : 0);
		class->unreadable = link->type != ARPHRD_ETHER && !begins_with_ip(link->type);
		class->egress = !class->unreadable;
	} else if (leads_in(link)) {
		class->flags = EGRET_DEVICE_LEADS_IN | (link->looked ? EGRET_DEVICE_LOOKED : 0);
		class->ingress = true;
		if (link->link_elsewhere && link->link_nsid >= 0)
			class->flags |= EGRET_DEVICE_HAS_PEER;
	}
	if (class->flags && begins_with_ip(link->type))
		class->flags |= EGRET_DEVICE_NO_MAC;
}

struct lower {
	size_t count, out, looked;
};

static void count_lower(struct lower *lower, const struct device_class *class)
{
	lower->count++;
	lower->out += !!(class->flags & EGRET_DEVICE_UPLINK);
	lower->looked += !(class->flags & EGRET_DEVICE_UPLINK) && class->flags & EGRET_DEVICE_LOOKED;
}

static struct lower lower_of(const struct classes *classes, const struct device_link *link)
{
	const struct device_class *one = below(classes, link);
	struct lower lower = {};

	if (one)
		count_lower(&lower, one);
	for (size_t i = 0; i < classes->table->count; i++)
		if (classes->table->links[i].master == link->ifindex)
			count_lower(&lower, &classes->all[i]);
	return lower;
}

static void set_by_lower(const struct device_link *link, struct device_class *class, const struct lower *lower)
{
	bool own = sends_by_slaves(link);

	class->flags = 0;
	class->egress = false;
	if (lower->out + lower->looked < lower->count)
		return;
	class->flags = lower->looked ? EGRET_DEVICE_LOOKED : EGRET_DEVICE_UPLINK;
	if (lower->looked)
		return;
	class->egress = own;
	class->flags |= own ? 0 : EGRET_DEVICE_ABOVE;
}

/* A device of hardware leads out whatever is said of its slaves. */
static bool is_lowest(const struct classes *classes, size_t i)
{
	const struct device_link *link = &classes->table->links[i];

	return !below(classes, link) && (!*link->kind || !classes->all[i].has_ports);
}

static void set_flags(const struct classes *classes)
{
	const struct device_table *table = classes->table;

	for (size_t i = 0; i < table->count; i++)
		set_lowest(&table->links[i], &classes->all[i]);
	for (int depth = 0; depth < MAX_DEPTH; depth++)
		for (size_t i = 0; i < table->count; i++) {
			struct lower lower;

			if (is_lowest(classes, i))
				continue;
			lower = lower_of(classes, &table->links[i]);
			set_by_lower(&table->links[i], &classes->all[i], &lower);
		}
}

static void mark_slaves(const struct classes *classes)
{
	for (size_t i = 0; i < classes->table->count; i++) {
		const struct device_class *master = master_of(classes, &classes->table->links[i]);

		if (!master || !master->egress || !(classes->all[i].flags & EGRET_DEVICE_UPLINK))
			continue;
		classes->all[i].flags |= EGRET_DEVICE_LOWER;
	}
}

/* --- sources --- */

/* A bridge may have an address of one family only: of the other one its ports talk among themselves. */
static bool is_router_behind(const struct classes *classes, const struct device_link *link,
			     const struct device_numbers *addressed)
{
	const struct device_link *master = link->master ? device_table_find(classes->table, link->master) : NULL;

	if (!link->master || (master && device_link_is(master, "vrf")))
		return true;
	return master && device_link_is(master, "bridge") && !port_ends_outside(classes, master) &&
	       device_numbers_have(addressed, master->ifindex);
}

static void mark_sources(const struct classes *classes)
{
	for (size_t i = 0; i < classes->table->count; i++) {
		const struct device_link *link = &classes->table->links[i];
		const struct device_link *master =
		    link->master ? device_table_find(classes->table, link->master) : NULL;

		if (!(classes->all[i].flags & EGRET_DEVICE_LEADS_IN))
			continue;
		if (is_router_behind(classes, link, &classes->table->addressed))
			classes->all[i].flags |= EGRET_DEVICE_OWN_SOURCES;
		if (is_router_behind(classes, link, &classes->table->addressed6))
			classes->all[i].flags |= EGRET_DEVICE_OWN_SOURCES6;
		if (master && device_link_is(master, "bridge"))
			master_of(classes, link)->flags |= EGRET_DEVICE_JOINS;
	}
}

void device_classify(const struct device_table *table, struct device_class *ret)
{
	const struct classes classes = {table, ret};

	memset(ret, 0, table->count * sizeof(*ret));
	for (size_t i = 0; i < table->count; i++) {
		struct device_class *master = master_of(&classes, &table->links[i]);

		ret[i].leads_out = leads_out_by_itself(table, &table->links[i]);
		if (master)
			master->has_ports = true;
	}
	for (size_t i = 0; i < table->count; i++)
		if (device_table_has_default(table, table->links[i].ifindex))
			lead_out_below(&classes, &table->links[i]);
	set_flags(&classes);
	mark_slaves(&classes);
	mark_sources(&classes);
}
