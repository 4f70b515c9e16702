#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# An `audit` line, or an audited subject, changes nothing for anybody else: what is denied stays denied, what is allowed
# stays allowed, and who is only audited deceives nobody who is not. Each of these was otherwise once.
. "$(dirname "$0")/../lib.sh"
needs_egret
internet_ports="$internet_ports tcp:5353 udp:5353"
bed_up
pod_up web 11
pod_up agent 12
internet ip route add 10.244.0.0/16 via 10.224.0.4
begin=$root/build/tests/begin
liar=$root/build/tests/liar
foreign6=2603:1000:bad::9
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --no-new-privs)
hostnetwork() { in_cgroup "${pod_cgroup[agent]}" "$id-node" "$@"; }
asks() { node dig +noedns +short +time=1 +tries=1 "$@" A; }
internet nft -f - <<NFT || skip "nft does not work here"
table inet seen {
	counter strays {}
	chain arrives {
		type filter hook prerouting priority -300;
		ip6 daddr 2603:1000:bad::/48 counter name strays
	}
}
NFT
strays() { internet nft -j list counters | jq '[.nftables[].counter? | select(. != null) | .packets] | add'; }
dns a.b.names.example 51.0.0.61
mkdir -p "$cg/batch.slice"
start "$work/server.log" "$cg/system.slice/server.service" "$id-node" "$probe" serve tcp:8080
eventually logged "$work/server.log" ^ready || die "no server: $(cat "$work/server.log")"
start "$work/liar.log" "${pod_cgroup[agent]}" "$id-node" "$liar" 127.0.0.53
eventually logged "$work/liar.log" ^ready || die "no liar: $(cat "$work/liar.log")"

# --- a subject's number means another one under the next policy
govern <<POLICY
resolver 20.0.0.53
allow 20.1.0.1 tcp:443 for cgroup /$id/system.slice
POLICY
speaks_from_elsewhere() { node "$probe" -b $foreign6 frame-syn fd00:e9::4 8080 >/dev/null; }
is_denied() { egret_cmd drops --json | jq -e 'any(.[]; .reason == "foreign-source" and (.audited | not) and (.outdated | not))'; }
speaks_from_elsewhere
reload <<POLICY
set mode = audit for cgroup /$id/batch.slice
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
speaks_from_elsewhere
succeeds "an older number is not taken for whom the new policy audits" eventually is_denied
expect 0 "and nothing left" strays

# --- a hostNetwork pod, where only the others are audited
reload <<'POLICY'
set mode = audit for pods not hostnetwork
allow 20.1.0.1 tcp:443
POLICY
passes "pod web" 51.0.0.9 send:123
denied hostnetwork 51.0.0.9 send:123
option() { expect "$1" "$2 sets $3" $2 "$begin" option "$4" "$5" "$6" 1; }
option EPERM hostnetwork PACKET_QDISC_BYPASS 17 263 20
option EPERM hostnetwork IP_FREEBIND 2 0 15
expect EPERM "hostnetwork makes a socket of protocol 115" hostnetwork "$begin" socket 2 3 115

# --- over lo: a line about something else does not let a foreign source pass, whom an allow lets speak
for audit in "audit allow 51.0.0.77 tcp:99" "audit deny 51.0.0.77 tcp:99"; do
	reload <<-POLICY
		set layers = off
		allow fd00::/8 any
		$audit
	POLICY
	for who in node "pod web"; do
		own=fd00:e9::4
		[ "$who" = node ] || own=fd00:f4::11
		expect EPERM "$audit: $who speaks from elsewhere" $who "${nobody[@]}" "$probe" -f freebind -b $foreign6 udp-send $own 9
	done
done
expect 0 "nothing left to where the kernel would have answered" strays

# --- who serves a resolver's address is asked, whatever audits beside
for audit in "audit deny 0.0.0.0/0 for pods" "audit deny 127.0.0.0/8" "set mode = audit for pods"; do
	reload <<-POLICY
		$audit
		resolver 127.0.0.53
		allow *.wild.example tcp:443
	POLICY
	expect ";;|^\$" "$audit: nobody hears a pod on the resolver's address" asks @127.0.0.53 f3.wild.example
	denied node 20.7.0.4 tcp:443
done

# --- an audited pod does not speak for a resolver
reload <<'POLICY'
set mode = audit for pods
resolver 20.0.0.53
allow *.wild.example tcp:443
POLICY
passes "pod web" 51.0.0.9 send:123
pod web "$probe" -b 20.0.0.53 raw-udp 10.224.0.4 9 >/dev/null
json 'any(.[]; .reason == "foreign-source" and .address == "10.224.0.4" and (.audited | not))' "an audited pod does not speak from the resolver's address" egret_cmd drops --json

# --- an audited deny of a name takes no question away
reload <<'POLICY'
set dns_names = policy
resolver 20.0.0.53 *.names.example
allow 20.1.0.1 tcp:443
audit deny *.b.names.example
POLICY
expect 51.0.0.61 "a name below an audited deny is asked for" asks @$resolver a.b.names.example
# --- services: a line about the service, or about where it leads, takes no way away and opens none
nat_up <<'NFT'
table ip egret_services {
	map places { type ipv4_addr : ipv4_addr; elements = { 10.0.0.1 : 20.1.0.1, 10.0.0.2 : 20.1.0.2, 10.0.0.3 : 51.0.0.3, 10.0.0.4 : 20.1.0.4, 10.0.0.5 : 51.0.0.5 } }
	chain before { type nat hook prerouting priority -100; dnat to ip daddr map @places; }
	chain out { type nat hook output priority -100; dnat to ip daddr map @places; }
}
NFT
reload <<'POLICY'
set service_ranges = 10.0.0.0/16
allow 10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.5,10.0.0.13 any for pods
allow 20.1.0.0/16,10.244.200.53 any
audit deny 10.0.0.1,10.0.0.3,10.0.0.4,10.0.0.13
audit deny 20.1.0.2,10.244.200.53
audit allow 51.0.0.5 tcp:443
POLICY
egret_cmd drops --clear >/dev/null
passes "pod web" 10.0.0.1 tcp:443 udp:123
passes "pod web" 10.0.0.2 tcp:443 udp:123
passes "pod web" 10.0.0.5 tcp:443
passes node 10.0.0.2 tcp:443 udp:123
expect "timeout|EPERM" "a service that leads outside stays denied" pod web "$probe" -t 300 tcp 10.0.0.3 443
expect EPERM "one that no rule allows stays denied" try "pod web" 10.0.0.4 udp:123
services() { # services ADDR: reason and whether it passed, each once
	egret_cmd drops --json | jq -r --arg a "$1" '[.[] | select(.address == $a) | "\(.kernel_reason)/\(.audited)"] | unique | join(",")'
}
expect deny-rule/true "the service of an audited deny" services 10.0.0.1
expect deny-rule/true "the end point of one" services 20.1.0.2
expect service-outside/true "the end point of an audited allow" services 51.0.0.5
expect service-outside/false "the end point outside" services 51.0.0.3
expect no-rule/false "the service without a rule" services 10.0.0.4
# Translated at the socket, as what replaces kube-proxy does (tests/dns/service.bpf.c): only the end point leaves.
bpftool=$(command -v bpftool /usr/sbin/bpftool | head -n 1)
if [ -n "$bpftool" ] && mkdir /sys/fs/bpf/service && "$bpftool" prog loadall "$root/build/tests/service.bpf.o" /sys/fs/bpf/service; then
	for hook in connect4 sendmsg4 recvmsg4; do
		"$bpftool" cgroup attach "$cg" $hook pinned "/sys/fs/bpf/service/service_$hook" multi || die "no $hook"
	done
	internet ip route add local 10.244.200.53 dev lo
	passes "pod web" 10.0.0.13 tcp:53 udp:53 send:53
	expect deny-rule/true "the end point that the socket was translated to" services 10.244.200.53
else
	echo "note: no bpftool, or it cannot load tests/dns/service.bpf.c: no translation at the socket"
fi
expect 0 "packets that an audited deny took away" sh -c "'$egret' rules --instance '$instance' --json | jq '[.[] | select(.rule | startswith(\"audit deny\")).packets_total] | add'"
finish
