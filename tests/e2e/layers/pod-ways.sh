#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What a pod with the rights that runtimes give (and NET_ADMIN) sends past its sockets' hook does not leave by its device:
# frames of packet and XDP sockets, tunnels, TUN devices, what its own nft rewrites, what comes out of a namespace in it.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../astray.sh"
needs_egret
internet_ports="tcp:443 udp:9"
bed_up
pod_up web 11
nat_up </dev/null
wire_listen
mac=$(mac_of "$id-node" veth-web)
in_pod() { in_cgroup - "$id-web" "$@"; }

# A namespace in the pod, routed and masqueraded by it, as docker does it.
netns_up "$id-nest" "$cg"
ip link add eth0 netns "$id-nest" type veth peer name nest0 netns "$id-web"
in_cgroup - "$id-nest" sh -c "ip addr add 172.17.0.2/24 dev eth0 && ip link set eth0 up && ip route add default via 172.17.0.1"
in_pod sh -c "ip addr add 172.17.0.1/24 dev nest0 && ip link set nest0 up"
set_sysctl "$id-web" net.ipv4.ip_forward=1
in_pod nft -f - <<'NFT' || skip "nft does not work here"
table ip egret_pod {
	chain source { type nat hook postrouting priority 100; oifname eth0 ip saddr 172.16.0.0/12 masquerade; }
}
NFT
nest() { in_cgroup "${pod_cgroup[web]}/nested" "$id-nest" "$@"; }
mac_in_pod=$(mac_of "$id-web" nest0)

tunnels=()
in_pod ip link add vx0 type vxlan id 7 remote 51.0.0.1 local 10.244.0.11 dstport 4789 && tunnels+=(vx0:192.168.7)
in_pod ip link add ipip0 type ipip remote 51.0.0.1 local 10.244.0.11 2>/dev/null && tunnels+=(ipip0:192.168.8)
in_pod ip link add gre0 type gre remote 51.0.0.1 local 10.244.0.11 2>/dev/null && tunnels+=(gre0:192.168.9)
for tunnel in "${tunnels[@]}"; do
	in_pod sh -c "ip addr add ${tunnel#*:}.1/24 dev ${tunnel%:*} && ip link set ${tunnel%:*} up &&
		ip neigh replace ${tunnel#*:}.2 lladdr 02:00:00:00:00:02 dev ${tunnel%:*} nud permanent 2>/dev/null"
done
rewrites=no
in_pod nft -f - <<'NFT' && rewrites=yes
table netdev egret_pod {
	chain out { type filter hook egress device eth0 priority 0; ip daddr 20.1.0.77 ip daddr set 51.0.0.1; }
}
NFT

policy <<'POLICY'
set layers = off
resolver 20.0.0.53
allow 20.1.0.0/24    any
allow 2603:1000:20::1 any
allow 192.168.0.0/16 any
POLICY
agent_start

# To pods the layer source refuses what these need (source.sh): a process of the host in the pod's namespace tries them.
host_in_web() { in_cgroup "$cg/system.slice/app.service" "$id-web" "$@"; }
who_of() {
	case $1 in
	packet-bypass | xdp) who=host_in_web ;;
	*) who="pod web" ;;
	esac
}

ways() {
	local kind tunnel who
	for kind in packet-raw packet-dgram packet-ring packet-bypass packet-forged packet-tagged xdp; do
		who_of "$kind"
		way "$kind" "$who" "$kind" eth0 "$mac" 10.244.0.11 51.0.0.1 9
		fine "$kind-to-what-is-allowed" "$who" "$kind" eth0 "$mac" 10.244.0.11 20.1.0.1 9
	done
	for kind in packet-raw xdp; do
		who_of "$kind"
		way "$kind-ipv6" "$who" "$kind" eth0 "$mac" fd00:f4::11 2603:1000:51::1 9
		fine "$kind-ipv6-to-what-is-allowed" "$who" "$kind" eth0 "$mac" fd00:f4::11 2603:1000:20::1 9
	done
	way tun "pod web" tun tun7 "$mac" 172.19.0.2 51.0.0.1 9
	fine tun-to-what-is-allowed "pod web" tun tun7 "$mac" 172.19.0.2 20.1.0.1 9
	way nested nest packet-raw eth0 "$mac_in_pod" 172.17.0.2 51.0.0.1 9
	fine nested-to-what-is-allowed nest packet-raw eth0 "$mac_in_pod" 172.17.0.2 20.1.0.1 9
	fine_of_socket nested-socket nest 20.1.0.1 9
	for tunnel in "${tunnels[@]}"; do
		way_of_socket "${tunnel%:*}" "pod web" "${tunnel#*:}.2" 9
	done
	[ $rewrites = no ] || way_of_socket nft-egress-rewrites "pod web" 20.1.0.77 9
	fine_of_socket socket "pod web" 20.1.0.1 9
}
rounds ways
# The outer packet of a tunnel is nobody's; the row says whose its device is.
row() { echo "any(.[]; .reason == \"$1\" and .address == \"51.0.0.1\" and (.audited | not) and
	(.subject // .device_subject // \"nobody\" | test(\"default/web\")))"; }
json "$(row not-a-socket)" "drops names the pod, and says that it was no socket" egret_cmd drops --json
json "$(row tunnel)" "and what was a tunnel's" egret_cmd drops --json
[ $rewrites = no ] || json "$(row rewritten)" "and what was rewritten" egret_cmd drops --json

# Layers that only count: all passes, and what would not is told.
few() {
	way packet-raw "pod web" packet-raw eth0 "$mac" 10.244.0.11 51.0.0.2 9
	way tun "pod web" tun tun7 "$mac" 172.19.0.2 51.0.0.2 9
}
rounds few audit
json 'any(.[]; .reason == "not-a-socket" and .address == "51.0.0.2" and .audited and (.subject // "nobody" | test("default/web")))' \
	"drops says what would be denied" egret_cmd drops --json
denied "pod web" 51.0.0.2 udp:9
finish
