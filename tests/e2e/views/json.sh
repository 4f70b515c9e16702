#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# --json of every view: moments are RFC 3339 in UTC, sentences stand in NAME_text alone, nothing is "", and what a
# person reads is the same.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up web 12
dns www.json.example 20.1.0.1
dns private.json.example 10.99.0.1
dns nowhere.json.example
hold_open old "$cg/system.slice/app.service" "$id-node" 51.0.0.1 443
govern <<'POLICY'
resolver 20.0.0.53
allow www.json.example      tcp:443   # the shop
allow private.json.example  tcp:443
allow nowhere.json.example  tcp:443
allow *.wild.json.example   tcp:443
deny  51.9.9.9
POLICY
dns a.wild.json.example 20.1.0.7
node dig +short +time=1 +tries=1 @$resolver a.wild.json.example A >/dev/null
passes node 20.1.0.1 tcp:443
passes node 20.1.0.7 tcp:443
denied node 51.0.0.2 tcp:443 udp:123 icmp
denied "pod web" 51.9.9.9 tcp:443
denied node 10.99.0.1 tcp:443

# Every value with its place. What is no sentence has no three words in a row; texts of rules files, names of pods and
# the like are a person's own.
cat >"$work/scheme.jq" <<'JQ'
def texts: "(^|_)text$";
def own: ["rule", "purpose", "suggestion", "subject", "file", "path", "cgroup", "process", "settings"];
[paths(scalars) as $path | getpath($path) as $value |
	($path | map(select(type == "string"))) as $keys | ($keys[-1] // "") as $key |
	if $key | test("_time$") then
		select($value != null and ($value | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$") | not))
	elif $key | test("_(seconds|bytes|total|count)$") then
		select($value != null and ($value | type != "number"))
	elif $value == "" then .
	elif ($value | type) == "string" and ($key | test(texts) | not) and ($keys - own == $keys) then
		select($value | test("[a-z]+ [a-z]+ [a-z]+|[0-9] s\\b| ago|never"))
	else empty end |
	"\($path | map(tostring) | join(".")): \($value)"]
JQ
# keeps_to_it WHAT CMD...: prints JSON of which every value fits the scheme.
keeps_to_it() {
	local what=$1
	shift
	"$@" >"$work/view.json" 2>/dev/null
	if jq -e 'length > 0' "$work/view.json" >/dev/null && jq -f "$work/scheme.jq" "$work/view.json" >"$work/odd" &&
		[ "$(cat "$work/odd")" = "[]" ]; then
		passed "$what: each value fits"
	else
		failed "$what: $(cat "$work/odd" "$work/view.json")"
	fi
}
# as_printed COMMAND FILTER: what a person reads has each of these values. Packets are counted between the two as well:
# they may agree only when asked again.
as_printed() {
	if eventually is_printed "$@"; then
		passed "$1: printed as in --json"
	else
		failed "$1: not printed:$missing: $(cat "$work/view.txt")"
	fi
}
is_printed() {
	local command=$1 filter=$2 value
	missing=
	egret_cmd "$command" --json >"$work/view.json"
	egret_cmd "$command" -o wide >"$work/view.txt"
	jq -r "$filter" "$work/view.json" >"$work/values"
	while read -r value; do
		grep -qF -- "$value" "$work/view.txt" || missing+=" [$value]"
	done <"$work/values"
	[ -s "$work/values" ] && [ -z "$missing" ]
}

for view in status rules learned drops; do
	keeps_to_it "$view" egret_cmd "$view" --json
done
keeps_to_it "explain: no" egret_cmd explain 51.0.0.2 tcp:443 --json
keeps_to_it "explain: yes" egret_cmd explain 20.1.0.1 tcp:443 --json
keeps_to_it "explain: an address of a name" egret_cmd explain 10.99.0.1 tcp:443 --json
keeps_to_it "explain: what is learned" egret_cmd explain 20.1.0.7 tcp:443 --json
keeps_to_it "explain of files" "$egret" explain --policy "$work/policy.rules" www.json.example tcp:443 --json
keeps_to_it "check" "$egret" check --json "$work/policy.rules"
keeps_to_it "check --resolve" ungoverned "$egret" check --json --resolve "$work/policy.rules"
json '[.resolved[] | select(.problem_text) | .name] == ["nowhere.json.example"] and
	([.resolved[].special_addresses[].address] == ["10.99.0.1"])' "check --resolve: what is wrong with which name" \
	cat "$work/view.json"

# A container has its name, where that is known.
by='(if .container then "pod \(.namespace)/\(.pod) container \(.container)" else .subject end)'
as_printed status '"instance   \(.instance): \(.mode)", "pid \(.agent.pid)", .policy.path, .problems[].text,
	.names.failing[].name, .special_addresses[].address, "\(.packets.denied_total) denied",
	(.dns_total | to_entries[] | select(.value > 0) | "\(.value) "), (.existing[] | "\(.address) \(.port) by \(.subject)")'
as_printed rules '.[] | .rule, (.packets_total | select(. < 1000)), (select(.file).line | ":\(.)")'
as_printed learned '.[] | .address, .name, .policy_name, '"$by"
as_printed drops '.[] | .address, .port, (.name // empty), .process, (select(.file) | "\(.file):\(.line)"), '"$by"

json '(.policy.loaded_time | fromdate) <= now and (.attached_time | fromdate) > now - 600' "status: times are now's" \
	egret_cmd status --json
json 'all(.[]; (.last_time | fromdate | . <= now and . > now - 600) and .first_time <= .last_time)' \
	"drops: times are now's" egret_cmd drops --json
json 'all(.[]; ((.expires_time | fromdate) - now - .left_seconds) | fabs < 3)' "learned: both say the same" \
	egret_cmd learned --json
json '.existing | any(.[]; .address == "51.0.0.1" and .port == "tcp:443")' "status: what goes on" egret_cmd status --json

# What a person opened, and what would be cut short.
succeeds "detached" egret_cmd detach
keeps_to_it "status of what a person opened" egret_cmd status --json
json '.mode == "open" and (.mark.marked_time | fromdate) <= now and .mark.user != null and .ready == false and
	.not_ready == .problems[0]' "status: by whom, and when" cat "$work/view.json"

# A policy with errors is JSON, too.
printf 'allow x.example tcp:https\nallow 1.2.3.0/8 tcp:1\n' >"$work/wrong.rules"
fails 2 "check of a policy with errors" "$egret" check --json "$work/wrong.rules"
cp "$work/output" "$work/wrong.json"
json '[.findings[] | [.line, .column, .severity]] == [[1, 21, "error"], [2, 7, "error"]] and
	all(.findings[]; (.file | endswith("wrong.rules")) and (.text | length > 10))' "each has its place" cat "$work/wrong.json"
fails 2 "explain of one" "$egret" explain --json --policy "$work/wrong.rules" 1.2.3.4 tcp:1
cp "$work/output" "$work/explained.json"
succeeds "the same" diff "$work/wrong.json" "$work/explained.json"
fails 2 "explain of nothing that can be asked" egret_cmd explain --json 1.2.3.4 smtp
cp "$work/output" "$work/asked.json"
json '.findings | length == 1 and .[0].severity == "error" and .[0].file == null and (.[0].text | test("smtp"))' \
	"says so" cat "$work/asked.json"
printf 'allow a.example tcp:443\nset floor = off\nallow a.example tcp:443\n' >"$work/twice.rules"
json '(.rules | length == 2) and any(.findings[]; .severity == "warning")' "a warning stands beside the policy" \
	"$egret" check --json "$work/twice.rules"
finish
