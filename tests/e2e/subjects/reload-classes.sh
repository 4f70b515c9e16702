#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A reload that names other cgroups, or in another order: each has its own rights under either policy,
# and at no moment those of another.
. "$(dirname "$0")/../lib.sh"
needs_egret
reloads=$((${EGRET_RELOADS:-30} / 2))
bed_up
any="tcp:7000 udp:7000"
app=/$id/system.slice/app.service
# The agent takes a moment to find a new cgroup; that is not what is tried here.
mkdir -p "$cg/other.service" "$cg/system.slice/app.service"
other() { in_cgroup "$cg/other.service" "$id-node" "$@"; }
policy "$work/a.rules" <<POLICY
allow 20.8.0.1  $any tcp:443 for cgroup $app
POLICY
policy "$work/b.rules" <<POLICY
allow 20.8.1.1  $any tcp:443 for cgroup /$id/other.service
allow 20.8.0.1  $any tcp:443 for cgroup $app
POLICY
policy "$work/c.rules" <<POLICY
allow 20.8.1.1  $any tcp:443 for cgroup /$id/other.service
POLICY

reload_to() {
	local done_before
	done_before=$(grep -c enforcing: "$work/agent.log")
	cp "$work/$1.rules" "$work/next.rules"
	mv "$work/next.rules" "$work/policy.rules"
	kill -HUP "$agent"
	eventually enforced_more_than "$done_before" || die "no reload: $(cat "$work/agent.log")"
}

enforced_more_than() {
	[ "$(grep -c enforcing: "$work/agent.log")" -gt "$1" ]
}

cp "$work/a.rules" "$work/policy.rules"
agent_start
ledger_start allowed=20.8.0.1 denied=20.8.1.1
names=(a b)
for turn in $(seq "$reloads"); do
	reload_to "${names[turn % 2]}"
done
ledger_end
reload_to a
denied other 20.8.0.1 tcp:443
denied other 20.8.1.1 tcp:443
passes node 20.8.0.1 tcp:443
reload_to b
passes other 20.8.1.1 tcp:443
denied other 20.8.0.1 tcp:443
passes node 20.8.0.1 tcp:443
denied node 20.8.1.1 tcp:443
reload_to a
reload_to c
denied node 20.8.0.1 tcp:443
denied node 20.8.1.1 tcp:443
passes other 20.8.1.1 tcp:443
# A new agent does not remember either what the old one wrote.
stop "$agent"
agent_start
denied node 20.8.1.1 tcp:443
finish
