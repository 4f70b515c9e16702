#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the kubelet is connected to when a policy begins to rule is required, whether a `require` line
# says so or not: a policy of the wrong region leaves the connection alone, and locks the node out
# when it ends.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
kubelet=$cg/system.slice/kubelet.service
mkdir -p "$cg/kubepods.slice" # else status misses the pods of the kubelet
tells() {
	if eventually logged "$work/agent.log" "$1"; then passed "$2"; else failed "$2: no \"$1\" in $(cat "$work/agent.log")"; fi
}
problem() { egret_cmd status --json | jq -e "[.problems[].text] | join(\" \") | test(\"$1\")"; }
start "$work/local.log" "$cg/system.slice/local.service" "$id-node" "$probe" serve tcp:8443
hold_open apiserver "$kubelet" "$id-node" 51.1.1.1 443
hold_open local "$kubelet" "$id-node" 10.224.0.4 8443
hold_open lo "$kubelet" "$id-node" 127.0.0.1 8443
# Anybody may call a cgroup of his own so.
hold_open user "$cg/user.slice/user-1000.slice/user@1000.service/app.slice/kubelet.service" "$id-node" 51.9.9.8 443
hold_open container "$cg/system.slice/docker-1.scope/kubelet.service" "$id-node" 51.9.9.7 443
hold_open other "$cg/system.slice/app.service" "$id-node" 51.9.9.9 443

# On probation it goes back to audit, although nothing else is required.
policy <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
agent_start --probation 8s
tells 'enforcing on probation until [0-9:]{8}; not yet: the kubelet is connected to 51\.1\.1\.1:443, which no rule allows$' "the log says what is not allowed, and nothing else"
json '.probation.waiting_text | test("the kubelet is connected to 51.1.1.1:443")' "status too" egret_cmd status --json
denied node 51.0.0.1 tcp:443
eventually logged "$work/agent.log" ' auditing: '
tells 'auditing: .*the kubelet is connected to 51\.1\.1\.1:443' "it goes back to audit"
json '.mode == "auditing" and (.problems | map(select(.kind == "required")) | length == 1)' "with a problem" egret_cmd status --json

# Mended: it enforces, and the probation ends since something was required.
echo "allow 51.1.1.1 https:443 for host" >>"$work/policy.rules"
tells 'enforcing: instance.*3 rules' "a rule for it"
denied node 51.0.0.1 tcp:443
json '.problems == []' "is all that was missing" egret_cmd status --json

# Without probation a policy that takes the rule away does not rule before the connection ends.
stop "$agent"
agent_start
json '.problems == []' "a start without probation" egret_cmd status --json
sed -i '$d' "$work/policy.rules"
eventually problem '51.1.1.1:443'
eventually problem '51.1.1.1:443'
json '[.problems[].text] | join(" ") | test("the kubelet is connected to 51.1.1.1:443, which no rule allows")' "a policy without the rule is told" egret_cmd status --json
json 'any(.[]; .rule | test("51.1.1.1"))' "and does not rule" egret_cmd rules --json
stop "$agent"

# A start is never refused.
succeeds "detach" egret_cmd detach
agent_start
eventually problem '51.1.1.1:443'
json '.mode == "enforcing" and ([.problems[] | select(.kind == "required").text] | join(" ") | test("51.1.1.1:443"))' "a first policy rules, with a problem" egret_cmd status --json
expect ok "and the connection goes on" hold_say apiserver
finish
