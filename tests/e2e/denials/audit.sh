#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Audit counts what would be denied, and lets it pass.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
policy <<'POLICY'
set mode = audit
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
deny  51.0.0.2
POLICY
agent_start
logged "$work/agent.log" auditing: && passed "it says that it audits" || failed "it does not say that it audits"
passes node 20.1.0.1 tcp:443
passes node 51.0.0.1 tcp:443 udp:123 send:123 icmp
passes node 51.0.0.2 tcp:443
passes node 2603:1000:51::1 tcp:443 udp:123
succeeds "status works" egret_cmd status
shows audit "status says that it audits"
succeeds "drops works" egret_cmd drops -o wide
shows '51\.0\.0\.1.*443' "drops shows what would have been denied"
shows 51.0.0.2 "drops shows what a deny rule would have denied"
fails 1 "explain of a row" egret_cmd explain "$(egret_cmd drops --json | jq 'map(select(.address == "51.0.0.2"))[0].number')"
shows '^now: would still be denied: deny-rule \(only audited: passes\)' "says that it passes now"
succeeds "it is taken down" egret_cmd detach
stop "$agent"

# The flag wins over the file; enforcing denies the same.
policy <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
agent_start --audit
passes node 51.0.0.1 tcp:443
succeeds "it is taken down again" egret_cmd detach
stop "$agent"
agent_start
denied node 51.0.0.1 tcp:443
finish
