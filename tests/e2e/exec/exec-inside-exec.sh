#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `exec` below what another instance governs, a node's or another `exec`: both lists rule, each shows what was
# denied, and the self-test of the inner one shows in neither.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
mkdir -p "$cg/caller"
policy "$work/inner.rules" <<'POLICY'
allow 20.1.0.1 tcp:443
allow 20.1.0.2 tcp:443
POLICY
policy "$work/innermost.rules" <<'POLICY'
allow 20.1.0.1 tcp:443
POLICY
govern <<'POLICY'
set floor = off
allow 20.1.0.1 tcp:443
allow 20.1.0.3 tcp:443
POLICY
inner() { in_cgroup "$cg/caller" "$id-node" env -u SUDO_UID "$egret" exec --as-root --policy "$work/inner.rules" "$@"; }
# twice CMD...: an exec in an exec.
twice() { inner -- "$egret" exec --as-root --policy "$work/innermost.rules" -- "$@"; }

succeeds "what both allow" inner -- "$probe" tcp 20.1.0.1 443
lacks '^egret' "and nothing is told"
fails 1 "what the outer does not" inner -- "$probe" tcp 20.1.0.2 443
json 'map(select(.address == "20.1.0.2")) | length == 1' "the outer tells" egret_cmd drops --json
fails 1 "what the inner does not" inner -- "$probe" tcp 20.1.0.3 443
shows '20\.1\.0\.3 tcp:443' "the inner tells"
shows '^    add: allow 20\.1\.0\.3 tcp:443' "the line to add"
succeeds "three deep, what all allow" twice "$probe" tcp 20.1.0.1 443
lacks '^egret' "nothing is told of two self-tests"
fails 1 "three deep, what the innermost does not" twice "$probe" tcp 20.1.0.2 443
shows '20\.1\.0\.2' "is told"
json 'map(select(.port == "udp:9" or .port == "tcp:9")) | length == 0' "no self-test shows on the node" egret_cmd drops --json
sides=()
for i in 1 2 3 4 5 6; do
	inner -- "$probe" tcp 20.1.0.1 443 >"$work/side.$i" 2>&1 &
	sides+=($!)
done
wait "${sides[@]}"
expect 6 "six at once: each passes" grep -hc ^connected <(cat "$work"/side.*)
json 'map(select(.port == "udp:9" or .port == "tcp:9")) | length == 0' "and no self-test shows" egret_cmd drops --json
succeeds "nor in the totals" egret_cmd drops
lacks "more packets" "all that was denied is listed"
finish
