#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Back to an earlier version, whose agent makes all anew: nothing that is denied gets out meanwhile, and what has an
# address of its own or a name that the agent resolves goes on. Then forward again. `make test-long` goes back to the
# last layout, too.
. "$(dirname "$0")/../lib.sh"
needs_egret
new=$egret
releases=${EGRET_ROLLBACKS:-0.1.0}
declare -A old
for release in $releases; do
	old[$release]=$("$root/tests/tools/release" "$release" 2>"$work/release.log")
	case $? in
	0) ;;
	77) skip "this clone has no history that goes back to $release" ;;
	*) die "release $release does not build: $(tail -n 3 "$work/release.log")" ;;
	esac
done
bed_up
dns www.exact.example 20.1.0.1
dns known.wild.example 20.3.0.1
policy <<'POLICY'
resolver 20.0.0.53
allow www.exact.example tcp:443 tcp:7000 udp:7000
allow *.wild.example    tcp:443
allow 40.0.0.0/16       any
POLICY
pins=/sys/fs/bpf/egret/$instance
ask() { node dig +short +time=3 +tries=2 @$resolver "$1" A; }

for release in $releases; do
	egret=$new agent_start
	hold_open "live-$release" "$cg/system.slice/app.service" "$id-node" 20.1.0.1 443
	ledger_start allowed=40.0.0.1 denied=51.0.0.1
	stop "$agent" KILL
	egret=${old[$release]} agent_start
	denied node 51.0.0.1 tcp:443
	passes node 20.1.0.1 tcp:443
	expect 20.3.0.1 "a name of the wildcard is asked for again" ask known.wild.example
	passes node 20.3.0.1 tcp:443
	expect ok "the live connection goes on" hold_say "live-$release"
	json '.mode == "enforcing"' "$release enforces" "${old[$release]}" status --instance "$instance" --json
	succeeds "nothing of this version is left in it" bash -c "! ls '$pins' | grep -E '^next_|mkdir|rmdir'"
	stop "$agent" KILL
	egret=$new agent_start
	denied node 51.0.0.1 tcp:443
	expect ok "the live connection goes on" hold_say "live-$release"
	ledger_end
	stop "$agent"
	succeeds "detach" egret_cmd detach
	succeeds "leaves nothing" test ! -e "$pins"
done
nothing_arrived "51\.0\.0\.1"
finish
