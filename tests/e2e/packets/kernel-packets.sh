#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Resets, ICMP errors and neighbour discovery leave, though the node's kernel
# sockets were made by a governed process and no rule allows the peer.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up web 11
govern <<'POLICY'
resolver 20.0.0.53
POLICY

for addr in 10.224.0.4 fd00:e9::4; do
	expect ECONNREFUSED "reset for a closed port of $addr" internet "$probe" tcp $addr 1
	expect ECONNREFUSED "port unreachable from $addr" internet "$probe" udp $addr 1
	passes internet $addr icmp
done
ungoverned ip neigh flush all
ungoverned ip -6 neigh flush all
internet ip -6 neigh flush all
expect ECONNREFUSED "neighbour discovery goes on" internet "$probe" tcp fd00:e9::4 1
# The pod's namespace has control sockets of its own.
ungoverned sysctl -qw net.ipv6.conf.all.forwarding=1
internet ip route add 10.244.0.0/16 via 10.224.0.4
internet ip -6 route add fd00:f4::/64 via fd00:e9::4
# What answers nothing is told by the node's connection tracking alone, which begins with a rule that asks for it.
for addr in 10.244.0.11 fd00:f4::11; do
	expect timeout "no connection tracking: port unreachable from the pod, $addr, needs a rule" internet "$probe" udp $addr 1
done
ungoverned nft -f - <<'NFT' || skip "nft does not work here"
table inet egret_tracked {
	chain forward {
		type filter hook forward priority 0;
		ct state established accept
	}
}
NFT
for addr in 10.244.0.11 fd00:f4::11; do
	expect ECONNREFUSED "reset for a closed port of the pod, $addr" internet "$probe" tcp $addr 1
	expect ECONNREFUSED "port unreachable from the pod, $addr" internet "$probe" udp $addr 1
done
# The same packet from a user's raw socket is judged.
expect EPERM "a user's own reset" node "$probe" raw-tcp-synack 10.224.0.1 443
finish
