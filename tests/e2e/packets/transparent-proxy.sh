#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A transparent proxy answers in the name of the address that was dialled: to clients that came in by a
# device, and to those of its own namespace, who are answered over lo.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up web 11
ungoverned ip rule add fwmark 1 lookup 100
ungoverned ip route add local default dev lo table 100
ungoverned ip -6 rule add fwmark 1 lookup 100
ungoverned ip -6 route add local default dev lo table 100
ungoverned nft -f - <<'NFT' || skip "no transparent proxy by nft here"
table inet proxy {
	chain arrives {
		type filter hook prerouting priority mangle;
		ip daddr 20.9.0.0/16 tcp dport 9000 meta mark set 1 tproxy ip to 127.0.0.1:15001
		ip6 daddr 2603:1000:9::/48 tcp dport 9000 meta mark set 1 tproxy ip6 to [::1]:15001
	}
	chain dials {
		type route hook output priority mangle;
		ip daddr 20.9.0.0/16 tcp dport 9000 meta mark set 1
		ip6 daddr 2603:1000:9::/48 tcp dport 9000 meta mark set 1
	}
}
NFT
proxy() {
	start "$work/proxy.log" "$cg/system.slice/proxy.service" "$id-node" \
		"$probe" -f transparent -b "$1" serve tcp:15001
	eventually logged "$work/proxy.log" ^ready || die "no proxy: $(cat "$work/proxy.log")"
}
proxy 127.0.0.1
proxy ::1
govern <<'POLICY'
resolver 20.0.0.53
allow 20.9.0.0/16       tcp:9000
allow 2603:1000:9::/48  tcp:9000
POLICY

for addr in 20.9.1.1 2603:1000:9::1; do
	expect answered "a pod, by its device, to $addr" pod web "$probe" tcp-echo $addr 9000
	expect answered "a process of the node, over lo, to $addr" node "$probe" tcp-echo $addr 9000
done
eventually test "$(grep -c '^tcp .*9000' "$work/proxy.log")" -ge 4
expect 4 "the proxy took all four" grep -c '^tcp .*9000' "$work/proxy.log"
nothing_arrived ' 20\.9\.|\[2603:1000:9::'

# What no listener accepted has no such right: the proxy's own packets in the name of others.
expect EPERM "a datagram of the proxy from elsewhere" node "$probe" -f transparent -b 20.9.1.1 udp-send 10.224.0.4 9
expect EPERM "a connection of the proxy from elsewhere" node "$probe" -t 300 -f transparent -b 20.9.1.1 tcp 127.0.0.1 15001
finish
