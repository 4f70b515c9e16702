#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A node's policy without a floor, or without any rule, would lock the node out: it is refused with what to
# write, and what ran before goes on. Each instance here is called `node`, in a cgroup of the test's own.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
instance=node
p=$work/policy.rules
run() { in_cgroup - "$id-node" timeout 60 "$egret" run --cgroup "$cg" --instance "$instance" --policy "$p" "$@"; }
problem() { egret_cmd status --json | jq -e "any(.problems[]; .kind == \"$1\" and (.text | test(\"$2\")))"; }
gone() { egret_cmd status --json | jq -e "all(.problems[]; .kind != \"$1\")"; }
told() {
	if eventually problem "$1" "$2"; then passed "$3"; else failed "$3: $(egret_cmd status --json | jq -c .problems)"; fi
}
# refused WHAT REASON: by run, with what to write; nothing is there afterwards.
refused() {
	fails 2 "$1" run --once
	shows "policy.rules: error: the policy has no $2.*use linux/node.*use aks/node.*set floor = off" "$1: what to write"
	if [ -e /sys/fs/bpf/egret ]; then failed "$1: $(ls -R /sys/fs/bpf/egret)"; else passed "$1: nothing was made"; fi
	passes node 51.0.0.1 tcp:443
}

: >"$p"
refused "an empty file" rule
policy <<'POLICY'
# allow 20.1.0.1 tcp:443
set min_ttl = 60s
resolver 20.0.0.53
POLICY
refused "a policy of comments and settings" rule
policy <<'POLICY'
allow 20.1.0.1 tcp:443
POLICY
refused "a policy of an application's rules" floor
cat >"$work/node.rules" <<'RULES'
# allow 20.1.0.2 tcp:443
RULES
policy <<'POLICY'
use node
allow 20.1.0.1 tcp:443
POLICY
refused "a floor that holds no rule" floor
echo "deny 51.0.0.9" >"$work/node.rules"
refused "a floor that only denies" floor
fails 2 "audit needs it too, or else the day of enforcement fails" run --once --audit
succeeds "check" "$egret" check "$p"
shows "note: no floor.*use linux/node" "check notes it"

# With a floor, and with a policy that says that it needs none.
echo "allow 20.1.0.2 tcp:443" >"$work/node.rules"
agent_start
denied node 51.0.0.1 tcp:443
json '.mode == "enforcing" and .problems == []' "a floor is enough" egret_cmd status --json
succeeds "check of a policy with one" "$egret" check "$p"
if grep -q "no floor" "$work/output"; then failed "check notes it again"; else passed "no note"; fi

# A reload that would take the floor away is refused, in three shapes; the old policy goes on.
cp "$p" "$work/good.rules"
for text in "" "allow 20.1.0.1 tcp:443" "use nothing-like-it"; do
	echo "$text" >"$p"
	told policy "" "a reload with \"$text\" is refused"
	denied node 51.0.0.1 tcp:443
	passes node 20.1.0.2 tcp:443
	cp "$work/good.rules" "$p"
	if eventually gone policy; then passed "and forgotten"; else failed "and forgotten"; fi
done
echo "set floor = off" >>"$p"
sed -i /use/d "$p"
now_denied() { [[ $(try node 20.1.0.2 tcp:443) == EPERM* ]]; }
eventually now_denied
denied node 20.1.0.2 tcp:443
passes node 20.1.0.1 tcp:443
json '.problems == []' "a policy that says so needs none" egret_cmd status --json
echo "allow 20.1.0.1 tcp:443" >"$p"
told policy "no floor" "it says so no longer"
stop "$agent"
start "$work/waits.log" - "$id-node" "$egret" run --cgroup "$cg" --instance "$instance" --policy "$p"
waits=$started
waits_for_a_better_one() { logged "$work/waits.log" '(enforcing|auditing):'; }
succeeds "a start with it waits for a better policy" eventually waits_for_a_better_one
succeeds "and what is in force goes on" test -d "/proc/$waits"
stop "$waits"
passes node 20.1.0.1 tcp:443
denied node 51.0.0.1 tcp:443 # what ruled goes on
succeeds "detach" egret_cmd detach

echo "set floor = off" >"$p"
agent_start --audit
shows_in_log() {
	if grep -qE -- "$1" "$work/agent.log"; then passed "$2"; else failed "$2: $(cat "$work/agent.log")"; fi
}
shows_in_log "warning: .*allows nothing" "no rule at all, on purpose: a warning"
stop "$agent"
succeeds "detach" egret_cmd detach

# Other instances and commands govern no node.
echo "allow 20.1.0.1 tcp:443" >"$p"
instance=other-$$
agent_start
denied node 51.0.0.1 tcp:443
stop "$agent"
succeeds "detach" egret_cmd detach
succeeds "exec" in_cgroup - "$id-node" "$egret" exec --policy "$p" -- true
finish
