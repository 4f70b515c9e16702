#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `egret run --once`, the unit of nodes with the DaemonSet: attaches what has ruled here before and ends; the agent takes
# over. Whoever comes second changes nothing, and nobody is started again and again.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns www.once.example 20.1.0.1
policy <<'POLICY'
resolver 20.0.0.53
allow www.once.example tcp:443
allow 20.2.0.1         tcp:443
POLICY

# once [ARG...]: as the unit does.
once() {
	in_cgroup - "$id-node" "$egret" run --once --policy "$work/policy.rules" --cgroup "$cg" --instance "$instance" "$@"
}
# What a reboot leaves: the state folder.
reboot() { rm -rf "/sys/fs/bpf/egret/$instance"; }
links() { for link in "/sys/fs/bpf/egret/$instance"/link_*; do bpftool -j link show pinned "$link" | jq .id; done; }

succeeds "the first time it ends with 0" once
shows 'only audits' "and says that it only audits"
passes node 51.0.0.1 tcp:443
json '.mode == "auditing" and (.agent.alive | not)' "what is attached audits, without an agent" egret_cmd status --json

# The agent of the DaemonSet takes over, and has the policy rule.
agent_start
denied node 51.0.0.1 tcp:443
passes node 20.1.0.1 tcp:443
before=$(links)
succeeds "beside an agent it ends with 0" once
shows 'an agent lives' "and says why"
succeeds "no link is another one" test "$before" = "$(links)"
agent_alive && passed "the agent goes on" || failed "the agent ended: $(cat "$work/agent.log")"
kill -STOP "$agent"
succeeds "beside an agent that hangs it ends with 0" once
kill -CONT "$agent"

# What is attached without an agent is better than what could be attached now.
stop "$agent" KILL
echo 'allow 20.3.0.1 tcp:443' >>"$work/policy.rules"
succeeds "beside what is attached it ends with 0" once
shows 'attached already' "and says why"
denied node 51.0.0.1 tcp:443
denied node 20.3.0.1 tcp:443
sed -i '$d' "$work/policy.rules"

reboot
passes node 51.0.0.1 tcp:443
succeeds "after a reboot, of what has ruled" once
json '.mode == "enforcing" and (.agent.alive | not)' "it enforces, and is proved" egret_cmd status --json
denied node 51.0.0.1 tcp:443
passes node 20.1.0.1 tcp:443
agent_start
denied node 51.0.0.1 tcp:443
json '.mode == "enforcing" and .agent.alive' "the agent takes over" egret_cmd status --json
stop "$agent" TERM

# Another text has not ruled yet.
reboot
echo 'allow 20.3.0.1 tcp:443' >>"$work/policy.rules"
succeeds "of another text" once
passes node 51.0.0.1 tcp:443
json '.mode == "auditing"' "it audits" egret_cmd status --json

# A person opened it.
reboot
sed -i '$d' "$work/policy.rules"
agent_start
succeeds "detach" egret_cmd detach
stop "$agent" KILL
succeeds "where a person opened it, it ends with 0" once
shows 'a person opened it' "and says why"
passes node 51.0.0.1 tcp:443
succeeds "attach" egret_cmd attach
succeeds "closed again by a person" once
denied node 51.0.0.1 tcp:443

# Before the network: names are learned when somebody asks for them.
reboot
stop "$dns_pid"
succeeds "without a resolver" once
denied node 51.0.0.1 tcp:443

reboot
policy <<<'set mode = off'
succeeds "a policy that is off" once
passes node 51.0.0.1 tcp:443
policy <<<'allow nonsense'
fails 2 "a policy with an error" once
passes node 51.0.0.1 tcp:443
fails 2 "once, and open at the end" once --detach-on-exit
finish
