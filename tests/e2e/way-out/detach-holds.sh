#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Who opens a node by `egret detach` opens it until `egret attach`, or until the policy's text is
# another one: whatever happens to the agent, and whether one runs or not.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
logs() {
	if eventually logged "$work/agent.log" "$1"; then passed "$2"; else failed "$2: no \"$1\" in $(cat "$work/agent.log")"; fi
}
# Starts an agent that is not expected to enforce.
agent_stands() {
	rm -f "$work/agent.log"
	start "$work/agent.log" - "$id-node" "$egret" run --policy "$work/policy.rules" --cgroup "$cg" \
		--instance "$instance" "$@"
	agent=$started
	logs 'it stays open until' "${FUNCNAME[1]}: the agent stands by"
}
still_open() {
	passes node 51.0.0.1 tcp:443
	expect "" "$1: nothing is attached" bpftool cgroup show "$cg"
	if agent_alive; then passed "$1: the agent is alive"; else failed "$1: the agent ended: $(cat "$work/agent.log")"; fi
}
is_denied() { [[ $(try node 51.0.0.1 tcp:443) == EPERM* ]]; }
closed() {
	if eventually is_denied; then passed "$1"; else failed "$1: it is open; $(cat "$work/agent.log")"; fi
	denied node 51.0.0.1 udp:123
}

govern <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
denied node 51.0.0.1 tcp:443

# An agent that lives.
SUDO_USER=alice succeeds "detach under an agent that lives" egret_cmd detach
shows 'stays open until `egret attach' "it says how long"
shows 'its agent stands by' "and what the agent does"
logs "instance $instance was opened by alice at [-0-9]+ [:0-9]+ with .egret detach.; it stays open until" "the agent says who opened it"
still_open "a live agent"
expect 0 "the BPF file system is not blamed" grep -c "mount the BPF" "$work/agent.log"
fails 4 "a second detach finds it open" egret_cmd detach
shows 'open already: by alice' "and says by whom"
# What touches the policy's file is no new text.
cp "$work/policy.rules" "$work/same.rules" && mv "$work/same.rules" "$work/policy.rules"
kill -HUP "$agent"
sleep 1
still_open "the same text anew, and SIGHUP"

# Killed and started anew, as a kubelet does; and a reboot, after which there are no pins.
stop "$agent" KILL
agent_stands
still_open "a new agent"
kill -STOP "$agent"; kill -CONT "$agent"
stop "$agent" TERM
agent_stands
still_open "another one"

# Attach.
succeeds "attach" egret_cmd attach
shows 'attaches it now' "it says that an agent does"
closed "attach closes it at once"
logs '^egret: enforcing:|enforcing: instance' "the same agent enforces"
fails 4 "a second attach finds nothing" egret_cmd attach
stop "$agent" KILL
agent_again
denied node 51.0.0.1 tcp:443

# A stopped agent; opened and closed while it cannot look.
kill -STOP "$agent"
succeeds "detach under a stopped agent" egret_cmd detach
passes node 51.0.0.1 tcp:443
kill -CONT "$agent"
logs 'was opened by' "it sees that when it goes on"
still_open "a stopped agent"
succeeds "attach" egret_cmd attach
closed "it enforces again"
kill -STOP "$agent"
succeeds "detach under a stopped agent" egret_cmd detach
succeeds "and attach" egret_cmd attach
kill -CONT "$agent"
closed "what was wanted last holds"

# A dead agent, and none at all when it is attached.
stop "$agent" KILL
succeeds "detach after the agent's death" egret_cmd detach
agent_stands
still_open "after a death"
stop "$agent"
succeeds "attach without an agent" egret_cmd attach
shows 'no agent runs here' "it says that there is none"
passes node 51.0.0.1 tcp:443
agent_again
denied node 51.0.0.1 tcp:443
finish
