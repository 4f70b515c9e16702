#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A node goes from release 0.1.0 to this one under traffic: every packet is accounted for, nothing that is denied
# gets out, and connections go on. What this version refuses leaves 0.1.0 as it was.
. "$(dirname "$0")/../lib.sh"
needs_egret
old=$("$root/tests/tools/release" 0.1.0 2>"$work/release.log")
case $? in
0) ;;
77) skip "this clone has no history that goes back to 0.1.0" ;;
*) die "release 0.1.0 does not build: $(tail -n 3 "$work/release.log")" ;;
esac
bed_up
dns www.exact.example 20.1.0.1
policy <<'POLICY'
set existing = cut
resolver 20.0.0.53
allow www.exact.example tcp:443
allow 40.0.0.0/16       any
POLICY
pins=/sys/fs/bpf/egret/$instance
new=$egret
egret=$old agent_start
json '.version == "0.1.0" and .mode == "enforcing"' "0.1.0 enforces" "$old" status --instance "$instance" --json
hold_open live "$cg/system.slice/app.service" "$id-node" 20.1.0.1 443
ledger_start allowed=40.0.0.1 denied=51.0.0.1
links() { for link in "$pins"/link_*; do stat -c %n "$link"; done; find "$pins" -printf '%p %i\n' | sort; }
fails 5 "this version does not take what 0.1.0 holds" timeout 60 "$new" run --instance "$instance" \
	--policy "$work/policy.rules" --cgroup "$cg"
stop "$agent" KILL
before=$(links)
mkdir "$cg/other"
fails 5 "nor for another cgroup" timeout 60 "$new" run --instance "$instance" --policy "$work/policy.rules" --cgroup "$cg/other"
fails 125 "nor by exec" in_cgroup - "$id-node" "$new" exec --cgroup "$cg/other" --instance "$instance" \
	--policy "$work/policy.rules" -- true
fails 3 "and its maps are not read" "$new" status --instance "$instance"
if [ "$(links)" = "$before" ]; then passed "the pins of 0.1.0 are as they were"; else failed "the pins have changed: $(links)"; fi
denied node 51.0.0.1 tcp:443

egret=$new agent_start
if logged "$work/agent.log" "another version of Egret"; then passed "it says that it takes over"; else failed "$(cat "$work/agent.log")"; fi
denied node 51.0.0.1 tcp:443
passes node 20.1.0.1 tcp:443
expect ok "the live connection goes on" hold_say live
json '.mode == "enforcing" and .attached' "this version enforces" egret_cmd status --json
ledger_end
succeeds "nothing of 0.1.0 is left" sh -c "! ls '$pins' | grep ^next_"
stop "$agent"
succeeds "detach" egret_cmd detach
succeeds "leaves nothing" test ! -e "$pins"
finish
