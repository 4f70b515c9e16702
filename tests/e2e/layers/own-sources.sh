#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Whoever sends in somebody else's name: kernels answer there, with octets of what they answer. Nothing comes in by a
# pod's device but from the pod's own addresses, by the node's routes; what the node routes there is the pod's.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../astray.sh"
needs_egret
internet_ports="udp:9"
bed_up
pod_up web 11
pod_up other 12
wire_listen
mac=$(mac_of "$id-node" veth-web)
in_pod() { in_cgroup - "$id-web" "$@"; }
internet ip route add 10.0.0.0/8 via 10.224.0.4
internet ip route add 172.16.0.0/12 via 10.224.0.4
for netns in node web other; do
	set_sysctl "$id-$netns" net.ipv4.icmp_ratelimit=0
	set_sysctl "$id-$netns" net.ipv6.icmp.ratelimit=0
	set_sysctl "$id-$netns" net.ipv4.conf.all.rp_filter=0
done
for device in veth-web veth-other eth0; do set_sysctl "$id-node" "net.ipv4.conf.$device.rp_filter=0"; done
set_sysctl "$id-node" net.ipv4.conf.veth-web.accept_local=1

# A namespace in the pod that it routes, and does not masquerade.
netns_up "$id-nest" "$cg"
ip link add eth0 netns "$id-nest" type veth peer name nest0 netns "$id-web"
in_cgroup - "$id-nest" sh -c "ip addr add 172.17.0.2/24 dev eth0 && ip link set eth0 up && ip route add default via 172.17.0.1"
in_pod sh -c "ip addr add 172.17.0.1/24 dev nest0 && ip link set nest0 up"
set_sysctl "$id-web" net.ipv4.ip_forward=1
nest() { in_cgroup "${pod_cgroup[web]}/nested" "$id-nest" "$@"; }
mac_in_pod=$(mac_of "$id-web" nest0)

# Prefixes that the node routes to the pod: in its main table, and in one for what comes in by the pod's device alone.
ungoverned ip route add 10.99.0.0/24 via 10.244.0.11 dev veth-web onlink
ungoverned ip rule add iif veth-web lookup 77
ungoverned ip route add 10.98.0.0/24 via 10.244.0.11 dev veth-web onlink table 77

# A pod at a bridge of the node.
ungoverned sh -c "ip link add br0 type bridge && ip addr add 10.245.0.1/24 dev br0 && ip link set br0 up"
netns_up "$id-port" "$cg"
ip link add eth0 netns "$id-port" type veth peer name veth-port netns "$id-node"
ungoverned sh -c "ip link set veth-port master br0 && ip link set veth-port up"
in_cgroup - "$id-port" sh -c "ip addr add 10.245.0.21/24 dev eth0 && ip link set eth0 up && ip route add default via 10.245.0.1"
pod_cgroup[port]=$cg/kubepods/burstable/podcccccccc-0000-4000-8000-000000000003/$(printf 'c%.0s' {1..64})
neighbours_met "$id-port" 10.245.0.1
mac_of_bridge=$(mac_of "$id-node" br0)

policy <<'POLICY'
set layers = off
resolver 20.0.0.53
allow 20.1.0.0/24        any
allow 10.0.0.0/8         any
allow 2603:1000:20::/48  any
allow fd00::/8           any
POLICY
agent_start

ways() {
	way answer-of-the-node "pod web" packet-raw eth0 "$mac" 51.0.0.1 10.224.0.4 19
	way answer-of-a-pod "pod web" packet-raw eth0 "$mac" 51.0.0.1 10.244.0.12 19
	way echo-reply-of-a-pod "pod web" echo-request eth0 "$mac" 51.0.0.1 10.244.0.12 0
	way answer-of-the-node-ipv6 "pod web" packet-raw eth0 "$mac" 2603:1000:51::1 fd00:e9::4 19
	way answer-of-a-pod-ipv6 "pod web" packet-raw eth0 "$mac" 2603:1000:51::1 fd00:f4::12 19
	way as-a-neighbour "pod web" packet-raw eth0 "$mac" 10.244.0.12 20.1.0.1 9
	way as-a-neighbour-at-the-bridge "pod web" packet-raw eth0 "$mac" 10.245.0.21 20.1.0.1 9
	way as-a-neighbour-ipv6 "pod web" packet-raw eth0 "$mac" fd00:f4::12 2603:1000:20::1 9
	way as-nobody "pod web" packet-raw eth0 "$mac" 51.0.0.1 20.1.0.1 9
	way as-the-node "pod web" packet-raw eth0 "$mac" 10.224.0.4 20.1.0.1 9
	way nested nest packet-raw eth0 "$mac_in_pod" 172.17.0.2 20.1.0.1 9
	way from-the-bridge "pod port" packet-raw eth0 "$mac_of_bridge" 51.0.0.1 20.1.0.1 9
	way from-the-bridge-as-a-neighbour "pod port" packet-raw eth0 "$mac_of_bridge" 10.244.0.12 20.1.0.1 9
	fine own "pod web" packet-raw eth0 "$mac" 10.244.0.11 20.1.0.1 9
	fine own-ipv6 "pod web" packet-raw eth0 "$mac" fd00:f4::11 2603:1000:20::1 9
	fine own-at-the-bridge "pod port" packet-raw eth0 "$mac_of_bridge" 10.245.0.21 20.1.0.1 9
	fine routed-to-the-pod "pod web" packet-raw eth0 "$mac" 10.99.0.5 20.1.0.1 9
	fine routed-for-its-device "pod web" packet-raw eth0 "$mac" 10.98.0.5 20.1.0.1 9
	fine_of_socket socket "pod web" 20.1.0.1 9
	fine_of_socket socket-at-the-bridge "pod port" 20.1.0.1 9
}
rounds ways
json 'any(.[]; .reason == "foreign-source" and .address == "10.224.0.4" and .device == "veth-web" and
	(.subject // "nobody" | test("default/web")))' "drops says by which device, and whose that is" egret_cmd drops --json
finish
