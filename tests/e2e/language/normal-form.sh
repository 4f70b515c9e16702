#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What `check` prints is the whole policy: read again it is the same one, and prints the same again.
. "$(dirname "$0")/../lib.sh"
needs_egret
meaning='del(.findings) | .resolver_lines |= (map(del(.file, .line)) | unique | map(select(.served_by) // empty)) | del(.rules[] | .file, .line, .floor) | del(.requires[] | .file, .line)
	| .rules |= (map(. as $r | .destinations[] | $r + {destinations: [.]}) | sort)
	| (.rules[] | select(.destinations[0] | test("[a-z]") | not)).ports |= map(sub("https?"; "tcp"))'

# Of a list with names in it, an address has no name to check: its https: is tcp:.
# same WHAT FILE [ARG...]: of that policy.
same() {
	local what=$1 file=$2
	shift 2
	succeeds "$what: check" bash -c "'$egret' check $* '$file' >'$work/normal.rules' 2>'$work/err'"
	succeeds "$what: what it prints is a policy" bash -c "'$egret' check '$work/normal.rules' >'$work/again.rules' 2>>'$work/err'"
	succeeds "$what: and prints the same again" diff <(grep -v '^# The floor' "$work/normal.rules" | grep .) \
		<(grep . "$work/again.rules")
	succeeds "$what: means the same" diff <("$egret" check --json "$@" "$file" 2>/dev/null | jq -S "$meaning") \
		<("$egret" check --json "$work/normal.rules" 2>/dev/null | jq -S "$meaning")
}

policy <<'POLICY'
set where = 20.1.0.1 www.exact.example
set dns_names = policy
set on_stale_agent = floor
set stale_after = 2m
set service_ranges = 10.0.0.0/16 fd00:1::/108,10.1.0.0/16
set internal = 10.0.0.0/8
set min_ttl = 90s
set max_ttl = 2h
set existing = cut
set mode = audit
set floor = off
set layers = enforce
set unlooked = deny
set overlay = flannel.1,wg0 vxlan*
set families = netlink inet,unix packet vsock
set foreign_sources = none
resolver 20.0.0.53,20.0.0.54 *.cluster.local
resolver 20.0.0.53 20.0.0.55 in-addr.arpa served by pods
resolver system served by cgroup /system.slice/dns.service/
resolver 20.0.0.53 served by hostnetwork
resolver 20.0.0.54
resolver 20.0.0.53 served by pods
require ${where} tcp:443
require 20.1.0.1 udp:53
allow ${where} https:443 tcp:80,8000-8999 udp:53  for host  # what for
allow ${internal} any
deny *.evil.example
allow *.good.example,20.2.0.0/16 http:80 icmp for cgroup /system.slice/app.service
POLICY
same "every statement" "$work/policy.rules"
for line in 'set dns_names = policy' 'set on_stale_agent = floor' 'set stale_after = 120' \
	'set service_ranges = 10.0.0.0/16 fd00:1::/108 10.1.0.0/16' 'set internal = 10.0.0.0/8' 'set min_ttl = 90' \
	'set max_ttl = 7200' 'set existing = cut' 'set mode = audit' 'set floor = off' \
	'set layers = enforce' 'set unlooked = deny' 'set overlay = flannel.1 wg0 vxlan*' \
	'set families = unix inet netlink packet vsock' 'set foreign_sources = none' \
	'resolver  20.0.0.53  served by pods' 'resolver  20.0.0.53  served by hostnetwork' 'resolver  20.0.0.54' \
	'require  20.1.0.1,www.exact.example  tcp:443' 'require  20.1.0.1  udp:53'; do
	succeeds "it says $line" grep -xF "$line" "$work/normal.rules"
done
json '.settings.dns_names == "policy" and .settings.stale_after == "120" and .settings.service_ranges ==
	"10.0.0.0/16 fd00:1::/108 10.1.0.0/16" and .requires[0].destinations == ["20.1.0.1", "www.exact.example"]
	and .requires[0].port == "tcp:443" and .names_to_ask == ["*.cluster.local", "in-addr.arpa"]' "--json says it too" \
	"$egret" check --json "$work/policy.rules"

echo "allow 20.1.0.1 tcp:443" >"$work/policy.rules"
same "the shortest" "$work/policy.rules"
if grep -q '^set' "$work/normal.rules"; then failed "settings as usual are not written"; else passed "settings as usual are not written"; fi
for shipped in examples/aks-node examples/linux-node linux/node aks/node; do
	same "$shipped" "$root/rules/$shipped.rules" -D location=eastus -D api_server=mine.example -D registry=mine.azurecr.io \
		--rules-path "$root/rules"
done

echo "allow www.exact.example tcp:443" >"$work/policy.rules"
succeeds "names, and nobody who may be asked for them" "$egret" check "$work/policy.rules"
shows "note: no resolver is allowed.*write .resolver system" "are noted"
finish
