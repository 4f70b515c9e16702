#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What a person opened with `egret detach --all` stays open while the policy's files have errors: nothing that stands
# in for them (the last good policy, --fallback) closes it again.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
good() { policy <<<'allow 20.1.0.1 tcp:443'; }
broken() { policy <<<'allow 20.1.0.1 443'; }
other() { policy <<<'allow 20.1.0.2 tcp:443'; }
silent() { printf '%s\n' 'resolver 192.0.2.53' 'allow www.silent.example tcp:443' | policy; }
begin() {
	: >"$work/agent.log"
	start "$work/agent.log" - "$id-node" "$egret" run --policy "$work/policy.rules" --cgroup "$cg" \
		--instance "$instance" --rules-path "$root/rules" --fallback closed
	agent=$started
}
is_in_charge() { [ "$(egret_cmd status --json | jq ".agent.pid == $agent")" = true ]; }
# opens WHAT: everything is taken away, and stays away.
opens() {
	"$egret" detach --all >/dev/null || failed "detach --all"
	eventually logged "$work/agent.log" 'is open, and no mark' || eventually logged "$work/agent.log" 'is open, and no mark' ||
		failed "the agent does not say that it is open: $(cat "$work/agent.log")"
	kill -HUP "$agent"
	sleep 3
	if [ -e "/sys/fs/bpf/egret/$instance" ]; then failed "$1: it was closed again"; else passed "$1: it stays open"; fi
	passes node 51.0.0.1 tcp:443
	agent_alive || failed "the agent ended: $(cat "$work/agent.log")"
}
closes() {
	if eventually denied_now || eventually denied_now; then passed "another text of the policy closes it"; else failed "$(cat "$work/agent.log")"; fi
}
denied_now() { [[ $(try node 51.0.0.1 tcp:443) == EPERM* ]]; }

for moment in "as soon as an agent found it" "once an agent looks after it"; do
	good
	agent_start
	stop "$agent" KILL
	rm -rf "$EGRET_STATE"
	broken
	begin
	eventually logged "$work/agent.log" 'what was found in force goes on'
	[[ $moment == as* ]] || eventually is_in_charge || failed "the agent has not taken it over: $(cat "$work/agent.log")"
	opens "by a policy that nobody can read, $moment"
	[[ $moment == as* ]] && stop "$agent"
done
good
closes

succeeds "detach" egret_cmd detach
stop "$agent"
rm -f "$EGRET_STATE/policy-$instance"
broken
begin
eventually logged "$work/agent.log" 'was opened by'
opens "what was opened before the agent started"
stop "$agent"

good
agent_start
kill_agent
broken
begin
eventually logged "$work/agent.log" 'enforcing:' || failed "the last good policy stands in"
opens "the last good policy"
other
closes

# What lay there when it was opened is no reason to close it, though it has not ruled yet.
silent
sleep 2 # it is read, and its name is asked for
opens "while another policy waits for its names"
finish
