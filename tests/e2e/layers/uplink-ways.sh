#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What a process of the node (a pod of the host network has the same namespace) sends past its sockets' hook does not leave
# by an uplink: frames of packet sockets, a pod's macvlan, a machine's tap, an overlay that the policy does not name. What
# a link needs goes on.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../astray.sh"
needs_egret
internet_ports="tcp:443 udp:9"
bed_up
pod_up web 11
nat_up </dev/null
wire_listen
mac=$(mac_of "$id-inet" eth0)
broadcast=ff:ff:ff:ff:ff:ff
host_pod() { in_cgroup "$cg/kubepods/burstable/podaaaaaaaa-0000-4000-8000-000000000001/$(printf 'a%.0s' {1..64})" "$id-node" "$@"; }

# A pod without an end on the node: its device stands on the uplink.
netns_up "$id-mac" "$cg"
ungoverned ip link add mv0 link eth0 netns "$id-mac" type macvlan mode bridge || die "no macvlan"
in_cgroup - "$id-mac" sh -c "ip addr add 10.224.0.60/16 dev mv0 && ip link set mv0 up && ip route add default via 10.224.0.1"
macvlan() { in_cgroup "$cg/kubepods/burstable/podbbbbbbbb-0000-4000-8000-000000000002/$(printf 'b%.0s' {1..64})" "$id-mac" "$@"; }
# To pods the layer source refuses what two of the ways need (source.sh).
host_in_macvlan() { in_cgroup "$cg/system.slice/app.service" "$id-mac" "$@"; }

# A machine at a tap, whose frames the node forwards.
ungoverned ip tuntap add vm0 mode tap
ungoverned sh -c "ip addr add 172.20.0.1/24 dev vm0 && ip link set vm0 up"
mac_of_vm0=$(mac_of "$id-node" vm0)

# Overlays: one that the policy names, and one that it does not.
for overlay in "known 7 4790 51.0.0.7" "other 8 4789 51.0.0.8"; do
	read -r device vni port remote <<<"$overlay"
	ungoverned ip link add "$device" type vxlan id "$vni" remote "$remote" local 10.224.0.4 dstport "$port" || die "no vxlan"
	ungoverned sh -c "ip addr add 192.168.$vni.1/24 dev $device && ip link set $device up &&
		ip neigh replace 192.168.$vni.2 lladdr 02:00:00:00:00:02 dev $device nud permanent"
done

policy <<'POLICY'
set layers = off
set overlay = known
resolver 20.0.0.53
allow 20.1.0.0/24     any
allow 192.168.0.0/16  any
allow 255.255.255.255 udp:67
allow 224.0.0.18      any
POLICY
agent_start

ways() {
	local kind
	for kind in packet-raw packet-dgram packet-ring packet-forged packet-tagged; do
		way "$kind" node "$kind" eth0 "$mac" 10.224.0.4 51.0.0.1 9
		fine "$kind-to-what-is-allowed" node "$kind" eth0 "$mac" 10.224.0.4 20.1.0.1 9
	done
	way packet-raw-ipv6 node packet-raw eth0 "$mac" fd00:e9::4 2603:1000:51::1 9
	way host-network-pod host_pod packet-raw eth0 "$mac" 10.224.0.4 51.0.0.1 9
	for kind in packet-raw packet-dgram packet-forged; do
		way "macvlan-$kind" macvlan "$kind" mv0 "$mac" 10.224.0.60 51.0.0.1 9
	done
	for kind in packet-bypass xdp; do
		way "macvlan-$kind" host_in_macvlan "$kind" mv0 "$mac" 10.224.0.60 51.0.0.1 9
	done
	fine macvlan-to-what-is-allowed macvlan packet-raw mv0 "$mac" 10.224.0.60 20.1.0.1 9
	fine_of_socket macvlan-socket macvlan 20.1.0.1 9
	way tap node tap vm0 "$mac_of_vm0" 172.20.0.2 51.0.0.1 9
	fine tap-to-what-is-allowed node tap vm0 "$mac_of_vm0" 172.20.0.2 20.1.0.1 9
	way_of_socket other-overlay node 192.168.8.2 9
	way_of_socket other-overlay-by-a-pod "pod web" 192.168.8.2 9
	fine_of_socket overlay node 192.168.7.2 9
	fine_of_socket overlay-by-a-pod "pod web" 192.168.7.2 9
	# A local experiment's EtherType (IEEE 802); then LLDP, 802.1X, slow protocols such as LACP, and STP, of which the field is
	# a length.
	way type-of-no-link node type-88b5 eth0 "$mac" 10.224.0.4 51.0.0.1 9
	for kind in type-88cc type-888e type-8809 type-0026; do
		fine "$kind" node "$kind" eth0 01:80:c2:00:00:0e 10.224.0.4 51.0.0.1 0
	done
	fine vrrp node vrrp eth0 "$broadcast" 10.224.0.4 224.0.0.18 0
	fine arp node arp eth0 "$broadcast" 10.224.0.4 10.224.0.1 0
	fine dhcp node packet-raw eth0 "$broadcast" 0.0.0.0 255.255.255.255 67
	fine ungoverned ungoverned packet-raw eth0 "$mac" 10.224.0.4 51.0.0.1 9
	fine_of_socket socket node 20.1.0.1 9
}
rounds ways
row() { echo "any(.[]; .reason == \"$1\" and (.address // \"\") == \"$2\" and (.audited | not) and (.subject // \"nobody\" | test(\"$3\")))"; }
json "$(row not-a-socket 51.0.0.1 app.service)" "drops names who sent it, and says that it was no socket" egret_cmd drops --json
json "$(row not-a-socket 51.0.0.1 "pod aaaaaaaa")" "also a pod of the host network" egret_cmd drops --json
json "$(row not-ip "" app.service)" "and what was no IP at all" egret_cmd drops --json
json "$(row tunnel 51.0.0.8 nobody)" "and what was a tunnel's" egret_cmd drops --json
finish
