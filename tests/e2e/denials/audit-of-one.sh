#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `audit allow`, `audit deny` and `set mode = audit for SUBJECT`: what only these let pass is counted as would-be denied,
# each packet of it, with the line; everybody and everything else is enforced. Real traffic of two cgroups.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up

audited() { in_cgroup "$cg/audited.slice/app.service" "$id-node" "$@"; }
row() { # row ADDR AUDITED: packets, reason and line of the row
	egret_cmd drops --json | jq -r --arg a "$1" --argjson v "$2" \
		'map(select(.address == $a and .audited == $v)) | if . == [] then "none" else
			.[] | "\(.packets_total)/\(.kernel_reason)/\(.line // "-")/\(if .outdated then "older" else "now" end)" end'
}
number_of() { # number_of ADDR AUDITED
	egret_cmd drops --json | jq --arg a "$1" --argjson v "$2" 'map(select(.address == $a and .audited == $v))[0].number'
}
totals() { egret_cmd status --json | jq -r '.packets | "\(.denied_total)/\(.would_deny_total)"'; }

dns tried.example 51.0.0.4
dns a.wild.example 51.0.0.6
dns away.example 51.0.0.7
echo "nameserver $resolver" >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
govern <<POLICY
set mode = audit for cgroup /$id/audited.slice
resolver 20.0.0.53
allow 20.1.0.0/24 any
allow 51.0.1.1 tcp:443
audit allow 51.0.0.1 udp:123 tcp:443     # is it needed?
audit allow 51.0.1.1 any
audit allow tried.example udp:123
audit deny  20.1.0.2 tcp:443 udp:123
audit deny  51.0.0.3
deny  20.1.0.3
audit allow 20.1.0.3 any
audit allow *.wild.example tcp:443
audit deny away.example
allow away.example tcp:443
POLICY

# --- an audited subject beside an enforced one
denied node 51.0.0.9 udp:123 tcp:443 send:123
passes audited 51.0.0.9 udp:123 tcp:443 send:123
denied node 20.1.0.3 tcp:443
passes audited 20.1.0.3 tcp:443 udp:123
expect '[0-9]+/no-rule/-/now' "a row of what passed" row 51.0.0.9 true
expect '[0-9]+/no-rule/-/now' "and one of what did not" row 51.0.0.9 false
expect '[0-9]+/deny-rule/10/now' "a deny rule would hold it" row 20.1.0.3 true
succeeds "status" egret_cmd status
shows "^audited +only audited: cgroup /$id/audited.slice, since 20" "status says who is only audited, since when"
shows "^instance .*: enforcing" "status: the others are enforced"
json ".only_audited.subjects_text == \"cgroup /$id/audited.slice\" and .ready" "status --json" egret_cmd status --json
fails 1 "explain: for the audited one" egret_cmd explain 51.0.0.9 udp:123 for cgroup "/$id/audited.slice"
shows "would be denied" "explain: would be denied"
shows "the policy only audits audited.slice: everything of theirs passes" "explain: passes"
fails 1 "explain: for the other one" egret_cmd explain 51.0.0.9 udp:123
shows "51.0.0.9 udp:123: denied" "explain: denied"
fails 1 "explain: the row of the audited one" egret_cmd explain "$(number_of 51.0.0.9 true)"
shows "^now: would still be denied: no-rule \(only audited: passes\)" "explain: what of it passes now"
json '.[0].now | .audited and .audited_subject and (.allowed | not)' "explain --json of the row" \
	egret_cmd explain "$(number_of 51.0.0.9 true)" --json
fails 1 "explain: the row of the other one" egret_cmd explain "$(number_of 51.0.0.9 false)"
shows "^now: still denied: no-rule$" "explain: that one does not pass"
json '.[0].now | (.audited or .audited_subject) | not' "explain --json of the other row" \
	egret_cmd explain "$(number_of 51.0.0.9 false)" --json
node dig +short +time=3 +tries=1 @$resolver tried.example A >/dev/null
denied node 51.0.0.4 tcp:443
json '.[0] | .name == "tried.example" and .suggestion == "allow tried.example https:443" and .now.suggestion == .suggestion' \
	"explain: one denial has one line" egret_cmd explain "$(number_of 51.0.0.4 false)" --json
egret_cmd drops --clear >/dev/null

start "$work/serve.log" - "$id-node" "$egret" serve --instance "$instance"
eventually logged "$work/serve.log" 'listens on|egret:'
json ".health.mode == \"enforcing\" and .only_audited.subjects_text == \"cgroup /$id/audited.slice\"" "serve says so, too" \
	node curl -sS -m 5 http://127.0.0.1:9964/api/status

# --- audit allow: passes, each packet is counted, with the line
before=$(totals)
passes node 51.0.0.1 udp:123 send:123 tcp:443
denied node 51.0.0.1 udp:80
passes node 51.0.0.4 udp:123
expect '[0-9]+/no-rule/5/now' "audit allow: what it would be denied for, and the line" row 51.0.0.1 true
expect '1/no-rule/-/now' "audit allow: another port is denied as if the line were not there" row 51.0.0.1 false
expect '1/no-rule/7/now' "audit allow of a name" row 51.0.0.4 true
passes node 51.0.1.1 tcp:443
expect none "audit allow: what another rule allows is no row" row 51.0.1.1 true
passes node 51.0.1.1 udp:123
expect '1/port/6/now' "audit allow: the reason without the line" row 51.0.1.1 true
denied node 20.1.0.3 udp:123
expect '1/deny-rule/10/now' "audit allow: a deny rule stands over it" row 20.1.0.3 false
fails 1 "explain of an audit allow" egret_cmd explain 51.0.0.1 udp:123
shows "would be denied" "explain: would be denied"
shows "passes, and is counted, by .*policy.rules:5: audit allow 51.0.0.1" "explain: by the audit line"

wild() { ungoverned "$egret" explain --instance "$instance" a.wild.example tcp:443 for "$@"; }
fails 1 "explain: an audit allow of a pattern, and nobody asked" wild cgroup "/$id/system.slice/app.service"
shows "denied now: .* has not asked a resolver of the policy for it, and passes once it does" "explain: it is denied, as yet"
fails 1 "explain: the same of a class" wild host
shows "would be denied, and passes for who has asked a resolver of the policy for it" "explain: for whom it passes"
denied node 51.0.0.6 tcp:443
node dig +short +time=3 +tries=1 @$resolver a.wild.example A >/dev/null
passes node 51.0.0.6 tcp:443
fails 1 "explain: once it asked" wild cgroup "/$id/system.slice/app.service"
shows "passes, and is counted, by .*policy.rules:12: audit allow" "explain: it passes"
fails 1 "explain of its address" egret_cmd explain 51.0.0.6 tcp:443 for pods
shows "but passes, by a line of .audit., for .*app\.service, which learned it as a\.wild\.example" "explain: for whom it passes"

# Each packet of a live connection.
hold_open live "$cg/system.slice/app.service" "$id-node" 51.0.0.1 443
count() { egret_cmd drops --json | jq '[.[] | select(.address == "51.0.0.1" and .audited).packets_total] | add'; }
one=$(count)
expect ok "a live connection goes on" hold_say live
two=$(count)
[ "$two" -gt "$one" ] && passed "each packet of it is counted" || failed "a live connection: $one, then $two packets"

# --- audit deny: passes where a rule allows, is denied for that reason where none does
passes node 20.1.0.2 tcp:443 udp:123 send:123
passes node 20.1.0.2 udp:80
expect '[0-9]+/deny-rule/8/now' "audit deny: a would-be row with the line" row 20.1.0.2 true
denied node 51.0.0.3 udp:123
expect '1/no-rule/-/now' "audit deny: denied without it, for that reason" row 51.0.0.3 false
expect none "audit deny: and no would-be row" row 51.0.0.3 true
passes node 20.1.0.1 tcp:443
expect none "what no audit line is about is no row" row 20.1.0.1 true
fails 1 "explain of an audit deny" egret_cmd explain 20.1.0.2 tcp:443
shows "passes, and is counted, by .*policy.rules:8: audit deny" "explain: by the audit line"
fails 1 "explain: the row" egret_cmd explain "$(number_of 20.1.0.2 true)"
shows "^now: would still be denied: deny-rule$" "explain: passes by the line"
fails 1 "explain of what an audit deny is about, and no rule allows" egret_cmd explain 51.0.0.3 udp:123
shows "51.0.0.3 would be denied on any by .*policy.rules:9: audit deny" "explain: an audit line denies nothing"
fails 1 "explain of an address of a name" egret_cmd explain 51.0.0.7 udp:80
shows "51.0.0.7 would be denied on any by .*policy.rules:13: audit deny" "explain: each port once"
fails 1 "explain of another port of an audit allow" egret_cmd explain 51.0.0.1 udp:80
shows "51.0.0.1 would be allowed on udp:123,tcp:443 by .*policy.rules:5: audit allow" "explain: nor allows"
json '[.answers[].steps[] | select(.audit) | .allows] == [false]' "explain: in JSON" egret_cmd explain 51.0.0.1 udp:80 --json
json '.[] | select(.line == 8) | .audit and .packets_total == 0 and .would_deny_packets_count > 3' \
	"rules: an audit deny takes nothing away" egret_cmd rules --json
json '.[] | select(.line == 5) | .audit and .packets_total == 0 and .would_deny_packets_count > 3' \
	"rules: an audit allow allows nothing" egret_cmd rules --json
[ "$(totals)" != "$before" ] && passed "totals apart: $before, then $(totals)"

# --- enforced from now on: the lines are no audit lines any more, or are gone
passes audited 51.0.0.9 udp:123
reload <<POLICY
resolver 20.0.0.53
allow 20.1.0.0/24 any
allow 51.0.1.1 tcp:443
audit allow 51.0.0.1 tcp:443
deny  20.1.0.2 tcp:443 udp:123
POLICY
denied node 51.0.0.1 udp:123
denied node 20.1.0.2 udp:123 tcp:443
denied audited 51.0.0.9 udp:123 tcp:443
expect '[0-9]+/no-rule/-/older' "the row of the audited subject is of another mode" row 51.0.0.9 true
expect ok "the connection of a line that stands lives on" hold_say live
json '.only_audited == null' "status: nobody is only audited" egret_cmd status --json
finish
