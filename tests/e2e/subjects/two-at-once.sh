#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# One socket is used on two processors at the same moment, and that is the first that Egret sees of it: neither is refused,
# and what either asks for is learned. The kernel tells one of two programs that make a socket's storage that it failed.
. "$(dirname "$0")/../lib.sh"
needs_egret
[ "$(nproc)" -gt 1 ] || skip "needs two processors"
bed_up
pod_up web 11
internet ip route add 10.244.0.0/16 via 10.224.0.4
together=$root/build/tests/together
start "$work/liar.log" - "$id-inet" "$root/build/tests/liar" 20.0.0.54
eventually logged "$work/liar.log" ^ready || die "no liar: $(cat "$work/liar.log")"

# Sockets that are older than Egret are stamped when they first send, and what they may depends on whose they are.
start "$work/node.log" "$cg/system.slice/app.service" "$id-node" "$together" send 8000 20.1.0.1 9
node_sender=$started
start "$work/pod.log" "${pod_cgroup[web]}" "$id-web" "$together" send 8000 20.1.0.2 9
pod_sender=$started
eventually logged "$work/node.log" ^ready && eventually logged "$work/pod.log" ^ready || die "no sockets"
govern <<POLICY
resolver 20.0.0.54
allow 20.1.0.1 udp:9 for cgroup /$id/system.slice
allow 20.1.0.2 udp:9 for pods
allow *.wild.example tcp:443
POLICY
# sends NAME PID
sends() {
	kill -USR1 "$2"
	wait "$2"
	expect "16000" "$1: packets that were sent" awk -F'[ ,]+' '/^sent/ { print $2 }' "$work/$1.log"
	expect "0" "$1: and refused" awk -F'[ ,]+' '/^sent/ { print $4 }' "$work/$1.log"
}
sends node "$node_sender"
sends pod "$pod_sender"
json 'all(.[]; .reason != "no-memory")' "no memory was missing" egret_cmd drops --json

# A socket's first questions.
expect "ready" "300 times two names" pod web "$together" ask 300 20.0.0.54
learned() { egret_cmd learned --json | jq '[.[] | select(.name | test("^f[0-9]+[.]wild[.]example$"))] | length'; }
expect 600 "both are learned" learned
expect "ready" "and by one that goes on asking" node "$together" ask-one 300 20.0.0.54
expect 1200 "also both" learned
finish
