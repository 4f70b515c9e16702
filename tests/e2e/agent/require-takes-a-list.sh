#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Of a list that the policy requires one must answer; which one does not matter.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns api.exact.example 20.9.0.1 # nobody listens on tcp:4444 yet
tells() {
	if eventually logged "$work/agent.log" "$1"; then passed "$2"; else failed "$2: no \"$1\" in $(cat "$work/agent.log")"; fi
}

# A name that does not answer, an address that does: as a private API server and its public one.
govern <<'POLICY'
set api_server = api.exact.example nowhere.example 20.1.0.1,20.9.0.2
resolver 20.0.0.53
allow ${api_server} tcp:443,4444
require ${api_server} tcp:443
POLICY
denied node 51.0.0.1 tcp:443
json '.mode == "enforcing" and .problems == []' "one that answers is enough" egret_cmd status --json
stop "$agent"

# None answers: it only audits, and says of which requirement; until one does.
sed -i 's/^require.*/require ${api_server} tcp:4444/' "$work/policy.rules"
agent_start --probation 2s
tells 'auditing: .*api\.exact\.example or 3 others tcp:4444: ' "a list that does not answer is told in short"
start "$work/late.log" - "$id-inet" "$probe" serve tcp:4444
tells 'enforcing: all that is required answers' "the first of them that answers ends it"
denied node 51.0.0.1 tcp:443

policy "$work/denied.rules" <<'POLICY'
set api_server = api.exact.example 20.1.0.1
resolver 20.0.0.53
allow www.exact.example tcp:443
require ${api_server} tcp:443
POLICY
fails 2 "a list of which all is denied" "$egret" check "$work/denied.rules"
shows 'denied.rules:4.*api\.exact\.example or 1 other tcp:443.*write .allow api\.exact\.example tcp:443' "is told, with what to write"
echo "allow 20.1.0.1 tcp:443" >>"$work/denied.rules"
succeeds "a list of which one is allowed" "$egret" check "$work/denied.rules"
finish
