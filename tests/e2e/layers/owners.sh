#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Whose a pod's device is, is known also where no socket of the pod ever sends by it: all comes from a virtual machine or
# a namespace in the pod. In 10 s its rules hold, and `drops` names it. Where two pods share a namespace, nobody is guessed.
. "$(dirname "$0")/../lib.sh"
needs_egret
internet_ports="tcp:443"
bed_up
# quiet_pod NAME N [BEGIN]: its only process makes no socket, as a pod's pause container. What a namespace in it sends,
# it masquerades.
quiet_pod() {
	local pod=$1 nest=$id-nest-$1
	"${3:-pod_up}" "$pod" "$2"
	start "$work/pause.log" "${pod_cgroup[$pod]}" "$id-$pod" sleep infinity
	netns_up "$nest" "$cg"
	ip link add eth0 netns "$nest" type veth peer name nest0 netns "$id-$pod"
	in_cgroup - "$nest" sh -c "ip addr add 172.17.0.2/24 dev eth0 && ip link set eth0 up && ip route add default via 172.17.0.1"
	in_cgroup - "$id-$pod" sh -c "ip addr add 172.17.0.1/24 dev nest0 && ip link set nest0 up"
	set_sysctl "$id-$pod" net.ipv4.ip_forward=1
	in_cgroup - "$id-$pod" nft -f - <<-'NFT'
		table ip egret_pod {
			chain source { type nat hook postrouting priority 100; oifname eth0 ip saddr 172.16.0.0/12 masquerade; }
		}
	NFT
}
# reaches POD ADDR: from the namespace within it, by a socket that no hook sees, as a virtual machine's.
reaches() { [[ $(in_cgroup - "$id-nest-$1" "$probe" -t 500 tcp "$2" 443) == connected* ]]; }
soon() {
	local since=$SECONDS
	until reaches "$@"; do
		[ $((SECONDS - since)) -le 10 ] || return 1
		sleep 0.2
	done
}

internet ip route add 10.244.0.0/16 via 10.224.0.4
quiet_pod web 11
quiet_pod shared 12
start "$work/pause.log" "$cg/kubepods/burstable/pod0aa1b2c3-1111-2222-3333-444455556666/other" "$id-shared" sleep infinity
policy <<'POLICY'
set layers = enforce
allow 20.1.0.0/16 tcp:443 for pods
allow 20.2.0.0/16 tcp:443
POLICY
agent_start
succeeds "a pod of which nothing was seen: its namespace reaches what is for pods" soon web 20.1.0.1
fails 1 "and nothing else" reaches web 51.0.0.1
json 'any(.[]; .address == "51.0.0.1" and .layer == "device" and .subject == "pod default/web")' "drops names the pod" egret_cmd drops --json
succeeds "two pods in one namespace: what is for all" reaches shared 20.2.0.1
fails 1 "and not what is for pods" reaches shared 20.1.0.1

# One that comes while the agent lives; a socket that asks for its neighbours would say whose it is.
quiet_pod late 13 pod_unmet
succeeds "a pod that comes later" soon late 20.1.0.1
fails 1 "and nothing else" reaches late 51.0.0.1
finish
