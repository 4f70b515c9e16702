#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What looks like packets that pass: answers that a pod makes its kernel give, what is like a kernel's reset, frames by
# the node's lo, copies that have no socket, a resolver's name, a ring that is rewritten under way, a pod that says it is
# the router.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../astray.sh"
needs_egret
internet_ports="tcp:443 udp:9"
bed_up
pod_up web 11
nat_up </dev/null
wire_listen
start "$work/ring.log" - "$id-inet" "$astray" listen eth0 51.0.0.1
eventually logged "$work/ring.log" ^ready || die "nobody listens: $(cat "$work/ring.log")"
mac=$(mac_of "$id-inet" eth0)
mac_of_web=$(mac_of "$id-node" veth-web)
no_mac=00:00:00:00:00:00
in_pod() { in_cgroup - "$id-web" "$@"; }
for netns in node web; do
	set_sysctl "$id-$netns" net.ipv4.icmp_ratelimit=0
	set_sysctl "$id-$netns" net.ipv6.icmp.ratelimit=0
	for device in all lo eth0; do set_sysctl "$id-$netns" "net.ipv4.conf.$device.rp_filter=0"; done
done
set_sysctl "$id-node" net.ipv4.conf.veth-web.rp_filter=0

# A namespace in the pod, whose packets come out of it without a socket.
netns_up "$id-nest" "$cg"
ip link add eth0 netns "$id-nest" type veth peer name nest0 netns "$id-web"
in_cgroup - "$id-nest" sh -c "ip addr add 172.17.0.2/24 dev eth0 && ip link set eth0 up && ip route add default via 172.17.0.1"
in_pod sh -c "ip addr add 172.17.0.1/24 dev nest0 && ip link set nest0 up"
set_sysctl "$id-web" net.ipv4.ip_forward=1
set_sysctl "$id-web" net.ipv6.conf.all.forwarding=1
nest() { in_cgroup "${pod_cgroup[web]}/nested" "$id-nest" "$@"; }
mac_in_pod=$(mac_of "$id-web" nest0)

# A pod on macvlan, which copies all that it sends, and a namespace in it, by a device with the number of another pod's.
netns_up "$id-mac" "$cg"
ungoverned ip link add mv0 link eth0 netns "$id-mac" type macvlan mode bridge || die "no macvlan"
in_cgroup - "$id-mac" sh -c "ip addr add 10.224.0.60/16 dev mv0 && ip link set mv0 up && ip route add default via 10.224.0.1"
macvlan() { in_cgroup "$cg/kubepods/burstable/podbbbbbbbb-0000-4000-8000-000000000002/$(printf 'b%.0s' {1..64})" "$id-mac" "$@"; }
netns_up "$id-below" "$cg"
number=$(ungoverned ip -j link show veth-web | jq '.[0].ifindex')
in_cgroup - "$id-mac" ip link add below0 index "$number" type veth peer name eth0 netns "$id-below"
in_cgroup - "$id-mac" sh -c "ip addr add 172.18.0.1/24 dev below0 && ip link set below0 up"
in_cgroup - "$id-below" sh -c "ip addr add 172.18.0.2/24 dev eth0 && ip link set eth0 up"
set_sysctl "$id-mac" net.ipv4.ip_forward=1
below() { in_cgroup "$cg/kubepods/burstable/podbbbbbbbb-0000-4000-8000-000000000002/$(printf 'b%.0s' {1..64})" "$id-below" "$@"; }
mac_of_below=$(mac_of "$id-mac" below0)

copies=no
in_cgroup - "$id-mac" nft -f - <<'NFT' && copies=yes
table netdev egret_pod {
	chain out { type filter hook egress device mv0 priority 0; dup to mv0; }
}
NFT
[ $copies = no ] || in_pod nft -f - <<'NFT'
table netdev egret_pod {
	chain out { type filter hook egress device eth0 priority 0;
		ip daddr 20.1.0.9 ip saddr set 20.0.0.53 udp sport set 53;
		ip6 daddr ff02::1 dup to eth0;
	}
}
NFT

policy <<'POLICY'
set layers = off
resolver 20.0.0.53
allow 20.1.0.0/24 any
allow 20.9.0.1    udp:9 for host
POLICY
agent_start

ways() {
	way echo-reply "pod web" echo-request lo $no_mac 51.0.0.1 10.244.0.11 0
	way unreachable "pod web" packet-raw lo $no_mac 51.0.0.1 10.244.0.11 19
	way echo-reply-ipv6 "pod web" echo-request lo $no_mac 2603:1000:51::1 fd00:f4::11 0
	way unreachable-ipv6 "pod web" packet-raw lo $no_mac 2603:1000:51::1 fd00:f4::11 19
	way reset nest reset-with-options eth0 "$mac_in_pod" 172.17.0.2 51.0.0.1 443
	way options6 nest options-as-reset eth0 "$mac_in_pod" fd00:17::2 2603:1000:51::1 443
	way lo-of-the-node node packet-raw lo $no_mac 10.99.0.5 51.0.0.1 9
	way below-macvlan below packet-raw eth0 "$mac_of_below" 172.18.0.2 51.0.0.1 9
	fine of-macvlan macvlan packet-raw mv0 "$mac" 10.224.0.60 20.1.0.1 9
	[ $copies = yes ] || return
	way copy-of-no-link macvlan type-8864 mv0 "$mac" 10.224.0.60 51.0.0.1 9
	way copy-with-tags macvlan four-tags mv0 "$mac" 10.224.0.60 51.0.0.1 9
	way copy-for-the-host macvlan packet-raw mv0 "$mac" 10.224.0.60 20.9.0.1 9
	way_of_socket name-of-the-resolver "pod web" 20.1.0.9 9
}
rounds ways

# A frame in a ring is its sender's until it is gone: it is looked at on its way to 20.1.0.1.
ring() {
	macvlan timeout 10 "$astray" ring-to-51.0.0.1 mv0 "$mac" 10.224.0.60 20.1.0.1 7 "$(text ring)" >"$work/ring.out"
	eventually last_is_seen || failed "the wire is silent"
}
ring_went_elsewhere() { logged "$work/ring.log" "^seen $(text ring)\$"; }
[ $copies = no ] || in_cgroup - "$id-mac" nft delete table netdev egret_pod
round_number=3
layers_are off
ring
succeeds "layers off: a ring that is rewritten leaves for where it may not" ring_went_elsewhere
round_number=4
layers_are enforce
ring
succeeds "layers enforce: what of it goes where it may leaves" seen "$(text ring)"
fails 1 "and nothing to where it may not" ring_went_elsewhere

# Where a node listens to routers, a pod that says it is one is not believed, and keeps its look whatever the node believes.
[ $copies = yes ] || finish
set_sysctl "$id-node" net.ipv6.conf.all.forwarding=0
set_sysctl "$id-node" net.ipv6.conf.veth-web.accept_ra=2
link_local=$(in_pod ip -6 addr show dev eth0 scope link | grep -o 'fe80[^/]*')
advertise() { pod web "$astray" router-advertisement eth0 33:33:00:00:00:01 "$link_local" ff02::1 0 advertisement; }
believed() { [[ $(ungoverned ip -6 route show default) == *veth-web*proto\ ra* ]]; }
expect sent "an advertisement" advertise
fails 1 "a pod is not taken for the router" believed
layers_are off
expect sent "an advertisement, without layers" advertise
succeeds "it would be" eventually believed
layers_are enforce
round=enforce round_number=5
by_a_router() { way of-a-router "pod web" packet-raw eth0 "$mac_of_web" 10.244.0.11 51.0.0.1 9; }
one_round by_a_router
json '[.layers[] | select(.layer == "device").devices[]] | any(.name == "veth-web")' "its device has its look" egret_cmd status --json
finish
