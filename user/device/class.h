/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the layers have to do with each device (the flags of egret_device.h), by the list of all devices and over which
 * of them default routes lead. No system call.
 *
 * Leads in: a veth or netkit whose other end is in another namespace; a tap or tun, at whose other end is a machine or
 * a program.
 *
 * Leads out (an uplink): a device of hardware or of a hypervisor (Ethernet, of no kind: also where nothing but a pod's
 * macvlan or ipvlan sends by it, of whose children in other namespaces nothing is told here); a tunnel that is up; a
 * macvlan, ipvlan or VLAN whose parent is in another namespace; what a default route leads over, and what lies below
 * that. A device that leads out does not lead in: else a node that is itself behind a veth would be judged as a pod.
 *
 * Tunnels are uplinks of their own, since their inner packets are others than their outer ones: behind NAT the inner
 * one has the destination that counts, and what is sent on a tunnel by AF_PACKET would leave the next node as transit.
 *
 * Where programs stand: at all that leads in, and at the lowest of what leads out, where everything passes and each
 * packet once. VLANs, macvlans, ipvlans and bridges on uplinks have none (EGRET_DEVICE_ABOVE). A bond, a team and the
 * synthetic device of accelerated networking (netvsc) have one, as something may leave by them that no slave shows, and
 * so have their slaves (EGRET_DEVICE_LOWER).
 *
 * What tc sees as skb->ingress_ifindex where a packet leaves is the topmost device that it came in by: the VLAN, bond,
 * macvlan or VRF rather than what is below; a bridge where it was routed, but the port where it was bridged. So these
 * have flags of their own: LOOKED where all below was looked at or leads out, UPLINK where all below leads out. Mixed,
 * with one port that has no look, a bridge has neither: nobody can tell which port a routed packet came in by.
 *
 * By a device that leads in come own sources alone (OWN_SOURCES) where the node is the router behind it: its end of a
 * pair, a port of a VRF, of a bridge that has an address here and no port that leads out. Else the switch is another's,
 * or nobody's, and the node's routes say nothing of who is there.
 */
#ifndef EGRET_DEVICE_CLASS_H
#define EGRET_DEVICE_CLASS_H

#include <stdbool.h>
#include <stdint.h>

#include "table.h"

struct device_class {
	uint32_t flags;  /* EGRET_DEVICE_*; 0 = nothing to do with it */
	bool leads_out;  /* what leaves by it is to be looked at, at itself or at what it stands on */
	bool ingress;    /* where a program is to stand */
	bool egress;     /* the same */
	bool unreadable; /* it would stand at egress, and nobody knows where a packet begins in its frames */
	bool has_ports;  /* or slaves */
};

/* @ret: one for each of table->links, in the same order. */
void device_classify(const struct device_table *table, struct device_class *ret);

#endif
