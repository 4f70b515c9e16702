#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What is served inside goes on being served, by a server that may reach nobody;
# a served socket is no way out.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
start "$work/server.log" "$cg/system.slice/server.service" "$id-node" "$probe" serve tcp:8080 udp:8080 udp:9090
eventually logged "$work/server.log" ^ready || die "no server: $(cat "$work/server.log")"
govern <<'POLICY'
resolver 20.0.0.53
POLICY
start "$work/late.log" "$cg/system.slice/late.service" "$id-node" "$probe" serve tcp:8081 udp:8081
eventually logged "$work/late.log" ^ready || die "no server: $(cat "$work/late.log")"

for addr in 10.224.0.4 fd00:e9::4; do
	for port in 8080 8081; do
		expect answered "tcp served on $addr port $port" internet "$probe" tcp-echo $addr $port
		expect answered "udp served on $addr port $port" internet "$probe" udp $addr $port
	done
	expect answered "the kernel answers echo requests to $addr" internet "$probe" icmp $addr
done
denied node 10.224.0.1 tcp:443 udp:123
denied node 51.0.0.1 tcp:443 udp:123

# The socket that serves a peer cannot reach another, nor another port of the peer.
for dial in "51.0.0.1 123" "10.224.0.1 123" "2603:1000:51::1 123"; do
	internet "$probe" -d "dial $dial" udp-send 10.224.0.4 8080 >/dev/null
done
eventually test "$(grep -c ^dial "$work/server.log")" -ge 3
expect 3 "a serving datagram socket cannot dial" grep -c '^dial EPERM' "$work/server.log"
# An accepted socket that disconnects and dials is a client like any other.
: >"$work/server.log"
internet "$probe" -t 1000 -d "dial 51.0.0.1 443" tcp-echo 10.224.0.4 8080 >/dev/null
eventually logged "$work/server.log" ^dial
expect 1 "an accepted socket cannot dial" grep -c '^dial EPERM' "$work/server.log"
nothing_arrived ' 51\.|\[2603:1000:51'

# The way back is the socket's, not the host's: another socket of the same port pair has none.
expect answered "a peer from port 7777" internet "$probe" -b 20.7.7.7 -p 7777 udp-send 10.224.0.4 9090
expect EPERM "another socket to that peer" node "$probe" udp-send 20.7.7.7 7777
expect EPERM "a raw socket to that peer" node "$probe" -b 10.224.0.4 raw-udp 20.7.7.7 7777
expect EPERM "a raw SYN-ACK from a served port" node "$probe" -b 10.224.0.4 -p 8080 raw-tcp-synack 20.7.7.7 443
finish
