#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What never leaves the namespace passes both ways, also to the node's own
# addresses; a deny still applies.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
start "$work/server.log" "$cg/system.slice/server.service" "$id-node" "$probe" serve tcp:8080 udp:8080
eventually logged "$work/server.log" ^ready || die "no server: $(cat "$work/server.log")"
govern <<'POLICY'
resolver 20.0.0.53
deny 127.0.0.9
POLICY

for addr in 127.0.0.1 127.1.2.3 ::1 ::ffff:127.0.0.1 10.224.0.4 fd00:e9::4; do
	passes node $addr tcp:8080 udp:8080 send:8080
	expect answered "echo over tcp to $addr" node "$probe" tcp-echo $addr 8080
	expect ECONNREFUSED "closed port of $addr" node "$probe" tcp $addr 1
done
passes node 127.0.0.1 icmp
passes node ::1 icmp
passes node 10.224.0.4 icmp
denied node 127.0.0.9 tcp:8080 udp:8080 send:8080

# Having talked over lo opens nothing: same ports, but out of the namespace.
expect answered "a datagram from 8080 to itself" node "$probe" -b 127.0.0.1 -p 5000 udp-send 127.0.0.1 8080
expect EPERM "the same port outward" node "$probe" -p 5000 udp-send 10.224.0.1 8080
denied node 10.224.0.1 tcp:8080
finish
