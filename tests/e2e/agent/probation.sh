#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Nobody locks themselves out by surprise: what a policy requires must answer before it
# enforces, or else it only audits, says why, and tries again. And what a policy may want of
# a node whose agent is gone.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns www.exact.example 20.1.0.1
run() { in_cgroup - "$id-node" timeout 60 "$egret" run --cgroup "$cg" --instance "$instance" "$@"; }
logs() {
	if eventually logged "$work/agent.log" "$1"; then passed "$2"; else failed "$2: no \"$1\" in $(cat "$work/agent.log")"; fi
}

policy <<'POLICY'
resolver 20.0.0.53
require www.exact.example tcp:443
POLICY
fails 2 "what is required must be allowed" run --policy "$work/policy.rules"
shows 'policy\.rules:2.*requires www\.exact\.example tcp:443, and denies it to the host; write `allow www' "with its line and the remedy"

policy <<'POLICY'
resolver 20.0.0.53
allow www.exact.example tcp:443
require www.exact.example tcp:443
allow 20.9.0.1 tcp:4444
require 20.9.0.1 tcp:4444
POLICY
fails 3 "what is required does not answer" run --policy "$work/policy.rules"
shows '20\.9\.0\.1 tcp:4444: (Connection refused|no answer)' "it says which"
passes node 51.0.0.1 tcp:443 # nothing was attached

# On probation it enforces, and goes back to audit when the time is over.
agent_start --probation 3s
denied node 51.0.0.1 tcp:443
logs 'auditing: .*20\.9\.0\.1 tcp:4444' "after the time it only audits, and says why"
passes node 51.0.0.1 tcp:443
json '.mode == "auditing" and ([.problems[].text] | join(" ") | test("20.9.0.1 tcp:4444"))' "status --json tells" egret_cmd status --json
fails 1 "status" egret_cmd status
shows 'PROBLEM .*20\.9\.0\.1 tcp:4444' "status tells"
start "$work/late.log" - "$id-inet" "$probe" serve tcp:4444
logs 'enforcing: all that is required answers' "it enforces when it answers"
denied node 51.0.0.1 tcp:443
json '.mode == "enforcing" and .problems == []' "status --json tells" egret_cmd status --json

# A reload that is wrong is seen in status, until it is mended.
echo "allow 20.1.0.1/8 tcp:443" >>"$work/policy.rules"
problem() { egret_cmd status --json | jq -e "[.problems[].text] | join(\" \") | test(\"$1\")"; }
eventually problem 'policy.rules:6:7'
json '[.problems[].text] | join(" ") | test("policy.rules:6:7: ") and test("20.0.0.0/8")' "an error is shown with its line" egret_cmd status --json
sed -i '$d' "$work/policy.rules"
eventually problem '^$'
json '.problems == []' "and goes" egret_cmd status --json
stop "$agent"
succeeds "detach" egret_cmd detach

# Without probation the policy that rules goes on, until what the new one requires answers.
agent_start
{
	cat "$work/policy.rules"
	echo "allow 20.9.0.1 tcp:4445"
	echo "require 20.9.0.1 tcp:4445"
} | policy "$work/next.rules"
mv "$work/next.rules" "$work/policy.rules"
for _ in 1 2 3; do eventually problem '20.9.0.1 tcp:4445' && break; done
json '[.problems[].text] | join(" ") | test("20.9.0.1 tcp:4445")' "what a reload waits for" egret_cmd status --json
json 'all(.[]; .rule != "allow 20.9.0.1 tcp:4445")' "it does not rule" egret_cmd rules --json
denied node 51.0.0.1 tcp:443
start "$work/later.log" - "$id-inet" "$probe" serve tcp:4445
rules_anew() { egret_cmd rules --json | jq -e 'any(.[]; .rule == "allow 20.9.0.1 tcp:4445")'; }
for _ in 1 2 3 4; do eventually rules_anew && break; done
json 'any(.[]; .rule == "allow 20.9.0.1 tcp:4445")' "it rules when that answers, without another change" egret_cmd rules --json
json '.problems == []' "and nothing is wrong any more" egret_cmd status --json
stop "$agent"
succeeds "detach" egret_cmd detach

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
