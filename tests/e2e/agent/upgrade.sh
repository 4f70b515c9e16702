#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What another version left, or somebody else may have written to, is replaced side by side:
# never read, and never with a gap.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
bpftool=$(command -v bpftool /usr/sbin/bpftool | head -n 1)
[ -n "$bpftool" ] || skip "no bpftool"
dns www.exact.example 20.1.0.1
start "$work/server.log" "$cg/system.slice/server.service" "$id-node" "$probe" serve tcp:8080 udp:8080
govern <<'POLICY'
set existing = cut
resolver 20.0.0.53
allow www.exact.example tcp:443
allow 20.2.0.1          udp:9000
POLICY
pins=/sys/fs/bpf/egret/$instance
hold_open live "$cg/system.slice/app.service" "$id-node" 20.1.0.1 443

# Somebody tries without end, from sockets old and new, while the versions change.
cat >"$work/try.sh" <<TRY
while :; do
	"$probe" -t 50 udp-send 20.2.0.2 9000
	"$probe" -t 50 tcp 51.0.0.1 443
	"$probe" -t 500 udp-send 20.2.0.1 9000
done
TRY
start "$work/try.log" "$cg/system.slice/app.service" "$id-node" bash "$work/try.sh"

# replaced WHAT: the instance was made anew, and nobody noticed.
replaced() {
	agent_start
	shows_in_log "$1" "told: $1"
	denied node 51.0.0.1 tcp:443
	passes node 20.1.0.1 tcp:443
	passes node 20.2.0.1 udp:9000
	expect ok "the live connection goes on" hold_say live
	expect answered "inbound is served" internet "$probe" tcp-echo 10.224.0.4 8080
	json '.mode == "enforcing" and .attached' "status" egret_cmd status --json
	succeeds "nothing of it is left" bash -c "! ls '$pins' | grep -E '^next_|foreign'"
}
shows_in_log() {
	if grep -qE -- "$1" "$work/agent.log"; then passed "$2"; else failed "$2: $(cat "$work/agent.log")"; fi
}

stop "$agent" KILL
rm "$pins/map_meta"
"$bpftool" map create "$pins/map_meta" type array key 4 value 512 entries 1 name meta
"$bpftool" map create "$pins/map_foreign" type hash key 4 value 4 entries 1 name foreign
fails "3|4|1" "other commands do not read it" egret_cmd status
replaced "another version of Egret: its programs are replaced side by side"
fails 1 "explain answers" egret_cmd explain 51.0.0.1 tcp:443

stop "$agent" KILL
rm "$pins/map_existing"
"$bpftool" map create "$pins/map_existing" type hash key 4 value 4 entries 1 name existing
touch "$work/policy.rules"
replaced "map existing of instance .* is not what this version"

stop "$agent" KILL
chown 65534 "$pins" "$pins/link_egress"
replaced "belonged to uid 65534"
expect 0 "the folder is root's" stat -c %u "$pins"
expect 0 "and so is the link" stat -c %u "$pins/link_egress"

# A second agent says who is there.
fails 5 "a second agent" in_cgroup - "$id-node" "$egret" run --policy "$work/policy.rules" --cgroup "$cg" --instance "$instance"
shows "held by the agent with pid $agent" "it says who holds the instance"

nothing_arrived "20\.2\.0\.2|51\.0\.0\.1"
if grep -A2 EPERM "$work/try.log" | grep -q answered; then passed "the allowed one was answered"; else failed "$(tail "$work/try.log")"; fi
succeeds "detach" egret_cmd detach
succeeds "leaves nothing" test ! -e "$pins"
finish
