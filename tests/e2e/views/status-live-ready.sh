#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What probes and alerts stand on: `status --live`, `status --ready`, and the exit code of `status`.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns www.probe.example 20.1.0.1

is() { egret_cmd status "$@"; }
live() { succeeds "live: $1" is --live; }
not_live() { fails 1 "not live: $1" is --live; }
ready() { succeeds "ready: $1" is --ready; }
not_ready() { fails 1 "not ready: $1" is --ready; }
well() { succeeds "status is content: $1" is; }
not_well() { fails 1 "status is not content: $1" is; }

not_live "no instance"
shows "no instance $instance" "it says so"
not_ready "no instance"
fails 4 "status: no such instance" is

govern <<'POLICY'
resolver 20.0.0.53
allow www.probe.example tcp:443
POLICY
live "enforcing"
ready "enforcing"
shows '^ready: ' "it says so"
expect 1 "in one line" wc -l "$work/output"
well "enforcing"
json '.live and .ready and .agent.alive and .not_ready == null' "status --json has the same facts" is --json
json '.ready' "status --ready --json: a status" is --ready --json

# What the newest file says does not rule: alive, not ready.
policy <<<'allow www.probe.example tcp:https'
is_not_ready() { ! is --ready; }
eventually is_not_ready
not_ready "the newest policy has an error"
shows 'policy\.rules:1:' "it says which"
not_well "the newest policy has an error"
live "the newest policy has an error"
json '.live and (.ready | not) and (.not_ready.text | test("policy.rules:1:"))' "status --json tells it" is --json
fails 1 "status --ready --json has the same exit code" is --ready --json
succeeds "status --live --json has the same exit code" is --live --json
fails 1 "both are asked: both must hold" is --live --ready

policy <<<'set mode = audit
resolver 20.0.0.53
allow www.probe.example tcp:443'
eventually is --ready
ready "the policy says audit, and audits"
well "the policy says audit, and audits"
json '.mode == "auditing" and .ready' "status --json: auditing" is --json

# Who stands by lives; who hangs while it stands by does not.
succeeds "detached" egret_cmd detach
live "it stands by"
not_ready "it stands by"
policy <<<'allow www.probe.example tcp:https'
is_still_live() { is --live && sleep 1 && is --live; }
succeeds "live: it stands by, and the policy has an error" is_still_live
kill -STOP "$agent"
sign=$(sed "s/^beat=.*/beat=$((($(cut -d. -f1 /proc/uptime) - 40) * 1000000000))/" "$EGRET_STATE/agent-$instance")
echo "$sign" >"$EGRET_STATE/agent-$instance" # no other file: the agent holds this one
not_live "40 s without a sign of life, standing by"
shows 'hangs: no sign of life for 4[0-9] s' "it says how long"
kill -CONT "$agent"
policy <<<'set mode = audit
resolver 20.0.0.53
allow www.probe.example tcp:443'
succeeds "attached again" egret_cmd attach
eventually is --ready
ready "attached again"

# DNS and the requirements of the policy do not make an agent less alive.
stop "$dns_pid"
live "no resolver answers"
ready "no resolver answers"

# An agent that hangs holds the instance, and gives no sign of life.
kill -STOP "$agent"
live "stopped a moment ago"
meta=/sys/fs/bpf/egret/$instance/map_meta
# As if the last sign of life was $1 seconds ago: the fifth 64-bit field of struct egret_meta.
silence() {
	local then bytes i
	then=$(($(cut -d. -f1 /proc/uptime) - $1))
	then=$((then * 1000000000))
	for i in 0 8 16 24 32 40 48 56; do printf '0x%02x ' $((then >> i & 255)); done >"$work/then"
	bytes=$(bpftool -j map lookup pinned "$meta" key 0 0 0 0 |
		jq -r --arg bytes "$(cat "$work/then")" '.value | .[:32] + [$bytes] + .[40:] | join(" ")')
	# shellcheck disable=SC2086
	bpftool map update pinned "$meta" key 0 0 0 0 value $bytes || die "the sign of life cannot be set back"
}
silence 20
live "20 s without a sign of life"
silence 130
not_live "130 s without a sign of life"
shows 'no sign of life for 1[3-9][0-9] s' "it says how long"
not_ready "the agent hangs"
not_well "the agent hangs"
shows 'PROBLEM.*no sign of life' "it is a problem"
json '.agent.alive and (.live | not) and .agent.pid == null' "status --json: hangs" is --json
kill -CONT "$agent"
back_to_life() { is --live; }
eventually back_to_life || failed "the agent that goes on gives no sign of life"
elsewhere() { unshare --pid --fork --mount-proc "$egret" status --instance "$instance" "$@"; }
succeeds "from another pid namespace: live" elsewhere --live
json '.live and .agent.pid == null' "its number is not told where another process has it" elsewhere --json
stop "$agent" KILL

# A moment after its last sign of life: who holds the instance now is not the agent whose pid that was.
start "$work/holder.log" - - flock -o -x "/sys/fs/bpf/egret/$instance" sleep 60
held() { ! flock -n -x "/sys/fs/bpf/egret/$instance" true; }
eventually held || die "the instance is not held: $(cat "$work/holder.log")"
not_live "another process holds the instance"
shows 'starts; no sign of life yet' "it says so"
json '(.live | not) and .agent.pid == null' "status --json: no pid" is --json
stop "$started" KILL
not_live "killed"
not_ready "killed"
shows 'no agent runs' "it says so"
not_well "killed"
shows 'agent +not running' "status: no agent runs"
finish
