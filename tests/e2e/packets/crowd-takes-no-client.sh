#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A socket that sends to more peers than all flows that are remembered takes nothing from another's
# server: that one may still speak to the clients who came to it.
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

# 24,576 flows are remembered (include/egret_limits.h), and here twice as many go by.
for block in 64 65 66 67 68 69 70 71; do
	# shellcheck disable=SC2046
	node "$probe" udp-each 8080 $(for i in $(seq 24); do for j in $(seq 250); do echo "20.$block.$i.$j"; done; done) \
		>"$work/crowd"
	expect 6000 "a crowd goes by" grep -c answered "$work/crowd"
done
for client in "${clients[@]}"; do
	expect "sent|connected|ok|answered" "the server may still speak to $client" dials "$client"
done
finish
