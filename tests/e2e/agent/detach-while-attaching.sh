#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `egret detach` at any moment of an agent's start: it never leaves half of an instance, and what was opened stays open,
# whether the agent was just attaching or not. EGRET_DETACHES says how often, EGRET_SEED repeats a run.
. "$(dirname "$0")/../lib.sh"
needs_egret
detaches=${EGRET_DETACHES:-8}
seed=${EGRET_SEED:-$((RANDOM * 32768 + RANDOM))}
RANDOM=$seed
echo "seed $seed, $detaches times"
bed_up
folder=/sys/fs/bpf/egret/$instance
policy <<'POLICY'
set layers = enforce
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY

launch() { # as if nobody had ever opened it
	rm -rf "$EGRET_STATE"
	agent_launch
}
await_pin() { # await_pin PATTERN: asks all the time
	local since=$SECONDS
	until compgen -G "$folder/$1" >/dev/null; do
		[ $((SECONDS - since)) -le 60 ] || die "nothing is pinned: $(cat "$work/agent.log")"
	done
}
stands_by() { logged "$work/agent.log" 'stays open until'; }
nothing_is_left() { [ ! -e "$folder" ] && [ -z "$(bpftool cgroup show "$cg")" ]; }

detach_at_any_moment() {
	any_nap "$attach_ms"
	agent_ready || while_attaching=$((while_attaching + 1))
	egret_cmd detach >"$work/detach.txt" 2>&1
}
# The hooks follow one another within milliseconds: the agent waits behind the first until the command is under way, too.
detach_between_hooks() {
	await_pin "link_*"
	kill -STOP "$agent"
	egret_cmd detach >"$work/detach.txt" 2>&1 &
	any_nap 20
	kill -CONT "$agent"
	wait $!
}

# How long it attaches, on this machine now.
launch
await_pin "*"
began=$(milliseconds)
eventually agent_settled || die "the agent is not ready: $(cat "$work/agent.log")"
attach_ms=$(($(milliseconds) - began + 50))
stop "$agent"
egret_cmd detach >/dev/null

while_attaching=0
for turn in $(seq "$detaches"); do
	launch
	await_pin "*"
	if [ $((turn % 2)) = 0 ]; then detach_between_hooks; else detach_at_any_moment; fi
	code=$?
	[ "$code" = 0 ] || failed "turn $turn: detach ends with $code: $(cat "$work/detach.txt")"
	eventually stands_by || failed "turn $turn: the agent does not stand by: $(cat "$work/agent.log")"
	nothing_is_left || failed "turn $turn: is left: $(ls "$folder" 2>&1) $(bpftool cgroup show "$cg")"
	stop "$agent"
done
echo "$while_attaching of $((detaches / 2)) before the agent said that it enforces"
passes node 51.0.0.1 tcp:443
succeeds "all of them left nothing" nothing_is_left
finish
