#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A datagram server may answer each client from a socket of its own, on the port that the client spoke to, and nobody
# else from there. What it sends from another port (TFTP), or another service does, needs a rule.
# Reports: coturn/coturn#1031, coturn/coturn#549.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
start "$work/server.log" "$cg/system.slice/server.service" "$id-node" "$probe" serve udp:3478 udp:3479
eventually logged "$work/server.log" ^ready || die "no server: $(cat "$work/server.log")"
govern <<'POLICY'
resolver 20.0.0.53
deny 51.0.0.0/8
POLICY

# apart CLIENT PORT NEAR_PORT: a client asks 3478 for an answer from a socket of its own, on NEAR_PORT.
apart() {
	local to=10.224.0.4
	[[ $1 != *:* ]] || to=fd00:e9::4
	internet "$probe" -t "${4:-1500}" -b "$1" -p "$2" -d "apart $3" udp-send $to 3478
}
# As with one socket for all, a deny does not keep a server from answering who came.
for client in 20.7.7.7 2603:1000::77 51.7.7.7; do
	expect answered "$client is answered by a socket of its own" apart $client 7777 3478
	expect answered "and again by another one" apart $client 7777 3478
	expect answered "and from another of its ports" apart $client 7778 3478
done
: >"$work/server.log"
expect timeout "from another port of the server nobody is answered" apart 20.7.7.7 7779 3479 300
expect timeout "nor from a new one" apart 20.7.7.7 7779 0 300
expect 2 "the server is told" grep -c '^apart EPERM' "$work/server.log"

# The way back is of the port, the peer, and the service that the datagram came to.
for way in "20.7.7.8 7777" "20.7.7.7 7780"; do
	expect EPERM "the port does not speak to ${way/ /:}, who did not come" \
		in_cgroup "$cg/system.slice/server.service" "$id-node" "$probe" -b ::ffff:10.224.0.4 -p 3478 \
		udp-send ::ffff:${way% *} ${way#* }
done
expect EPERM "nor another service from that port" node "$probe" -b ::ffff:10.224.0.4 -p 3478 udp-send ::ffff:20.7.7.7 7777
expect EPERM "nor a raw socket" in_cgroup "$cg/system.slice/server.service" "$id-node" \
	"$probe" -b 10.224.0.4 -p 3478 raw-udp 20.7.7.7 7777
finish
