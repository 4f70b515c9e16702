#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `exec` that is ended while it starts leaves nothing; what a SIGKILL leaves, the next command removes.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pins=/sys/fs/bpf/egret
policy <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
traces() {
	find "$pins" -mindepth 1 2>/dev/null
	find "$cg/caller" -name 'egret-*'
}
collected() {
	"$egret" status --instance nobody
	[ -z "$(traces)" ]
}
nothing_left() {
	if [ -z "$(traces)" ]; then passed "$1: nothing is left"; else failed "$1: there is $(traces)"; fi
}
# at_stage WHAT: the start has come so far; or it is over.
at_stage() {
	until compgen -G "$1" >/dev/null || [ ! -d "/proc/$started" ]; do nap 0.002; done
}
# killed SIGNAL STAGE: its exit code is in $code.
killed() {
	rm -f "$work/exec.log"
	start "$work/exec.log" "$cg/caller" "$id-node" env --default-signal "$egret" exec \
		--policy "$work/policy.rules" -- sleep 300
	timeout 30 bash -c "$(declare -f at_stage nap); idle_pipe=$idle_pipe started=$started; at_stage '$2'" || failed "no stage $2"
	kill "-$1" "$started"
	# It may have begun to run its command, which has SIGINT to itself.
	[ "$1" = KILL ] || kill -TERM "$started"
	wait "$started" 2>/dev/null
	code=$?
}
stages=("$pins/exec-*" "$cg/caller/egret-*" "$pins/exec-*/map_config" "$pins/exec-*/link_create" "$pins/exec-*/link_egress")
for stage in "${stages[@]}"; do
	for signal in TERM HUP INT; do
		killed $signal "$stage"
		expect '129|130|143' "its exit code is the signal's" echo $code
		nothing_left "SIG$signal once there is ${stage##*/}"
	done
	killed KILL "$stage"
	# Its command, if it had begun, dies a moment after it.
	eventually collected
	nothing_left "SIGKILL once there is ${stage##*/}"
done
# What nohup(1) switched off ends nothing.
(trap '' HUP; start "$work/nohup.log" "$cg/caller" "$id-node" "$egret" exec --policy "$work/policy.rules" -- echo ran
	timeout 30 bash -c "$(declare -f at_stage nap); idle_pipe=$idle_pipe started=$started; at_stage '$pins/exec-*'"
	kill -HUP "$started"
	wait "$started")
expect ran "a signal that is ignored ends nothing" grep ran "$work/nohup.log"
finish
