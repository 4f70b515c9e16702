#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Whoever dials what no rule allows is told at once, and it is counted: also where any address can be bound, from a
# socket that is bound already, to a link-local peer, by Multipath TCP and from ping sockets. What is local goes on.
# Where it comes from: nodes with virtual addresses (keepalived, HAProxy) have ip_nonlocal_bind = 1; golang/go#56539:
# programs that speak MPTCP.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
start "$work/server.log" "$cg/system.slice/server.service" "$id-node" "$probe" serve tcp:8080
eventually logged "$work/server.log" ^ready || die "no server: $(cat "$work/server.log")"
govern <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.0/16 tcp:443 icmp
allow 2603:1000::1 tcp:443 icmp
POLICY
own4=10.224.0.4 own6=fd00:e9::4
ungoverned ip -6 addr add fe80::4/64 dev eth0 nodad

dialled=0
# refused WHAT CMD...: EPERM, and it will be counted.
refused() {
	local what=$1
	shift
	expect EPERM "$what" node "$probe" -t 400 "$@"
	dialled=$((dialled + 1))
}

dials_everything() { # dials_everything WHERE HOW...
	local where=$1
	shift
	refused "$where: IPv4" "$@" tcp 51.0.0.1 443
	refused "$where: IPv4, bound" "$@" -b $own4 tcp 51.0.0.2 443
	refused "$where: IPv6" "$@" tcp 2603:1000::51 443
	refused "$where: IPv6, bound" "$@" -b $own6 tcp 2603:1000::52 443
	refused "$where: IPv4-mapped" "$@" tcp ::ffff:51.0.0.3 443
	refused "$where: IPv4-mapped, bound" "$@" -b ::ffff:$own4 tcp ::ffff:51.0.0.4 443
	refused "$where: a link-local peer" "$@" tcp fe80::1234%eth0 443
	refused "$where: a link-local peer, bound" "$@" -b fe80::4%eth0 tcp fe80::1235%eth0 443
	refused "$where: MPTCP" "$@" mptcp 51.0.0.5 443
	refused "$where: MPTCP, IPv6" "$@" mptcp 2603:1000::53 443
	refused "$where: MPTCP, bound" "$@" -b $own4 mptcp 51.0.0.6 443
}
local_goes_on() { # local_goes_on WHERE HOW...
	local where=$1 own
	shift
	for own in 127.0.0.1 $own4 $own6 ::ffff:$own4 fe80::4%eth0; do
		expect ECONNREFUSED "$where: nobody listens on $own" node "$probe" "$@" tcp $own 9
		expect connected "$where: from $own to itself" node "$probe" "$@" -b $own tcp $own 8080
	done
	expect connected "$where: a rule still allows" node "$probe" "$@" tcp 20.1.0.1 443
	expect connected "$where: a rule still allows MPTCP" node "$probe" "$@" mptcp 20.1.0.1 443
}

dials_everything "as usual"
local_goes_on "as usual"
for how in freebind transparent; do
	refused "$how: IPv4" -f $how tcp 51.0.1.1 443
	refused "$how: IPv6" -f $how tcp 2603:1000::61 443
	local_goes_on $how -f $how
done
set_sysctl "$id-node" net.ipv4.ip_nonlocal_bind=1
set_sysctl "$id-node" net.ipv6.ip_nonlocal_bind=1
dials_everything ip_nonlocal_bind
local_goes_on ip_nonlocal_bind

# The kernel asks of ping sockets since 6.1, when they connect; of what they send it tells an error for IPv4 alone.
if [ "$(printf '%s\n' 6.1 "$(uname -r)" | sort -V | head -n 1)" = 6.1 ]; then
	refused "a ping socket connects" ping-connect 51.0.2.1
	refused "a ping socket connects, IPv6" ping-connect 2603:1000::71
fi
refused "a ping socket sends" ping 51.0.2.2
expect timeout "a ping socket sends, IPv6" node "$probe" -t 300 ping 2603:1000::72
dialled=$((dialled + 1))
json "map(.packets_total) | add == $dialled" "each of these $dialled denials is counted once" egret_cmd drops --json
for addr in 20.1.0.1 2603:1000::1 $own4 $own6; do
	expect connected "a ping socket may connect to $addr" node "$probe" ping-connect $addr
done
expect answered "and may ping what a rule allows" node "$probe" ping 20.1.0.1
finish
