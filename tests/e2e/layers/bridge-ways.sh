#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The second look where pods are ports of a bridge, beside programs of others at their devices, and where a device takes
# the socket from all its packets (an XDP program, GRO).
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../astray.sh"
needs_egret
internet_ports="tcp:443 udp:9 tcp:8080"
bed_up
nat_up </dev/null
wire_listen

# bridged NAME N: a pod with 10.245.0.N at the node's br0.
ungoverned sh -c "ip link add br0 type bridge && ip addr add 10.245.0.1/24 dev br0 && ip link set br0 up"
set_sysctl "$id-node" net.ipv4.ip_forward=1
bridged() {
	local uid
	uid=$(printf '%08x-0000-4000-8000-%012x' "$2" $$)
	pod_cgroup[$1]=$cg/kubepods/burstable/pod$uid/$(sha256sum <<<"$uid" | cut -c1-64)
	mkdir -p "${pod_cgroup[$1]}"
	netns_up "$id-$1" "$cg"
	ip link add eth0 netns "$id-$1" type veth peer name "veth-$1" netns "$id-node"
	ungoverned sh -c "ip link set veth-$1 master br0 && ip link set veth-$1 up"
	in_cgroup - "$id-$1" sh -c "ip addr add 10.245.0.$2/24 dev eth0 && ip link set eth0 up && ip route add default via 10.245.0.1"
	neighbours_met "$id-$1" 10.245.0.1
}
bridged one 21
bridged xdp 22
bridged gro 23
mac=$(mac_of "$id-node" br0)
# A device of which nobody sees a socket any more.
ungoverned ip link set dev veth-xdp xdp obj "$root/build/tests/passes.bpf.o" sec xdp || die "no XDP program"
ethtool=$(command -v ethtool)
if [ -n "$ethtool" ]; then
	in_cgroup - "$id-gro" "$ethtool" -K eth0 tso off
	ungoverned "$ethtool" -K veth-gro gro on
fi
# Programs of others, which let everything pass and ask nobody after them: one before, one after ours.
foreign() {
	ungoverned tc qdisc replace dev veth-one clsact
	ungoverned tc filter add dev veth-one ingress "$@" bpf direct-action obj "$root/build/tests/passes.bpf.o" sec tc
}
foreign prio 1
policy <<'POLICY'
set layers = off
set unlooked = deny
resolver 20.0.0.53
allow 20.1.0.0/24 any
POLICY
agent_start
foreign prio 5
ungoverned tc qdisc replace dev veth-gro clsact

declare -A address=([one]=10.245.0.21 [xdp]=10.245.0.22 [gro]=10.245.0.23)
# To pods the layer source refuses it (source.sh).
host_in() {
	local pod=$1
	shift
	in_cgroup "$cg/system.slice/app.service" "$id-$pod" "$@"
}
ways() {
	local pod kind
	for pod in one xdp gro; do
		for kind in packet-raw packet-tagged; do
			way "$pod-$kind" "pod $pod" "$kind" eth0 "$mac" "${address[$pod]}" 51.0.0.1 9
		done
		way "$pod-packet-bypass" "host_in $pod" packet-bypass eth0 "$mac" "${address[$pod]}" 51.0.0.1 9
		fine "$pod-to-what-is-allowed" "pod $pod" packet-raw eth0 "$mac" "${address[$pod]}" 20.1.0.1 9
		fine_of_socket "$pod-socket" "pod $pod" 20.1.0.1 9
	done
}
rounds ways
# What each of them does all day goes on.
for pod in one xdp gro; do
	passes "pod $pod" 20.1.0.1 tcp:443 udp:9 send:9 icmp ping
	expect answered "pod $pod: a connection with data" pod "$pod" "$probe" tcp-echo 20.1.0.1 8080
	denied "pod $pod" 51.0.0.1 tcp:443 udp:9
done
# A CNI takes its qdisc away and puts it back.
ungoverned tc qdisc del dev veth-one clsact
ungoverned tc qdisc add dev veth-one clsact
sleep 0.5
one_round ways
finish
