#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Nobody locks themselves out by surprise: what a policy requires is tried as soon as it rules.
# Without probation status tells what does not answer; on probation the policy goes back to audit.
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
fails 2 "what is required must be allowed" run --once --policy "$work/policy.rules"
shows 'policy\.rules:2.*requires www\.exact\.example tcp:443, and denies it to the host; write `allow www' "with its line and the remedy"

policy <<'POLICY'
resolver 20.0.0.53
allow www.exact.example tcp:443
require www.exact.example tcp:443
allow 20.9.0.1 tcp:4444
require 20.9.0.1 tcp:4444
POLICY
# It never keeps a first policy from being attached.
agent_start
denied node 51.0.0.1 tcp:443
problem() { egret_cmd status --json | jq -e "[.problems[].text] | join(\" \") | test(\"$1\")"; }
eventually problem '20.9.0.1 tcp:4444'
json '.mode == "enforcing" and ([.problems[] | select(.kind == "required").text] | join(" ") | test("20.9.0.1 tcp:4444: "))' "what does not answer is a problem" egret_cmd status --json
logs 'PROBLEM: .*20\.9\.0\.1 tcp:4444' "the log tells, too"
start "$work/first.log" - "$id-inet" "$probe" serve tcp:4444
eventually problem '^$'
json '.mode == "enforcing" and .problems == []' "which goes when it answers" egret_cmd status --json
stop "$started"
stop "$agent"
succeeds "detach" egret_cmd detach

# On probation it enforces, and goes back to audit when the time is over.
agent_start --probation 10s
denied node 51.0.0.1 tcp:443
logs 'enforcing on probation until [0-9:]{8}; not yet: .*20\.9\.0\.1 tcp:4444' "the log says until when, and what does not answer yet"
succeeds "status" egret_cmd status
shows 'enforcing on probation until [0-9]{2}:[0-9]{2}:[0-9]{2}$' "status says until when"
shows '^waiting .*20\.9\.0\.1 tcp:4444' "and what does not answer yet"
fails 1 "not ready while what is required does not answer" egret_cmd status --ready
shows 'not ready: .*20\.9\.0\.1 tcp:4444' "and says what"
eventually logged "$work/agent.log" ' auditing: '
logs 'auditing: .*20\.9\.0\.1 tcp:4444' "after the time it only audits, and says why"
passes node 51.0.0.1 tcp:443
json '.mode == "auditing" and ([.problems[].text] | join(" ") | test("20.9.0.1 tcp:4444"))' "status --json tells" egret_cmd status --json
fails 1 "status" egret_cmd status
shows 'PROBLEM .*20\.9\.0\.1 tcp:4444' "status tells"
start "$work/late.log" - "$id-inet" "$probe" serve tcp:4444
logs 'enforcing: all that is required answers' "it enforces when it answers"
denied node 51.0.0.1 tcp:443
json '.mode == "enforcing" and .problems == []' "status --json tells" egret_cmd status --json
finish
