#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Silence takes nothing away and opens nothing: names that both policies have keep their addresses through an edit while
# DNS does not answer, and through the end of the agent, until an answer says otherwise.
# EGRET_LIST_NAMES=50000 for a long list whole: minutes.
# Reports: openshift/origin#19276 (a rewritten egress policy with names drops traffic while names are slow),
# GoogleCloudPlatform/gke-fqdnnetworkpolicies-golang#51, cilium/cilium#28427.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
for n in 1 2 3 4 5; do
	echo "20.1.0.$n n$n.edit.example" >>"$work/hosts"
done
echo "20.1.0.3 shared.edit.example" >>"$work/hosts" # a CDN: two names, one address
# A list beside them, of which no line of the log may be about one name.
list=${EGRET_LIST_NAMES:-300}
addr_of() { echo "20.$((16 + $1 / 62500)).$(($1 / 250 % 250)).$(($1 % 250 + 1))"; }
awk -v n="$list" 'BEGIN { for (i = 0; i < n; i++)
	printf "20.%d.%d.%d l%d.list%d.example\n", 16 + i / 62500, i / 250 % 250, i % 250 + 1, i, i % 7 }' >>"$work/hosts"
awk -v n="$list" 'BEGIN { printf "set list ="; for (i = 0; i < n; i++) printf " l%d.list%d.example", i, i % 7; print "" }' \
	>"$work/list.rules"
echo 'allow ${list} tcp:443' >>"$work/list.rules"
kill -HUP "$dns_pid"
eventually dns_serves n5.edit.example 20.1.0.5 || die "DNS does not serve its names"

# rules [LINE...]: the policy, and a last rule by which one sees that it rules.
turn=0
rules() {
	turn=$((turn + 1))
	printf '%s\n' 'resolver 20.0.0.53' 'set min_ttl = 2' 'use list' "$@" "allow 20.9.0.$turn tcp:443" >"$work/next"
	mv "$work/next" "$work/policy.rules"
}
rules_now() { [[ "$(try node "20.9.0.$turn" tcp:443)" == connected* ]]; }
edited() { eventually rules_now || failed "the edited policy rules: $(cat "$work/agent.log")"; }
first=('allow n1.edit.example tcp:443' 'allow n2.edit.example,n3.edit.example tcp:443' 'allow shared.edit.example tcp:80'
	'allow 20.1.0.4 tcp:443' 'deny n4.edit.example' 'allow n5.edit.example tcp:443')
rules "${first[@]}"
agent_start --resolve-rate 5000
# Under traffic: no connection is judged otherwise than before, at any moment.
watch_traffic() {
	local n=0 addr
	while [ ! -e "$work/over" ]; do
		addr=$(addr_of $((n * 7919 % list)))
		[[ "$(try node "$addr" tcp:443)" == connected* ]] || echo "$addr is denied" >>"$work/wrong"
		[[ "$(try node 20.1.0.4 tcp:443)" == EPERM* ]] || echo "20.1.0.4 is open" >>"$work/wrong"
		n=$((n + 1))
		echo "$n" >"$work/tried"
	done
}
listed() { egret_cmd status --json | jq -e ".names.state_count | .pending + .failed == 0"; }
for _ in $(seq $((1 + list / 500))); do
	eventually listed && break
done
known() {
	passes node 20.1.0.1 tcp:443
	passes node 20.1.0.3 tcp:443 tcp:80
	denied node 20.1.0.4 tcp:443
}
known
passes node 20.1.0.2 tcp:443

kill -STOP "$dns_pid"
watch_traffic &
watcher=$!
# In another order, another file and other letters; one name goes, one is denied now, one is new.
policy "$work/more.rules" <<<'allow N1.Edit.Example tcp:443'
rules 'deny n4.edit.example' 'allow shared.edit.example tcp:80' 'allow 20.1.0.4 tcp:443' 'allow 20.1.0.5 tcp:443' \
	'allow n3.edit.example tcp:443' 'deny n5.edit.example' 'deny new.edit.example' 'use more'
edited
known
denied node 20.1.0.2 tcp:443
denied node 20.1.0.5 tcp:443
succeeds "the log" cat "$work/agent.log"
shows 'new.edit.example: .*; until it is resolved, its .deny. takes away only what DNS answers bring in' \
	"a deny that is not resolved is not said to deny"
lacks 'n[1345].edit.example: ' "names that are known are not told as missing"

json '.names.state_count["from-disk"] == 0' "what the agent knows, it does not read from disk" egret_cmd status --json
succeeds "no line a name" test "$(wc -l <"$work/agent.log")" -lt 30

# The agent ends without a word, and nothing is on disk.
stop "$agent" KILL
rules "${first[@]}"
agent_start --resolve-rate 5000
known
touch "$work/over"
wait "$watcher"
touch "$work/wrong"
succeeds "nothing is judged otherwise meanwhile, in $(cat "$work/tried") turns: $(sort "$work/wrong" | uniq -c)" \
	test ! -s "$work/wrong"
succeeds "no line a name at a start either" test "$(wc -l <"$work/agent.log")" -lt 30
denied node 20.1.0.2 tcp:443 # the policy before had it no more
passes node 20.1.0.5 tcp:443
json 'any(.names.failing[]; .name == "n1.edit.example" and .state == "unconfirmed" and .addresses_count == 1 and
	(.answered_time | test("^20..-")))' "status says that they are not confirmed, and since when they are known" \
	egret_cmd status --json
succeeds "the log" cat "$work/agent.log"
shows '^egret: [0-9]+ names: .*until an answer says otherwise' "the log says so once, with a number"

# DNS is back: it names another address, none, and the same.
sed -i '/ n1\./d; /shared/d' "$work/hosts"
echo "20.1.0.11 n1.edit.example" >>"$work/hosts"
kill -HUP "$dns_pid"
kill -CONT "$dns_pid"
reaches() { [[ "$(try node "$1" "$2")" == connected* ]]; }
refuses() { [[ "$(try node "$1" "$2")" == EPERM* ]]; }
eventually reaches 20.1.0.11 tcp:443 || eventually reaches 20.1.0.11 tcp:443 || failed "an answer brings in its address"
if eventually refuses 20.1.0.1 tcp:443; then passed "min_ttl later the one that it does not name is gone"; else
	failed "min_ttl later the one that it does not name is gone"; fi
if eventually refuses 20.1.0.3 tcp:80; then passed "so are those of a name that is no more"; else
	failed "so are those of a name that is no more"; fi
passes node 20.1.0.3 tcp:443
finish
