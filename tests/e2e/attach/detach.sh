#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Detach leaves nothing behind: no program, map, pin, link or file.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pins() { find /sys/fs/bpf -mindepth 1 | sort; }
before=$(pins)
same_pins() {
	if [ "$(pins)" = "$before" ]; then passed "$1"; else failed "$1: there are $(pins)"; fi
}
govern <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
denied node 51.0.0.1 tcp:443
programs=$(bpftool -j cgroup show "$cg" | jq -r '.[].id')
maps=$(for id_ in $programs; do bpftool -j prog show id "$id_" | jq -r '.map_ids[]?'; done | sort -u)
expect '[1-9][0-9]*' "programs are attached" echo "$(wc -w <<<"$programs")"
expect '[1-9][0-9]*' "they use maps" echo "$(wc -w <<<"$maps")"
stop "$agent" KILL
succeeds "detach after the agent's death" egret_cmd detach
passes node 51.0.0.1 tcp:443 udp:123
expect "" "nothing is attached" bpftool cgroup show "$cg"
# The kernel frees them after a grace period.
gone() {
	local id_
	for id_ in $programs; do bpftool prog show id "$id_" && return 1; done
	for id_ in $maps; do bpftool map show id "$id_" && return 1; done
	return 0
}
if eventually gone; then passed "programs and maps are gone"; else failed "programs or maps are left"; fi
same_pins "the pins are gone"
fails 4 "a second detach finds nothing" egret_cmd detach

# While the agent runs; and --detach-on-exit.
agent_start
denied node 51.0.0.1 tcp:443
succeeds "detach under a running agent" egret_cmd detach
passes node 51.0.0.1 tcp:443
stop "$agent"
passes node 51.0.0.1 tcp:443
agent_start --detach-on-exit
denied node 51.0.0.1 tcp:443
stop "$agent" TERM
passes node 51.0.0.1 tcp:443
same_pins "the pins are gone again"
finish
