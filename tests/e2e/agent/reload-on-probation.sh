#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A slip in a rules file opens no node, also not at the end of a probation: where a policy enforces, one whose
# requirement does not answer waits, and the first one rules on. Where a policy only audited, there is nothing
# to lose: the next one begins on probation at once.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns api.good.example 20.1.0.1
dns api.wrong.example 20.9.0.1
problem() { egret_cmd status --json | jq -e "[.problems[].text] | join(\" \") | test(\"$1\")"; }
# write MODE API: as an editor does, whole.
write() {
	policy <<POLICY
set mode = $1
resolver 20.0.0.53
allow $2 tcp:443 tcp:4444
require $2 tcp:4444
POLICY
}
start "$work/api.log" - "$id-inet" "$probe" serve tcp:4444
api=$started
eventually logged "$work/api.log" ^ready
write enforce api.good.example
agent_start --probation 5s
denied node 51.0.0.1 tcp:443
passes node 20.1.0.1 tcp:443

# The slip: another API server, at which nothing answers from now on.
stop "$api"
write enforce api.wrong.example
for _ in 1 2 3; do eventually problem 'api.wrong.example' && break; done
json '[.problems[] | select(.kind == "policy").text] | join(" ") | test("api.wrong.example tcp:4444")' \
	"status says what the new one waits for" egret_cmd status --json
sleep 7 # longer than the probation
json '.mode == "enforcing"' "the node enforces on" egret_cmd status --json
json 'all(.[]; .rule | test("wrong") | not)' "by the policy before" egret_cmd rules --json
denied node 51.0.0.1 tcp:443
passes node 20.1.0.1 tcp:443

# From audit to enforce: on probation, and back to audit when it does not answer.
stop "$agent"
succeeds "detach" egret_cmd detach
write audit api.wrong.example
agent_start --probation 5s
write enforce api.wrong.example
eventually logged "$work/agent.log" 'enforcing on probation until'
eventually logged "$work/agent.log" ' auditing: .*api.wrong.example'
for _ in 1 2; do eventually problem 'api.wrong.example' && break; done
json '.mode == "auditing"' "after an audit the next one is on probation, and falls back to audit" egret_cmd status --json
finish
