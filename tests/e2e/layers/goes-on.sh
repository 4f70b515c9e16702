#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What must go on with all layers enforced and `set unlooked = deny`: servers and their kernels' answers, fragments, services
# to pods of other nodes, a pod that reaches itself by a service, containers in a pod, forwarded ports, neighbours, many
# peers of one socket.
. "$(dirname "$0")/../lib.sh"
needs_egret
internet_ports="tcp:443 tcp:8080 udp:9"
bed_up
pod_up web 11
pod_up other 12
nat_up <<'NFT'
table inet egret_services {
	map ports { type inet_service : ipv4_addr . inet_service; elements = { 30080 : 10.224.0.77 . 8080, 30081 : 10.244.0.11 . 8080 }; }
	chain before { type nat hook prerouting priority -100;
		ip daddr 10.224.0.4 dnat ip to tcp dport map @ports;
		ip daddr 10.0.5.5 dnat to 10.244.0.11;
	}
	chain hairpin { type nat hook postrouting priority 90;
		ip saddr 10.244.0.11 ip daddr 10.244.0.11 masquerade;
	}
}
NFT
internet ip addr add 10.224.0.77/16 dev eth0
internet ip route add 10.244.0.0/16 via 10.224.0.4
internet ip -6 route add fd00:f4::/64 via fd00:e9::4
start "$work/web.log" "${pod_cgroup[web]}" "$id-web" "$probe" serve tcp:8080 udp:8080
start "$work/node.log" "$cg/system.slice/server.service" "$id-node" "$probe" serve tcp:8081 udp:8081
eventually logged "$work/web.log" ^ready || die "no server in the pod"
eventually logged "$work/node.log" ^ready || die "no server on the node"

# Containers in the pod.
netns_up "$id-nest" "$cg"
ip link add eth0 netns "$id-nest" type veth peer name nest0 netns "$id-web"
in_cgroup - "$id-nest" sh -c "ip addr add 172.17.0.2/24 dev eth0 && ip link set eth0 up && ip route add default via 172.17.0.1"
in_cgroup - "$id-web" sh -c "ip addr add 172.17.0.1/24 dev nest0 && ip link set nest0 up"
set_sysctl "$id-web" net.ipv4.ip_forward=1
in_cgroup - "$id-web" nft -f - <<'NFT'
table ip egret_pod {
	chain source { type nat hook postrouting priority 100; oifname eth0 ip saddr 172.16.0.0/12 masquerade; }
}
NFT
nest() { in_cgroup "${pod_cgroup[web]}/nested" "$id-nest" "$@"; }

for netns in node web other; do set_sysctl "$id-$netns" net.ipv4.icmp_ratelimit=0; done

dns one.wild.example 20.3.0.1
policy <<'POLICY'
set layers = enforce
set unlooked = deny
set service_ranges = 10.0.0.0/16
resolver 20.0.0.53
allow 20.1.0.0/16         any
allow 2603:1000:20::/48   any
allow *.wild.example      tcp:443 udp:9
allow 10.0.0.0/16         any for pods
allow 10.244.0.0/16       any
allow fd00:f4::/64        any
POLICY
agent_start

large=$(printf 'x%.0s' {1..4000})
answers() { "$@" | grep -c answered; }
for who in node "pod web" nest; do
	passes "$who" 20.1.0.1 tcp:443 udp:9 send:9 icmp ping
	denied "$who" 51.0.0.1 tcp:443 udp:9 send:9
	expect 20.3.0.1 "$who asks for a name" $who dig +short +time=3 +tries=2 @$resolver one.wild.example A
	passes "$who" 20.3.0.1 tcp:443 udp:9
	expect 40 "$who: one socket, many peers" answers $who "$probe" udp-each 9 20.1.0.{1..40}
done
for who in node "pod web" nest; do
	expect answered "$who: a large echo request of a raw socket" $who "$probe" -s 4000 icmp 20.1.0.1
	expect answered "$who: of a ping socket" $who "$probe" -s 4000 ping 20.1.0.1
	expect answered "$who: a datagram of 4000 octets" $who "$probe" -d "$large" udp-send 20.1.0.1 9
done
for who in node "pod web"; do
	passes "$who" 2603:1000:20::1 tcp:443 udp:9 send:9 icmp ping
	expect answered "$who: a large echo request of a raw socket, IPv6" $who "$probe" -s 4000 icmp 2603:1000:20::1
	expect answered "$who: a datagram of 4000 octets, IPv6" $who "$probe" -d "$large" udp-send 2603:1000:20::1 9
done

# Servers, and what a kernel says for itself.
for to in "10.244.0.11 8080" "fd00:f4::11 8080" "10.224.0.4 8081" "fd00:e9::4 8081" "10.224.0.4 30080" "10.224.0.4 30081"; do
	read -r addr port <<<"$to"
	expect answered "inbound, tcp $to" internet "$probe" tcp-echo "$addr" "$port"
	[ "${port#30}" != "$port" ] || expect answered "inbound, udp $to" internet "$probe" udp "$addr" "$port"
	# As of a connection that a server forgot when it began anew: the kernel resets it in the name of the listener.
	[ "${port#30}" != "$port" ] || for kind in ack fin; do
		expect reset "a stray segment ($kind), tcp $to" internet "$probe" raw-tcp-stray "$addr" "$port" $kind
	done
done
for addr in 10.244.0.11 fd00:f4::11 10.224.0.4 fd00:e9::4; do
	expect ECONNREFUSED "a closed port of $addr" internet "$probe" tcp "$addr" 1
	expect ECONNREFUSED "a closed udp port of $addr" internet "$probe" udp "$addr" 1
	expect answered "$addr answers an echo request" internet "$probe" icmp "$addr"
done
many_peers() {
	local i asked=()
	for i in {1..20}; do
		internet "$probe" -b "20.8.0.$i" udp 10.244.0.11 8080 &
		asked+=($!)
	done
	for i in "${asked[@]}"; do wait "$i" || return 1; done
}
succeeds "a server with many peers at a time" many_peers
# A peer ends first, the other is silent for ever: the kernel answers from TIME_WAIT.
for _ in 1 2 3; do expect answered "connections that end" pod web "$probe" tcp-echo 20.1.0.1 8080; done

expect answered "a pod by its own service" pod web "$probe" tcp-echo 10.0.5.5 8080
expect answered "another pod by it" pod other "$probe" tcp-echo 10.0.5.5 8080
expect answered "another pod itself" pod other "$probe" udp-send 10.244.0.11 8080
expect answered "the node to a pod" node "$probe" tcp-echo 10.244.0.11 8080
# As a kubelet forwards a port: into the pod's namespace, from outside of its cgroup.
expect answered "a forwarded port" in_cgroup "$cg/system.slice/kubelet.service" "$id-web" "$probe" tcp-echo 127.0.0.1 8080
in_cgroup - "$id-web" ip neigh flush dev eth0
ungoverned ip neigh flush dev veth-web
passes "pod web" 20.1.0.1 tcp:443
passes "pod web" 2603:1000:20::1 tcp:443
# By its own device a pod made no packet that anybody denied, but those that were to be.
json 'all(.[]; .address == "51.0.0.1" or (.address | test("^(ff|fe80|224)")))' "nothing else was denied" egret_cmd drops --json
finish
