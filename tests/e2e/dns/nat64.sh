#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# NAT64 (RFC 6052): what lies below the prefix is judged by its own address and by the IPv4 address in it, first every
# deny, then what allows either; learned, resolved and literal alike. Special, internal and private is the IPv4 address.
# Reports: NousResearch/hermes-agent#38048, #38071, langflow-ai/langflow#14174, PrefectHQ/fastmcp#4400,
# firezone/firezone#5483.
. "$(dirname "$0")/../lib.sh"
needs_egret
internet_ports="tcp:443 tcp:9000 udp:9000"
bed_up
internet ip -6 route add local 64:ff9b::/96 dev lo
dns public.wild.example 64:ff9b::1401:1
dns meta.wild.example 64:ff9b::a9fe:a9fe
dns inner.wild.example 64:ff9b::a00:1
dns vault.private.example 64:ff9b::a00:2
dns exact.example 64:ff9b::1401:2
dns v4.wild.example 20.1.0.3
dns inside.wild.example 64:ff9b::1409:1
ask() { node dig +short +time=3 +tries=1 @2603:1000::53 "$1" A "$1" AAAA >/dev/null; }
govern <<-POLICY
	resolver 2603:1000::53
	set internal = 20.9.0.0/16
	allow *.wild.example     tcp:443
	allow *.private.example  tcp:443 private
	allow exact.example      tcp:443
	allow 20.2.0.0/16        tcp:443 udp:9000
	allow 64:ff9b::20.3.0.1  tcp:443
	deny  20.2.0.9
	deny  64:ff9b::20.2.0.8
POLICY
for name in public meta inner v4 inside; do ask $name.wild.example; done
ask vault.private.example
passes node 64:ff9b::20.1.0.1 tcp:443 # learned by a pattern
passes node 64:ff9b::20.1.0.2 tcp:443 # resolved by the agent
passes node 64:ff9b::20.1.0.3 tcp:443 # learned as the IPv4 address
denied node 64:ff9b::20.1.0.1 tcp:9000
denied node 64:ff9b::169.254.169.254 tcp:443
denied node 64:ff9b::10.0.0.1 tcp:443
passes node 64:ff9b::10.0.0.2 tcp:443 # of a rule that says `private`
denied node 64:ff9b::20.9.0.1 tcp:443 # inside `internal`
passes node 64:ff9b::20.2.0.1 tcp:443 udp:9000 send:9000 # a rule for the IPv4 network
passes node 64:ff9b::20.3.0.1 tcp:443                    # a rule for the address itself
denied node 20.3.0.1 tcp:443                             # which is none for the IPv4 address
denied node 64:ff9b::20.2.0.9 tcp:443 udp:9000 send:9000
denied node 64:ff9b::20.2.0.8 tcp:443
passes node 20.2.0.8 tcp:443
denied node 2001:db8:64::20.2.0.1 tcp:443 # another prefix
succeeds "explain" egret_cmd explain 64:ff9b::20.2.0.1 tcp:443
shows "behind NAT64 it is 20.2.0.1" "explain says which IPv4 address is in it"
shows "allow 20.2.0.0/16" "and by which rule it passes"
succeeds "drops" egret_cmd drops -o wide
shows "64:ff9b::a00:1 is 10.0.0.1 behind NAT64, a private address" "drops says what the address is for"
echo "allow 64:ff9b::/96 tcp:443" >"$work/wide.rules"
succeeds "a rule for the prefix is taken" "$egret" check "$work/wide.rules"
shows "opens all of IPv4" "and told"
echo "set nat64 = 64:ff9b::/64" >"$work/short.rules"
fails 2 "a prefix of another length" "$egret" check "$work/short.rules"
shows "prefix of 96 bits" "and what is right is told"

# A network's own prefix takes the place of the well-known one.
sed -i '1i set nat64 = 2001:db8:64::/96' "$work/policy.rules"
own_prefix_holds() { node "$probe" tcp 2001:db8:64::20.2.0.1 443 | grep -q connected; }
eventually own_prefix_holds || failed "no reload: $(cat "$work/agent.log")"
denied node 64:ff9b::20.2.0.1 tcp:443
finish
