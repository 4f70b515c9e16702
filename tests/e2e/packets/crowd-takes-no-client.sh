#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A socket that sends to more peers than are remembered takes nothing from a server, another's or its own cgroup's: that
# one may still speak to the clients who came to it.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
start "$work/server.log" "$cg/system.slice/server.service" "$id-node" "$probe" serve udp:8080
eventually logged "$work/server.log" ^ready || die "no server: $(cat "$work/server.log")"
govern <<'POLICY'
resolver 20.0.0.53
allow 20.64.0.0/10 udp:8080
POLICY
clients=(20.7.7.1 20.7.7.2 20.7.7.3 20.7.7.4 20.7.7.5 20.7.7.6 20.7.7.7)
for client in "${clients[@]}"; do
	expect answered "the server answers $client" internet "$probe" -b "$client" -p 7777 udp-send 10.224.0.4 8080
done
# dials ADDRESS: the server sends to it, as somebody asks; prints what became of it.
dials() {
	local before
	before=$(grep -c ^dial "$work/server.log")
	internet "$probe" -d "dial $1 7777" udp-send 10.224.0.4 8080 >/dev/null
	eventually dialled "$before" && grep ^dial "$work/server.log" | tail -n 1 | cut -d' ' -f2
}
dialled() { [ "$(grep -c ^dial "$work/server.log")" -gt "$1" ]; }
expect EPERM "it reaches nobody who did not come" dials 20.7.7.99

# An owner has room for 8,192 peers that it sent to, and for 16,384 that came in (include/egret_limits.h): here three
# times as many go by, first of a neighbour, then of the server's own cgroup.
addresses() { for block; do for i in $(seq 24); do for j in $(seq 250); do echo "20.$block.$i.$j"; done; done; done; }
crowd() {
	local cgroup=$1 block
	for block in "${@:2}"; do
		# shellcheck disable=SC2046
		in_cgroup "$cgroup" "$id-node" "$probe" udp-each 8080 $(addresses "$block") >"$work/crowd"
		expect 6000 "a crowd of $(basename "$cgroup") goes by" grep -c answered "$work/crowd"
	done
}
still_speaks() {
	local client
	for client in "${clients[@]}"; do
		expect "sent|connected|ok|answered" "the server may still speak to $client, after $1" dials "$client"
	done
}
crowd "$cg/system.slice/other.service" 64 65 66 67
still_speaks "a neighbour's crowd"
crowd "$cg/system.slice/server.service" 68 69 70 71
still_speaks "a crowd of its own"
finish
