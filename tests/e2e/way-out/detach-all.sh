#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `egret detach --all` leaves nothing, whoever is alive; the state folder is used only where it is safe.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
logs() {
	if eventually logged "$work/agent.log" "$1"; then passed "$2"; else failed "$2: no \"$1\" in $(cat "$work/agent.log")"; fi
}
pins() { find /sys/fs/bpf -mindepth 1 | sort | tr '\n' ,; }
before=$(pins)
nothing_left() {
	expect "$before" "$1: no pin" pins
	if [ -e "$EGRET_STATE" ]; then failed "$1: there is $(find "$EGRET_STATE")"; else passed "$1: no file"; fi
	expect "" "$1: nothing is attached" bpftool cgroup show "$cg"
	passes node 51.0.0.1 tcp:443
}
all() { "$egret" detach --all "$@"; }
govern <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
succeeds "--all under an agent that lives" all
shows 'anew attaches again' "it says what happens to the agent"
nothing_left "a live agent"
logs 'no mark in' "the agent stands by"
sleep 1
nothing_left "after a while"
if agent_alive; then passed "it is alive"; else failed "the agent ended: $(cat "$work/agent.log")"; fi
stop "$agent" TERM
nothing_left "after its end"
agent_again
denied node 51.0.0.1 tcp:443
stop "$agent" KILL
succeeds "--all after its death" all
nothing_left "a dead agent"
agent_again
succeeds "a mark" egret_cmd detach
logs 'stays open until' "the agent stands by"
succeeds "--all of what is open" all
sleep 1
nothing_left "what was open"
stop "$agent" TERM
succeeds "--all where nothing is" all
shows 'nothing of Egret is left' "it says so"

# A command of exec that runs is never freed.
start "$work/exec.log" "$cg/exec" "$id-node" "$egret" exec --policy "$work/policy.rules" -- \
	"$probe" -t 60000 serve tcp:7777
eventually logged "$work/exec.log" ready || die "exec does not start: $(cat "$work/exec.log")"
succeeds "--all beside an exec" all
shows 'still runs' "it is told"
expect '[1-9][0-9]*' "it is governed on" sh -c "ls /sys/fs/bpf/egret/*/link_egress | wc -l"
stop "$started" TERM

# Where the folder cannot be used, all goes on, and is told.
for mode in 0777 link; do
	rm -rf "$EGRET_STATE" "$work/elsewhere"
	if [ $mode = link ]; then mkdir -m 700 "$work/elsewhere" && ln -s "$work/elsewhere" "$EGRET_STATE"; else mkdir -m $mode "$EGRET_STATE"; fi
	agent_again
	denied node 51.0.0.1 tcp:443
	json 'any(.problems[]; .kind == "state" and (.text | test("state folder .* is not used")))' "$mode: status tells" egret_cmd status --json
	succeeds "$mode: detach without a mark" egret_cmd detach
	shows 'no mark could be left' "$mode: it says so"
	logs 'no mark in' "$mode: the agent stands by all the same"
	expect "" "$mode: nothing was written there" find "$EGRET_STATE/" -mindepth 1
	stop "$agent" TERM
done
fails 2 "a path that is none" "$egret" detach --state relative
finish
