#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `for host`, `for pods`, `for cgroup`: the same destination, other subjects.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up web 11
nat_up </dev/null
# The kubelet makes its root before any pod, systemd a service's before its processes.
mkdir -p "$cg/kubepods.slice" "$cg/system.slice" "$cg/other.slice/b.service"
govern <<POLICY
resolver 20.0.0.53
allow 20.1.0.1        tcp:443 udp:123   for host
allow 2603:1000::1:1  tcp:443 udp:123   for host
allow 20.1.0.2        tcp:443 udp:123   for pods
allow 2603:1000::1:2  tcp:443 udp:123   for pods
allow 20.1.0.3        tcp:443 udp:123   for cgroup /$id/system.slice
allow 20.1.0.4        tcp:443 udp:123   for cgroup /$id/other.slice/b.service
allow 20.1.0.5        tcp:443 udp:123
allow 20.1.0.6        tcp:443           for host
allow 20.1.0.6        tcp:80            for pods
allow 20.1.0.0/24     tcp:8000
deny  20.1.0.7                          for pods
allow 20.1.0.7        tcp:443
POLICY

# The cgroupfs driver's shape is `pod web`; this is systemd's.
slice() {
	in_cgroup "$cg/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0b1.slice/cri-containerd-1.scope" \
		"$id-web" "$@"
}
guaranteed() {
	in_cgroup "$cg/kubepods.slice/kubepods-pod0c2.slice/cri-containerd-2.scope" "$id-web" "$@"
}
# A pod on the host's network is still a pod.
hostnetwork() {
	in_cgroup "$cg/kubepods.slice/kubepods-pod0d3.slice/cri-containerd-3.scope" "$id-node" "$@"
}
other() {
	in_cgroup "$cg/other.slice/$1" "$id-node" "${@:2}"
}
# Not a pod, though it is called so.
lookalike() {
	in_cgroup "$cg/system.slice/kubepods-web.service" "$id-node" "$@"
}

for addr in 20.1.0.1 2603:1000::1:1; do
	passes node $addr tcp:443 udp:123 send:123
	passes lookalike $addr tcp:443
	for who in "pod web" slice guaranteed hostnetwork; do
		denied "$who" $addr tcp:443 udp:123 send:123
	done
done
for addr in 20.1.0.2 2603:1000::1:2; do
	denied node $addr tcp:443 udp:123 send:123
	denied lookalike $addr tcp:443
	for who in "pod web" slice guaranteed hostnetwork; do
		passes "$who" $addr tcp:443 udp:123 send:123
	done
done
passes node 20.1.0.3 tcp:443 udp:123
denied "pod web" 20.1.0.3 tcp:443
denied "other b.service" 20.1.0.3 tcp:443
passes "other b.service" 20.1.0.4 tcp:443 udp:123
passes "other b.service/below" 20.1.0.4 tcp:443 udp:123
denied "other a.service" 20.1.0.4 tcp:443
denied node 20.1.0.4 tcp:443
for who in node "pod web" slice "other a.service"; do
	passes "$who" 20.1.0.5 tcp:443 udp:123
	passes "$who" 20.1.0.9 tcp:8000
done
passes node 20.1.0.6 tcp:443
denied node 20.1.0.6 tcp:80
passes "pod web" 20.1.0.6 tcp:80
denied "pod web" 20.1.0.6 tcp:443
passes node 20.1.0.7 tcp:443
denied "pod web" 20.1.0.7 tcp:443
denied slice 20.1.0.7 tcp:8000

# A class is found also where its cgroup is made later.
mkdir -p "$cg/late/kubelet-kubepods.slice"
late() { in_cgroup "$cg/late/kubelet-kubepods.slice/pod0e4/c" "$id-web" "$@"; }
reaches() { [ "$(late "$probe" tcp "$1" "$2" | cut -d' ' -f1)" = connected ]; }
eventually reaches 20.1.0.2 443
passes late 20.1.0.2 tcp:443
denied late 20.1.0.1 tcp:443

# Outside the governed cgroup nothing is judged.
passes ungoverned 51.0.0.1 tcp:443 udp:123
finish
