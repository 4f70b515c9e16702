#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Policies that follow each other while a connection is silent: what it was allowed under one of them
# is no leave under the next but one, nor under a rule that went and came back.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../talk.sh"
needs_egret
bed_up
dns back.example 20.1.0.7
dns stays.example 20.1.0.9
app=$cg/system.slice/app.service
loads() { grep -c '^egret: enforcing' "$work/agent.log"; }
loaded() { [ "$(loads)" -gt "$1" ]; }
# rules LINE...: they rule when this returns.
rules() {
	local before
	before=$(loads)
	printf '%s\n' "resolver 20.0.0.53" "allow stays.example tcp:443" "$@" >"$work/next.rules"
	mv "$work/next.rules" "$work/policy.rules"
	eventually loaded "$before" || failed "no reload: $(cat "$work/agent.log")"
}
govern <<'POLICY'
resolver 20.0.0.53
allow stays.example tcp:443
allow back.example  tcp:443
allow 51.0.0.1      tcp:443
allow 51.0.0.2      udp:7000
POLICY
hold_open gone "$app" "$id-node" 51.0.0.1 443
hold_open back "$app" "$id-node" 20.1.0.7 443
hold_open stays "$app" "$id-node" 20.1.0.9 443
for hold in gone back stays; do expect ok "all may speak: $hold" hold_say $hold; done
talk_open asks "$app" "$id-node" 4 5300
expect sent "and a datagram may leave" talk asks send 51.0.0.2 7000

# Two policies, and nothing was said under the first: the second has the place of the one before it.
dns back.example 20.1.0.8
dns stays.example 20.1.0.10
rules
rules "allow back.example  tcp:443"
expect "timeout|EPERM" "what the policy before the last allowed is over" hold_say gone
expect "timeout|EPERM" "a rule that went is another one when it comes back" hold_say back
expect ok "a rule that stayed all the time goes on, at an address that went" hold_say stays

# An answer that comes in after the denial opens nothing.
expect EPERM "the datagram is denied" talk asks send 51.0.0.2 7000
heard=$(heard_times asks 51.0.0.2)
internet "$probe" -t 200 -b 51.0.0.2 -p 7000 udp-send 10.224.0.4 5300 >/dev/null
eventually heard_more asks 51.0.0.2 "$heard" || failed "no answer came in: $(cat "$work/asks.talk")"
expect EPERM "and still is when its peer has spoken" talk asks send 51.0.0.2 7000
finish
