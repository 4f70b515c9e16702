#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What audit lets through is WOULD DENY, in a row and in totals of its own; rows of an older policy or
# mode are marked; `drops --clear` takes them away.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up

drops() { egret_cmd drops --json; }
row() { # row ADDR AUDITED: its packets and whose policy it is
	drops | jq -r --arg a "$1" --argjson v "$2" \
		'map(select(.address == $a and .audited == $v)) | if . == [] then "none" else .[] | "\(.packets_total)/\(if .outdated then "older" else "running" end)" end'
}
would() { egret_cmd explain "$@"; }

govern <<'POLICY'
set mode = audit
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
deny  51.0.0.2
POLICY
passes node 20.1.0.1 tcp:443
succeeds "drops, of nothing" egret_cmd drops
shows '^nothing would have been denied' "drops: says so"
for _ in 1 2 3; do
	passes node 51.0.0.1 udp:123
done
passes node 51.0.0.2 udp:123
expect '3/running' "audit: three packets would be denied" row 51.0.0.1 true
expect none "audit: none is denied" row 51.0.0.1 false
succeeds "drops" egret_cmd drops -o wide
shows '3 +WOULD DENY +51\.0\.0\.1 +udp:123' "drops: WOULD DENY"
shows 'WOULD DENY +51\.0\.0\.2 .*policy\.rules:4' "drops: what the deny rule would take away, too"
expect 0 "drops: nothing is called denied" grep -cw DENIED "$work/output"
json '.packets | .denied_total == 0 and .would_deny_total == 4 and .would_deny_by_reason_total["no-rule"] == 3 and
	.would_deny_by_reason_total["deny-rule"] == 1 and .denied_by_reason_total["no-rule"] == 0' "status: counted apart" egret_cmd status --json
succeeds "status" egret_cmd status
shows '0 denied, 4 would be denied' "status: says so"
fails 1 "explain: no" would 51.0.0.1 udp:123
shows '51\.0\.0\.1 udp:123: would be denied' "explain: would be denied"
fails 1 "explain of the deny rule: no" would 51.0.0.2 udp:123
shows 'would be denied' "explain: would be denied"
json '.allowed == false and .audited' "explain --json: audited" egret_cmd explain 51.0.0.1 udp:123 --json
json '.[] | select(.rule == "deny 51.0.0.2") | .packets_total == 0 and .would_deny_packets_count == 1' \
	"rules: a deny rule takes nothing away in audit" egret_cmd rules --json
json '.[] | select(.rule == "(audited)") | .packets_total == 4' "rules: what passed, all the same" egret_cmd rules --json

# The mode changes, the rules do not.
reload <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
deny  51.0.0.2
POLICY
denied node 51.0.0.1 udp:123
expect '1/running' "enforce: one packet was denied" row 51.0.0.1 false
expect '3/older' "the row of the audit is marked" row 51.0.0.1 true
succeeds "drops" egret_cmd drops -o wide
shows '1 +DENIED +51\.0\.0\.1 ' "drops: DENIED"
shows '3 +WOULD DENY +51\.0\.0\.1 .* older ' "drops: the older mode's beside it"
expect '#' "drops: its columns stand first" sh -c "sed -n 1p '$work/output' | awk '{ print \$1 }'"
expect 1 "drops: what rules now stands first" sh -c "sed -n 2p '$work/output' | awk '{ print \$2 }'"
json '.packets | .denied_total == 1 and .would_deny_total == 4' "status: both" egret_cmd status --json
fails 1 "explain: denied" would 51.0.0.1 udp:123
shows '51\.0\.0\.1 udp:123: denied' "explain: denied, and nothing of would"

# Another policy: what the one before denied is marked. The same rules once more are no other policy.
reload <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
allow 51.0.0.1 udp:123
deny  51.0.0.2
POLICY
passes node 51.0.0.1 udp:123
expect '1/older' "a rule allows it now: the row is older" row 51.0.0.1 false
denied node 51.0.0.3 udp:123
reload <<'POLICY'
resolver 20.0.0.53
# A comment more.
allow 20.1.0.1 tcp:443
allow 51.0.0.1 udp:123
deny  51.0.0.2
POLICY
expect '1/running' "the same rules are the same policy" row 51.0.0.3 false

# --follow says when, how many and what; and that the instance is gone.
egret_cmd drops --follow >"$work/follow" 2>&1 &
follower=$!
pids+=("$follower")
egret_cmd drops --follow >/dev/full 2>"$work/full" &
to_full_disk=$!
pids+=("$to_full_disk")
seen() { node "$probe" udp 51.0.0.4 123 >/dev/null; grep -q 51.0.0.4 "$work/follow"; }
eventually seen
expect '20[0-9-]*T[0-9:]*Z' "--follow: the time" grep -m1 51.0.0.4 "$work/follow"
expect 1 "--follow: DENIED and how many" sh -c "grep -m1 51.0.0.4 '$work/follow' | grep -cE ' DENIED [0-9]+: '"
ended_full() { node "$probe" udp 51.0.0.4 123 >/dev/null; ! kill -0 "$to_full_disk" 2>/dev/null; }
eventually ended_full || failed "--follow goes on where nothing can be written"
code=0
wait "$to_full_disk" || code=$?
expect 3 "--follow ends where nothing can be written" echo "$code"
expect 1 "--follow: and says why" grep -c "standard output: No space left" "$work/full"

total=$(egret_cmd status --json | jq .packets.denied_total)
rows=$(drops | jq length)
fails 2 "--clear and --follow are two things" egret_cmd drops --clear --follow
fails 3 "--clear is for root" setpriv --reuid 65534 --clear-groups "$egret" drops --clear --instance "$instance"
expect "$rows" "nothing is gone yet" sh -c "'$egret' drops --json --instance $instance | jq length"
succeeds "--clear" egret_cmd drops --clear
shows "^$rows rows cleared" "--clear: how many"
expect 0 "--clear: they are gone" sh -c "'$egret' drops --json --instance $instance | jq length"
expect "$total" "--clear: the totals are as they were" sh -c "'$egret' status --json --instance $instance | jq .packets.denied_total"
succeeds "drops" egret_cmd drops
shows "^no denial is listed since the list was cleared;" "drops: why none is there"
succeeds "drops" egret_cmd drops -o wide
shows "$total more packets that were denied: cleared" "drops: says that rows are missing"
json '.cleared_count == 0' "--clear --json: none is left" egret_cmd drops --clear --json
denied node 51.0.0.4 udp:123
expect 1/running "a row comes anew" row 51.0.0.4 false
again() { [ "$(grep -c 51.0.0.4 "$work/follow")" -ge 2 ]; }
eventually again && passed "--follow shows it after --clear" || failed "--follow: $(cat "$work/follow")"

succeeds "it is taken down" egret_cmd detach
code=0
gone() { ! kill -0 "$follower" 2>/dev/null; }
eventually gone || failed "--follow goes on without its instance"
wait "$follower" || code=$?
expect 4 "--follow ends with its instance" echo "$code"
expect 1 "--follow: says why" grep -c "taken down" "$work/follow"
finish
