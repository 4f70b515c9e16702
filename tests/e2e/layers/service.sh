#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A service's address that leads a pod out of the cluster is judged by where it leads, at the uplink: NAT of the node comes
# after the pod's own hook. The API server behind its service is one that the policy allows.
. "$(dirname "$0")/../lib.sh"
needs_egret
internet_ports="tcp:443 udp:9"
bed_up
pod_up web 11
pod_up api 12
nat_up <<'NFT'
table inet egret_services {
	map places { type ipv4_addr : ipv4_addr; elements = { 10.0.0.1 : 20.1.0.1, 10.0.77.77 : 51.0.0.1, 10.0.77.78 : 10.244.0.12 }; }
	chain before { type nat hook prerouting priority -100; dnat ip to ip daddr map @places; }
	chain out { type nat hook output priority -100; dnat ip to ip daddr map @places; }
}
NFT
start "$work/api.log" "${pod_cgroup[api]}" "$id-api" "$probe" serve tcp:443 udp:9
eventually logged "$work/api.log" ^ready || die "no server in the pod: $(cat "$work/api.log")"

rules() {
	policy <<-POLICY
		set layers = $1
		set service_ranges = 10.0.0.0/16
		resolver 20.0.0.53
		allow 20.1.0.1 tcp:443 udp:9
		allow 10.0.0.0/16 any for pods
		allow 10.244.0.0/16 any
	POLICY
}
wire_counts() { internet nft -j list counter ip egret_wire denied | jq '.nftables[] | .counter? // empty | .packets'; }
internet nft -f - <<'NFT' || skip "nft does not work here"
table ip egret_wire {
	counter denied { }
	chain in { type filter hook prerouting priority -300; ip daddr 51.0.0.1 counter name denied; }
}
NFT
by() { # by ADDR PROTO:PORT WHAT-IT-GIVES
	expect "$3" "layers $mode: a pod, by the service $1 $2" try "pod web" "$1" "$2"
}
mode=off
rules off
agent_start
by 10.0.77.77 tcp:443 connected
by 10.0.77.77 udp:9 answered
expect '[1-9][0-9]*' "which leads out" wire_counts
denied "pod web" 51.0.0.1 tcp:443 udp:9

mode=enforce
rules enforce
ruled_again() { [ "$(grep -c enforcing: "$work/agent.log")" = 2 ]; }
eventually ruled_again || die "no reload: $(cat "$work/agent.log")"
before=$(wire_counts)
by 10.0.77.77 tcp:443 "timeout|EPERM|ECONNRESET"
by 10.0.77.77 udp:9 "timeout|EPERM"
expect "$before" "nothing of it leaves" wire_counts
by 10.0.0.1 tcp:443 connected
by 10.0.0.1 udp:9 answered
by 10.0.77.78 tcp:443 connected
by 10.0.77.78 send:9 answered
expect "EPERM|timeout" "a process of the node, by the same service" try node 10.0.77.77 tcp:443
json 'any(.[]; .reason == "service-outside" and .address == "51.0.0.1" and .port == "tcp:443" and (.subject // "" | test("default/web")))' \
	"drops says that a service leads there, and whose pod it was" egret_cmd drops --json
finish
