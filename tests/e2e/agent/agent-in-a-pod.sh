#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The agent of a DaemonSet is itself below the governed cgroup, and a pod: what the node requires is
# tried as the host, all the same, and nobody reads of these tries in `drops`.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up agent 21
dns www.exact.example 20.1.0.1
start_in_pod() {
	rm -f "$work/agent.log"
	start "$work/agent.log" "${pod_cgroup[agent]}" "$id-node" "$egret" run --policy "$work/policy.rules" \
		--cgroup "$cg" --instance "$instance" "$@"
	agent=$started
	eventually agent_settled && agent_alive || die "the agent is not ready: $(cat "$work/agent.log")"
}
problems() { egret_cmd status --json | jq -e "[.problems[].text] | join(\" \") | test(\"$1\")"; }

policy <<'POLICY'
resolver 20.0.0.53
allow www.exact.example tcp:443 for host
require www.exact.example tcp:443
POLICY
start_in_pod --probation 10m
if eventually logged "$work/agent.log" 'probation is over: all that is required answers'; then
	passed "what only the host may reach answers"
else
	failed "probation goes on: $(cat "$work/agent.log")"
fi
denied "pod agent" 20.1.0.1 tcp:443
json '.mode == "enforcing" and .probation == null and .problems == []' "nothing is wrong" egret_cmd status --json
stop "$agent"

# A policy that brings what it requires: the one that rules denies it, so it is tried afterwards.
start "$work/server.log" - "$id-inet" "$probe" serve tcp:4444
start_in_pod
cat >>"$work/policy.rules" <<'POLICY'
allow 20.9.0.1 tcp:4444 for host
require 20.9.0.1 tcp:4444
POLICY
rules_anew() { egret_cmd rules --json | jq -e 'any(.[]; .rule == "allow 20.9.0.1 tcp:4444 for host")'; }
eventually rules_anew
json 'any(.[]; .rule == "allow 20.9.0.1 tcp:4444 for host")' "a new policy is not kept out by the old one" egret_cmd rules --json

# One that does not answer then is a problem.
cat >>"$work/policy.rules" <<'POLICY'
allow 20.9.0.1 tcp:4445 for host
require 20.9.0.1 tcp:4445
POLICY
eventually problems '20.9.0.1 tcp:4445'
json '[.problems[] | select(.kind == "required").text] | join(" ") | test("20.9.0.1 tcp:4445: ")' "what does not answer is told" egret_cmd status --json
json 'all(.[]; .address != "20.9.0.1" and .address != "20.1.0.1" or (.subject // "" | test("pod")))' "drops has no row of the tries" egret_cmd drops --json
stop "$agent" KILL
start_in_pod
stop "$agent"
if [ -e "$cg/egret-trial" ]; then failed "a cgroup of a trial is left behind"; else passed "no cgroup of a trial is left behind"; fi
finish
