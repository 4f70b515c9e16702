#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Without Egret everything reaches everything: what later tests see denied was
# denied by Egret, not by the bed.
. "$(dirname "$0")/../lib.sh"
bed_up
dns www.allowed.example 20.0.1.1 2603:1000::1:1
pod_up web 11
nat_up </dev/null

for from in node ungoverned "pod web"; do
	for addr in 20.0.1.1 40.1.2.3 51.0.0.9 2603:1000::1:1 ::ffff:20.0.1.1; do
		expect connected "$from, tcp $addr" $from "$probe" tcp $addr 443
		expect answered "$from, tcp echo $addr" $from "$probe" tcp-echo $addr 8080
		expect answered "$from, connected udp $addr" $from "$probe" udp $addr 123
		expect answered "$from, unconnected udp $addr" $from "$probe" udp-send $addr 123
	done
	for addr in 20.0.1.1 2603:1000::1:1; do
		expect answered "$from, raw echo request to $addr" $from "$probe" icmp $addr
		expect answered "$from, ping $addr" $from "$probe" ping $addr
		expect ECONNREFUSED "$from, a closed port of $addr" $from "$probe" tcp $addr 1
		expect ECONNREFUSED "$from, a closed udp port of $addr" $from "$probe" udp $addr 1
	done
	expect 20.0.1.1 "$from, DNS" $from dig +short @$resolver www.allowed.example
	expect 20.0.1.1 "$from, DNS over TCP" $from dig +tcp +short @$resolver www.allowed.example
done

expect sent "forged SYN-ACK" node "$probe" raw-tcp-synack 20.0.1.1 443
expect sent "raw datagram" node "$probe" -b 10.224.0.4 raw-udp 20.0.1.2 123
arrived 'udp .* 20.0.1.2:123'
expect sent "fragment" node "$probe" raw-frag 20.0.1.1 123
expect sent "source route, raw" node "$probe" raw-lsrr 20.0.1.1 123 51.0.0.1
expect sent "source route, by option" node "$probe" ip-options-lsrr 20.0.1.1 123 51.0.0.1
for kind in none hop dest routing; do
	expect sent "extension header: $kind" node "$probe" -b fd00:e9::4 ip6-exthdr $kind 2603:1000::2:1 123
done
for kind in source-route fragment unknown truncated; do
	expect sent "extension header: $kind" node "$probe" ip6-exthdr $kind 2603:1000::2:1 123
done
for _ in 1 2 3; do
	arrived 'udp \[fd00:e9::4\]:40000 \[2603:1000::2:1\]:123'
done
finish
