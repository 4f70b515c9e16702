#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Over lo nothing passes from an address that is not here: the kernel and the own listener would answer
# to that address, and so carry bytes out. Whoever speaks from an address that is here goes on.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up web 11
internet ip -6 route add fd00:f4::/64 via fd00:e9::4
internet ip route add 10.244.0.0/24 via 10.224.0.4
foreign4=51.0.0.9 foreign6=2603:1000:bad::9
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --no-new-privs)

# Whatever arrives for an address that no rule allows.
internet nft -f - <<NFT || skip "nft does not work here"
table inet seen {
	counter strays {}
	chain arrives {
		type filter hook prerouting priority -300;
		ip daddr 51.0.0.0/8 counter name strays
		ip6 daddr 2603:1000:bad::/48 counter name strays
	}
}
NFT
strays() { internet nft -j list counters | jq '[.nftables[].counter? | select(. != null) | .packets] | add'; }
nothing_left() { expect 0 "nothing of $1 left" strays; }

for who in node "pod web"; do
	where=$id-node cgroup=$cg/system.slice/server.service
	[ "$who" = node ] || where=$id-web cgroup=${pod_cgroup[web]}
	start "$work/${who// /-}.log" "$cgroup" "$where" "$probe" serve tcp:8080 udp:8080
	eventually logged "$work/${who// /-}.log" ^ready || die "no server: $(cat "$work/${who// /-}.log")"
done
# Without the layer source, which refuses pods the options: what is judged here is each packet.
govern <<'POLICY'
set layers = off
resolver 20.0.0.53
allow ff05::2 icmp udp:5353
POLICY

# --- what needs no privilege: IPv6 ------------------------------------------
try_v6() {
	local who=$1 own=$2 how run
	run="$who ${nobody[*]} $probe -t 300"
	for how in freebind taken-back; do
		expect EPERM "$who: TCP from elsewhere, $how" $run -f $how -b $foreign6 tcp "$own" 8080
		expect EPERM "$who: UDP from elsewhere, $how" $run -f $how -b $foreign6 udp-send "$own" 8080
		expect EPERM "$who: UDP to a closed port, $how" $run -f $how -b $foreign6 udp-send "$own" 9
		expect timeout "$who: an echo request, $how" $run -f $how -b $foreign6 ping "$own"
	done
	expect EPERM "$who: TCP to a closed port" $run -f freebind -b $foreign6 tcp "$own" 9
	expect EPERM "$who: TCP to ::1" $run -f freebind -b $foreign6 tcp ::1 8080
	expect EPERM "$who: a source named with the datagram" $run -f freebind udp-from $foreign6 "$own" 9
	expect EPERM "$who: all nodes of lo" $run -f freebind -b $foreign6 udp-send ff01::1 9
}
# What a namespace allows to all its sockets, and raw sockets with a header of their own.
try_privileged() {
	local who=$1 netns=$2 own4=$3 own6=$4
	set_sysctl "$netns" net.ipv6.ip_nonlocal_bind=1
	expect EPERM "$who: ip_nonlocal_bind, TCP" $who "$probe" -t 300 -b $foreign6 tcp "$own6" 8080
	expect EPERM "$who: ip_nonlocal_bind, UDP" $who "$probe" -b $foreign6 udp-send "$own6" 9
	set_sysctl "$netns" net.ipv6.ip_nonlocal_bind=0
	for own in "$own4" 127.0.0.1; do
		expect EPERM "$who: IP_TRANSPARENT, TCP to $own" $who "$probe" -t 300 -f transparent -b $foreign4 \
			tcp "$own" 8080
		expect EPERM "$who: IP_TRANSPARENT, UDP to $own" $who "$probe" -f transparent -b $foreign4 udp-send "$own" 9
		expect EPERM "$who: raw IPv4 to $own" $who "$probe" -b $foreign4 raw-udp "$own" 9
	done
	expect EPERM "$who: IPV6_TRANSPARENT" $who "$probe" -f transparent -b $foreign6 udp-send "$own6" 9
	expect EPERM "$who: raw IPv6" $who "$probe" -b $foreign6 raw-udp "$own6" 9
	expect EPERM "$who: sent on by a source route" $who "$probe" -b "$own4" raw-lsrr "$own4" 9 $foreign4
	expect EPERM "$who: sent on by a routing header" $who "$probe" -b "$own6" ip6-exthdr source-route "$own6" 9
	expect EPERM "$who: an echo request of a raw socket" $who "$probe" -f transparent -b $foreign6 icmp "$own6"
}
try_v6 node fd00:e9::4
try_v6 "pod web" fd00:f4::11
# What goes to many comes back in by the device: the kernel and the own sockets hear it, too.
for who in node "pod web"; do
	expect EPERM "$who: a datagram to a group" $who "${nobody[@]}" "$probe" -f freebind -b $foreign6 udp-send ff05::2 5353
	expect EPERM "$who: a source named with it" $who "${nobody[@]}" "$probe" -f freebind udp-from $foreign6 ff05::2 5353
	expect timeout "$who: an echo request to a group" $who "${nobody[@]}" "$probe" -t 300 -f freebind -b $foreign6 ping ff05::2
done
nothing_left "unprivileged processes"
expect answered "a group is asked from an address that is here" node "${nobody[@]}" "$probe" ping ff05::2
try_privileged node "$id-node" 10.224.0.4 fd00:e9::4
try_privileged "pod web" "$id-web" 10.244.0.11 fd00:f4::11
nothing_left "transparent and raw sockets"
json 'any(.[]; .reason == "foreign-source" and .address == "fd00:f4::11")' "drops says why" egret_cmd drops --json

# --- what goes on -----------------------------------------------------------
for own in 127.0.0.1 10.224.0.4 ::1 fd00:e9::4; do
	passes node $own tcp:8080 udp:8080 send:8080 icmp
done
for own in 10.244.0.11 fd00:f4::11 ::1; do
	passes "pod web" $own tcp:8080 udp:8080 ping
done
# From one own address to another.
ungoverned ip addr add 10.224.0.78/16 dev eth0
ungoverned ip addr add fd00:e9::78/64 dev eth0 nodad
expect answered "from one own address to another" node "$probe" -b 10.224.0.78 tcp-echo 10.224.0.4 8080
expect answered "the same, a datagram" node "$probe" -b 10.224.0.78 udp-send 10.224.0.4 8080
expect answered "the same, IPv6" node "$probe" -b fd00:e9::78 tcp-echo fd00:e9::4 8080
expect answered "the same, with IPV6_FREEBIND" node "$probe" -f freebind -b fd00:e9::78 udp-send fd00:e9::4 8080
expect answered "the same, with IP_TRANSPARENT" node "$probe" -f transparent -b 10.224.0.78 tcp-echo 10.224.0.4 8080
expect answered "from an address of eth0 to lo's" node "$probe" -b 10.224.0.4 tcp-echo 127.0.0.1 8080
# Whole prefixes that are routed to lo are here as well.
ungoverned ip route add local 10.77.0.0/16 dev lo
ungoverned ip -6 route add local fd77::/64 dev lo
expect answered "from a prefix that is local" node "$probe" -b 10.77.3.1 tcp-echo 10.224.0.4 8080
expect answered "from a prefix that is local, IPv6" node "$probe" -f freebind -b fd77::3 tcp-echo fd00:e9::4 8080
expect EPERM "from beside that prefix" node "$probe" -t 300 -f transparent -b 10.78.0.1 tcp 10.224.0.4 8080
expect EPERM "from beside that prefix, IPv6" node "$probe" -f freebind -b fd77:0:0:1::3 udp-send fd00:e9::4 9

# An address that arrives after its server, as keepalived gives it to HAProxy: asked over lo and by the device.
for vip in 10.224.0.77/16 fd00:e9::77/64; do
	log=$work/vip-${vip%%[.:]*}.log
	start "$log" "$cg/system.slice/vip.service" "$id-node" "$probe" -f freebind -b "${vip%/*}" serve tcp:8090
	eventually logged "$log" ^ready || die "no server: $(cat "$log")"
	ungoverned ip addr add "$vip" dev eth0
	passes node "${vip%/*}" tcp:8090
	passes internet "${vip%/*}" tcp:8090
done
finish
