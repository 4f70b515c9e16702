#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What a policy may want of a node whose agent is gone.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns www.exact.example 20.1.0.1
# No agent for longer than the policy wants: only the floor passes.
cat >"$work/node.rules" <<'RULES'
allow 20.1.0.2 tcp:443
RULES
policy <<'POLICY'
use node
set on_stale_agent = floor
set stale_after = 30s
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
agent_start
start "$work/server.log" "$cg/system.slice/server.service" "$id-node" "$probe" serve tcp:8080 udp:8080
hold_open live "$cg/system.slice/app.service" "$id-node" 20.1.0.1 443
passes node 20.1.0.1 tcp:443
stop "$agent" KILL
expect ok "for a while all goes on" hold_say live
is_stale() { [[ $(try node 20.1.0.1 tcp:443) == EPERM* ]]; }
for _ in 1 2 3 4 5 6; do eventually is_stale && break; done
denied node 20.1.0.1 tcp:443
json 'any(.[]; .reason == "stale-agent" and .address == "20.1.0.1")' "drops says why" egret_cmd drops --json
passes node 20.1.0.2 tcp:443
expect 20.1.0.1 "DNS is of the floor" node dig +short +time=3 +tries=1 @20.0.0.53 www.exact.example
expect answered "inbound is served" internet "$probe" tcp-echo 10.224.0.4 8080
agent_start
passes node 20.1.0.1 tcp:443
expect ok "the live connection goes on, too" hold_say live
finish
