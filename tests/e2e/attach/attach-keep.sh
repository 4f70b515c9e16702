#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# First attach while connections are open: with `existing = keep` they go on
# until they close; new ones are judged.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up web 11
nat_up </dev/null
internet ip route add 10.244.0.0/16 via 10.224.0.4
start "$work/server.log" "$cg/system.slice/server.service" "$id-node" "$probe" serve tcp:8080 udp:8080
start "$work/podserver.log" "${pod_cgroup[web]}" "$id-web" "$probe" serve tcp:8080
eventually logged "$work/server.log" ^ready && eventually logged "$work/podserver.log" ^ready || die "no servers"
app=$cg/system.slice/app.service
hold_open allowed "$app" "$id-node" 20.1.0.1 443
hold_open denied "$app" "$id-node" 51.0.0.1 443
hold_open denied6 "$app" "$id-node" 2603:1000:51::1 443
hold_open mapped "$app" "$id-node" ::ffff:51.0.0.2 443
hold_open pod "${pod_cgroup[web]}" "$id-web" 51.0.0.3 443
hold_open inbound - "$id-inet" 10.224.0.4 8080
hold_open inbound6 - "$id-inet" fd00:e9::4 8080
hold_open podinbound - "$id-inet" 10.244.0.11 8080
govern <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
for hold in allowed denied denied6 mapped pod inbound inbound6 podinbound; do
	expect ok "$hold goes on" hold_say $hold
	expect ok "$hold goes on still" hold_say $hold
done
denied node 51.0.0.1 tcp:443 udp:443
denied "pod web" 51.0.0.3 tcp:443
passes node 20.1.0.1 tcp:443
expect answered "new inbound connections are served" internet "$probe" tcp-echo 10.224.0.4 8080
succeeds "rules works" egret_cmd rules
shows existing "the kept connections are counted"
finish
