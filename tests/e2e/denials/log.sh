#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Each new denial is a line of the agent's log, once, also when the agent is started anew; a pod that floods silences
# nobody; lines are objects where that is asked for, and have priorities where the journal reads them. And each is an
# event for a SIEM, in a file that may be moved away, or be out of reach, without any harm.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up calm 11
pod_up noisy 12
nat_up </dev/null
dns vault.log.example 20.1.0.7
policy <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1  tcp:443
deny  20.1.0.9
POLICY
log=$work/agent.log events=$work/siem/denials.jsonl
mkdir "$work/siem"
agent_start --ocsf "$events"

line() { # line PATTERN WHAT: the log has such a line, exactly one
	if eventually logged "$log" "$1" && [ "$(grep -cE -- "$1" "$log")" = 1 ]; then
		passed "$2"
	else
		failed "$2: not one line like \"$1\" in: $(cat "$log")"
	fi
}
event() { # event FILTER WHAT: an event in the file is such a one
	is_there() { jq -se "any(.[]; $1)" "$events" >/dev/null; }
	if eventually is_there "$1"; then passed "$2"; else failed "$2: $(cat "$events")"; fi
}

# --- lines ---
denied node 20.1.0.9 tcp:443
denied node 20.1.0.9 tcp:443
pod calm dig +short +time=1 +tries=1 @$resolver vault.log.example A >/dev/null
denied "pod calm" 20.1.0.7 tcp:443
line '^egret: denied: app\.service [^ ]+\[[0-9]+\] -> 20\.1\.0\.9 tcp:443: deny policy\.rules:3$' "who, where, why, by which rule"
line '^egret: denied: default/calm:calm [^ ]+\[[0-9]+\] -> vault\.log\.example tcp:443 \(20\.1\.0\.7\): ' "a pod, a name and its address"

seq 1 2000 | awk '{ printf "51.100.%d.%d\n", $1 / 250, $1 % 250 + 1 }' >"$work/flood"
# shellcheck disable=SC2046
pod noisy "$probe" udp-each 123 $(cat "$work/flood") >/dev/null 2>&1
denied "pod calm" 20.1.0.8 tcp:80
line '^egret: denied: default/calm:calm .* 20\.1\.0\.8 tcp:80: ' "a quiet pod beside a noisy one"
line '^egret: [0-9]+ more denials of [12] subjects? were not logged' "what was not logged is counted"
expect "[5-9]" "lines of the noisy pod" grep -c 'denied: default/noisy' "$log"

# --- events ---
expect 640 "mode of the file" stat -c %a "$events"
# What schema.ocsf.io/1.4.0 requires: ocsf-schema 1.4.0, events/base_event.json, events/network/network.json (at least one
# endpoint; 1.3.0: dst_endpoint), profiles/security_control.json (action_id), objects/metadata.json, product.json,
# network_connection_info.json (direction_id), network_endpoint.json, device.json (type_id), process.json,
# _entity.json (name or uid: policy, firewall_rule), container.json.
cat >"$work/required.jq" <<'JQ'
def number: type == "number" and . == floor;
def named: has("name") or has("uid");
def endpoint: type == "object" and (has("ip") or has("name") or has("hostname") or has("interface_name"));
(.activity_id, .category_uid, .class_uid, .type_uid, .severity_id, .time, .action_id, .count | number)
and .category_uid == 4 and .class_uid == 4001 and .type_uid == .class_uid * 100 + .activity_id
and .time > 1600000000000 and .time >= .start_time
and (.metadata.version | test("^1\\.[0-9]+\\.[0-9]+$"))
and (.metadata.product | has("name") and has("vendor_name"))
and (.metadata.profiles | contains(["security_control", "host", "container"]))
and (.src_endpoint | endpoint) and (.dst_endpoint | endpoint)
and (.connection_info.direction_id == 2)
and (.device.type_id | number)
and ((.actor // {process: {pid: 1}}).process | has("pid"))
and ((.policy // {uid: 1}) | named) and ((.firewall_rule // {uid: 1}) | named)
and ((.src_endpoint.container // {uid: 1}) | named)
and ([.. | select(. == null)] == [])
JQ
json 'length > 100 and all' "each event has what the schema requires" jq -s -f <(echo "map($(cat "$work/required.jq"))") "$events"
event '.activity_id == 5 and .action_id == 2 and .disposition_id == 2 and .dst_endpoint == {ip: "20.1.0.7",
	hostname: "vault.log.example", port: 443} and .src_endpoint.name == "default/calm:calm" and
	.unmapped.namespace == "default" and .connection_info.protocol_num == 6' "an event says whose, where, and what became of it"
event '.firewall_rule == {name: "deny 20.1.0.9", uid: "'"$work"'/policy.rules:3"} and .policy.is_applied and
	.actor.process.name != null and .status_code == "deny-rule"' "by which rule"
expect EPERM "a protocol that has no name" node "$probe" ip6-exthdr unknown 2603:1000:51::1 123
event '.connection_info.protocol_num == 253 and (.connection_info | has("protocol_name") | not)' "is told by its number"
echo -n '{"half": ' >"$events.half"
mv "$events" "$events.moved"
mv "$events.half" "$events"
denied node 20.1.0.10 tcp:443
event_in_lines() { jq -Rse 'split("\n") | map(fromjson?) | any(.dst_endpoint.ip == "20.1.0.10")' "$events" >/dev/null; }
eventually event_in_lines && passed "a file that was moved away, or has half a line, is written on" || failed "not: $(cat "$events")"
mv "$work/siem" "$work/gone"
denied node 20.1.0.11 tcp:443
line 'denials cannot be written to [^ ]+/denials\.jsonl \(--ocsf\): No such file' "a folder that is gone is told"
mkdir "$work/siem"
denied node 20.1.0.12 tcp:443
line 'denials are written to [^ ]+ again; [1-9][0-9]* were lost' "and what was lost"

# --- another agent, as systemd starts it: its standard error is the stream that JOURNAL_STREAM names ---
stop "$agent"
policy <<'POLICY'
set mode = audit
resolver 20.0.0.53
allow 20.1.0.1  tcp:443
POLICY
log=$work/journal.log events=$work/events.out
# shellcheck disable=SC2016
start "$log" - "$id-node" bash -c 'events=$1; shift; JOURNAL_STREAM=$(stat -Lc %d:%i /dev/stderr) exec "$@" >"$events"' - "$events" \
	"$egret" run --policy "$work/policy.rules" --cgroup "$cg" --instance "$instance" --log-format json --ocsf -
agent=$started
eventually logged "$log" 'auditing:' || die "no agent: $(cat "$log")"
passes node 20.1.0.14 tcp:443
line '^<5>.*"address": "20\.1\.0\.14"' "a denial as an object, and its priority"
line '^<6>[{].*"message": "auditing:' "priorities of other lines"
expect 0 "lines of what the agent before had logged" grep -cE '20\.1\.0\.9|default/' "$log"
event '.dst_endpoint.ip == "20.1.0.14" and .activity_id == 6 and .type_uid == 400106 and .action_id == 1' "an event of audit, on standard output"
echo 'allow nonsense' >>"$work/policy.rules"
line '^<3>.*"level": "error", "message": .*"line": 4' "a finding as an object"
sed 's/^<[0-9]>//' "$log" >"$work/objects"
json 'length > 3 and all(.[]; .time and .level and .message)' "every line is one" jq -s . "$work/objects"
json 'any(.[]; .level == "notice" and (.message | startswith("would be denied: app.service")) and .kernel_reason == "no-rule" and
	.packets_total >= 1 and .port_number == 443 and .suggestion == "allow 20.1.0.14 tcp:443")' "with the fields of the row" jq -s . "$work/objects"

# --- whoever reads the lines, and the events, stands still: the agent does not wait for him ---
stop "$agent"
policy <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1  tcp:443
POLICY
mkfifo "$work/lines" "$work/events"
readers=()
for pipe in lines events; do
	cat "$work/$pipe" >"$work/$pipe.read" &
	pids+=($!) readers+=($!)
done
log=$work/lines.read events=$work/events.read
# shellcheck disable=SC2016
start "$work/none.log" - "$id-node" bash -c 'lines=$1 events=$2; shift 2; exec "$@" >"$events" 2>"$lines"' - "$work/lines" "$work/events" \
	"$egret" run --policy "$work/policy.rules" --cgroup "$cg" --instance "$instance" --ocsf -
agent=$started
eventually logged "$log" 'enforcing:' || die "no agent: $(cat "$log")"
kill -STOP "${readers[@]}"
head -c 2000000 /dev/zero | tr '\0' '\n' >"$work/filling"
for pipe in lines events; do
	dd if="$work/filling" of="$work/$pipe" oflag=nonblock bs=4096 2>/dev/null
done
denied node 20.1.0.15 tcp:443
denied "pod calm" 20.1.0.16 tcp:443
succeeds "rows are completed" eventually rows_completed
echo 'allow nonsense' >"$work/policy.rules"
is_bad() { ! egret_cmd status; }
succeeds "a policy with errors is read" eventually is_bad
policy <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1,20.1.0.15  tcp:443
POLICY
reaches() { node "$probe" tcp 20.1.0.15 443; }
succeeds "the next one rules" eventually reaches
denied node 20.1.0.17 tcp:443
succeeds "the agent is alive" egret_cmd status --live
kill -CONT "${readers[@]}"
denied node 20.1.0.18 tcp:443
line '[0-9]+ lines? of this log (was|were) lost' "what could not be said is counted"
line '^egret: [1-9] more denials? of [12] subjects? (was|were) not logged' "and what was not logged"
line '[1-9] (were lost|more denials? (was|were) not written to standard output)' "and what was not written"
line 'denied: app.service .* -> 20.1.0.18 tcp:443' "lines come again"
event '.dst_endpoint.ip == "20.1.0.18"' "and events"

fails 2 "--log-format" "$egret" run --policy "$work/policy.rules" --cgroup "$cg" --log-format yaml
shows 'yaml" is no format of a log; write text or json' "it says so"
fails 2 "EGRET_LOG_FORMAT" env EGRET_LOG_FORMAT=x "$egret" run --policy "$work/policy.rules" --cgroup "$cg"
fails 2 "an empty --ocsf" "$egret" run --policy "$work/policy.rules" --cgroup "$cg" --ocsf=
finish
