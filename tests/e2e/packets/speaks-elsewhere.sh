#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `set foreign_sources`, by the hook alone: by a pod on macvlan and one of the host network, at whose devices nobody looks.
# By whichever option a socket took its address, and whenever; who speaks from an own address goes on.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../astray.sh"
needs_egret
internet_ports="tcp:443 udp:9 udp:8080"
bed_up
wire_listen
foreign4=51.0.0.7 foreign6=2603:1000:51::7 there4=20.1.0.1 there6=2603:1000:20::1
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --no-new-privs)
kubepods=$cg/kubepods/burstable

netns_up "$id-mac" "$cg"
ungoverned ip link add mv0 link eth0 netns "$id-mac" type macvlan mode bridge || die "no macvlan"
in_cgroup - "$id-mac" sh -c "ip addr add 10.224.0.60/16 dev mv0 && ip addr add fd00:e9::60/64 dev mv0 nodad &&
	ip link set mv0 up && ip route add default via 10.224.0.1 && ip -6 route add default via fd00:e9::1"
macvlan() { in_cgroup "$kubepods/podbbbbbbbb-0000-4000-8000-000000000002/$(printf 'b%.0s' {1..64})" "$id-mac" "$@"; }
hostnetwork() { in_cgroup "$kubepods/podcccccccc-0000-4000-8000-000000000003/$(printf 'c%.0s' {1..64})" "$id-node" "$@"; }
neighbours_met "$id-mac" 10.224.0.1 fd00:e9::1

policy <<'POLICY'
set layers = off
resolver 20.0.0.53
allow 20.1.0.0/24        any
allow 2603:1000:20::/48  any
POLICY
agent_start

way_by() { # NAME WHO ARG...: `probe` with these arguments
	local name=$1 who=$2
	shift 2
	is_fine[$name]=no
	echo "     $name: $($who "$probe" -t 50 -d $'astray:'"$(text "$name")"$'\n' "$@" 2>&1)"
}
fine_by() {
	way_by "$@"
	is_fine[$1]=yes
}

any_may_bind() {
	for netns in mac node; do
		set_sysctl "$id-$netns" "net.ipv4.ip_nonlocal_bind=$1"
		set_sysctl "$id-$netns" "net.ipv6.ip_nonlocal_bind=$1"
	done
}

ways() {
	local who
	for who in macvlan hostnetwork; do
		way_by $who-freebind "$who ${nobody[*]}" -f freebind -b $foreign6 udp-send $there6 9
		way_by $who-taken-back "$who ${nobody[*]}" -f taken-back -b $foreign6 udp-send $there6 9
		way_by $who-named-with-it "$who ${nobody[*]}" -f freebind udp-from $foreign6 $there6 9
		way_by $who-after-another "$who ${nobody[*]}" -f later udp-from $foreign6 $there6 9
		way_by $who-transparent $who -f transparent -b $foreign4 udp-send $there4 9
		fine_by $who-own $who udp-send $there4 9
		any_may_bind 1
		way_by $who-nonlocal "$who ${nobody[*]}" -b $foreign6 udp-send $there6 9
		way_by $who-nonlocal-named "$who ${nobody[*]}" udp-from $foreign6 $there6 9
		way_by $who-nonlocal-after "$who ${nobody[*]}" -f later udp-from $foreign6 $there6 9
		any_may_bind 0
	done
	fine_by freebind-to-own macvlan -f freebind -b fd00:e9::60 udp-send $there6 9
	fine_by of-the-host node -f freebind -b $foreign6 udp-send $there6 9
}
rounds ways
any_may_bind 1
expect EPERM "a raw socket's header" macvlan "$probe" -b $foreign4 raw-udp $there4 9
expect timeout "TCP" macvlan "$probe" -t 300 -b $foreign6 tcp $there6 443
json 'any(.[]; .reason == "foreign-source" and .address == "2603:1000:20::1" and (.audited | not))' \
	"drops has it" egret_cmd drops --json

# What NAT puts there is not of the server's choice: a service that leads to a pod of the host network.
ungoverned nft -f - <<'NFT' || skip "nft does not work here"
table ip egret_bed {
	chain services { type nat hook prerouting priority -100; ip daddr 10.9.9.9 dnat to 10.224.0.4; }
}
NFT
set_sysctl "$id-node" net.ipv4.ip_forward=1
internet ip route add 10.9.9.9 via 10.224.0.4
hostnetwork "$probe" serve tcp:8443 udp:8443 >"$work/server.log" 2>&1 &
pids+=($!)
eventually logged "$work/server.log" ^ready || die "no server: $(cat "$work/server.log")"
passes internet 10.9.9.9 tcp:8443 udp:8443 send:8443

# --- the setting ------------------------------------------------------------
from_elsewhere() { $1 "$probe" -t 50 -b $foreign6 udp-send $there6 9; }
policy_with() {
	local before
	before=$(grep -cE '(enforcing|auditing):' "$work/agent.log")
	{
		grep -v '^set ' "$work/policy.rules"
		printf 'set %s\n' "$@"
	} >"$work/policy.next"
	mv "$work/policy.next" "$work/policy.rules"
	ruled_again() { [ "$(grep -cE '(enforcing|auditing):' "$work/agent.log")" -gt "$before" ]; }
	eventually ruled_again || die "no reload: $(cat "$work/agent.log")"
}
policy_with "layers = enforce" "foreign_sources = none"
expect EPERM "none: the host" from_elsewhere node
expect EPERM "none: a pod" from_elsewhere macvlan
policy_with "layers = enforce" "foreign_sources = all"
for who in node macvlan hostnetwork; do expect "timeout|answered" "all: $who" from_elsewhere $who; done
egret_cmd drops --clear >/dev/null
policy_with "layers = audit"
expect "timeout|answered" "audit: a pod" from_elsewhere macvlan
json 'any(.[]; .reason == "foreign-source" and .audited)' "audit: drops tells" egret_cmd drops --json
finish
