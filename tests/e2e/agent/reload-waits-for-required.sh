#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A policy takes the place of one that rules only when it has no error and what it requires answers.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns www.exact.example 20.1.0.1
problem() { egret_cmd status --json | jq -e "[.problems[].text] | join(\" \") | test(\"$1\")"; }
policy <<'POLICY'
resolver 20.0.0.53
allow www.exact.example tcp:443
require www.exact.example tcp:443
allow 20.9.0.1 tcp:4444
POLICY
agent_start
# A reload that is wrong is seen in status, until it is mended.
echo "allow 20.1.0.1/8 tcp:443" >>"$work/policy.rules"
eventually problem 'policy.rules:5:7'
json '[.problems[].text] | join(" ") | test("policy.rules:5:7: ") and test("20.0.0.0/8")' "an error is shown with its line" egret_cmd status --json
sed -i '$d' "$work/policy.rules"
eventually problem '^$'
json '.problems == []' "and goes" egret_cmd status --json

# The policy that rules goes on, until what the new one requires answers.
{
	cat "$work/policy.rules"
	echo "allow 20.9.0.1 tcp:4445"
	echo "require 20.9.0.1 tcp:4445"
} | policy
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
finish
