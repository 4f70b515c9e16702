#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A node does not stay open because somebody writes its policy's files for long: the last good policy stands in
# meanwhile, at a start of the agent and at boot, also where what is written is a file that another one uses.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
reboot() { rm -rf "/sys/fs/bpf/egret/$instance"; } # what it leaves: the state folder
good() {
	printf '%s\n' 'use more' 'allow 20.1.0.1 tcp:443' >"$work/policy.rules"
	echo 'allow 20.2.0.1 tcp:443' >"$work/more.rules"
}
good_rules() {
	denied node 51.0.0.1 tcp:443
	passes node 20.2.0.1 tcp:443
}
begin() {
	: >"$work/agent.log"
	start "$work/agent.log" - "$id-node" "$egret" run --policy "$work/policy.rules" --cgroup "$cg" --instance "$instance" 9>&-
	agent=$started
}
good
agent_start
kill_agent
for file in more policy; do
	reboot
	good
	exec 9>"$work/$file.rules"
	printf 'allow 20.2.0.1 tc' >&9
	begin
	for _ in 1 2 3; do eventually logged "$work/agent.log" 'enforcing:' && break; done
	good_rules
	stop "$agent"
	reboot
	printf 'allow 20.2.0.1 tc' >&9
	succeeds "at boot, while somebody writes $file.rules" in_cgroup - "$id-node" "$egret" run --once \
		--policy "$work/policy.rules" --cgroup "$cg" --instance "$instance" 9>&-
	good_rules
	exec 9>&-
done

# Nothing is kept: what --fallback says, and the policy as soon as it is whole.
reboot
rm -rf "$EGRET_STATE"
good
exec 9>"$work/more.rules"
echo 'allow 20.2.0.1 tcp:443' >&9
begin
for _ in 1 2 3; do eventually logged "$work/agent.log" 'auditing:' && break; done
logged "$work/agent.log" 'auditing:' || failed "the fallback: $(cat "$work/agent.log")"
exec 9>&-
eventually logged "$work/agent.log" 'enforcing:'
good_rules
json '.problems == []' "and nothing is wrong any more" egret_cmd status --json

# A policy in place of a fallback waits for its names as a first one does.
stop "$agent"
reboot
rm -rf "$EGRET_STATE"
echo 'allow nonsense' >"$work/policy.rules"
begin
for _ in 1 2 3; do eventually logged "$work/agent.log" 'auditing:' && break; done
printf '%s\n' 'resolver 192.0.2.53' 'allow www.silent.example tcp:443' >"$work/policy.rules"
if eventually logged "$work/agent.log" 'enforcing:'; then passed "names that nobody answers for"; else failed "it still waits for a name: $(cat "$work/agent.log")"; fi
finish
