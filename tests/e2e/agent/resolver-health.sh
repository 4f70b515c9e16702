#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# status shows how each resolver answers the agent: one that answers, one that is silent (a PROBLEM that says since when
# and what follows), one that refuses, one that comes back; also when the agent is gone.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns www.health.example 20.1.0.1

refusing=20.0.0.54 # answers REFUSED to all
silent=20.0.0.55   # what is sent to it is lost
# dnsmasq that knows no other server and no name refuses what it is asked for.
start "$work/refusing.log" - "$id-inet" dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts \
	--user=root --pid-file= --bind-interfaces --listen-address=$refusing --log-facility=-
eventually internet dig +time=1 +tries=1 @$refusing localhost. || die "nobody refuses: $(cat "$work/refusing.log")"
internet nft add table inet health || skip "nft does not work here"
internet nft add chain inet health input '{ type filter hook input priority 0; }'
internet nft add rule inet health input ip daddr $silent udp dport 53 drop

status() { egret_cmd status --json; }
is() { status | jq -e "$1" >/dev/null; }
row() { echo "(.resolvers[] | select(.address == \"$1\"))"; }
# shows_resolver ADDR FILTER WHAT: within the 10 s between two looks, and the time that a silence takes.
shows_resolver() {
	local filter
	filter="$(row "$1") | $2"
	eventually is "$filter" || eventually is "$filter"
	json "$filter" "$3" status
}

policy <<<"resolver $silent
resolver $refusing
resolver $resolver
allow www.health.example tcp:443
allow none.health.example tcp:443"
begun=$(date +%s)
agent_start
passes node 20.1.0.1 tcp:443

shows_resolver $resolver '.state == "answers" and .answers_total >= 4 and .failures_total == 0 and .timeouts_total == 0
	and .unanswered_since_time == null' "one answers, also that there is no such name"
json "$(row $resolver) | .answered_time | fromdate >= $begun" "and when it did last" status
shows_resolver $refusing '.state == "errors" and .failures_since_answer_count >= 3 and .answers_total == 0
	and .answered_time == null and .timeouts_total == 0' "one refuses"
shows_resolver $silent '.state == "silent" and .timeouts_since_answer_count >= 3 and .answered_time == null
	and .failures_total == 0' "one is silent"
json "$(row $silent) | .unanswered_since_time | fromdate >= $begun" "and since when" status
json '.resolvers | map(.address) == ["'$silent'", "'$refusing'", "'$resolver'"]' "in the order of the policy" status
fails 1 "status is not content while one is silent" egret_cmd status
shows "^PROBLEM +resolver $silent has not answered since 20.*in a row" "it says who, and since when"
shows "^PROBLEM .*keeps the addresses that it has" "and what follows"
shows "^resolver +$silent: silent \(since .* 0 errors, [0-9]+ time-outs\), last answer never" "a line for the silent one"
shows "^ +$refusing: errors \(since .* [0-9]+ errors, 0 time-outs\), last answer never" "for the one that refuses"
shows "^ +$resolver: answers, last answer .* ago; in all [0-9]+ queries, [0-9]+ answers" "for the one that answers"
json '[.problems[].kind] == ["silent"]' "one that refuses is no problem of its own" status
expect 1 "the log says it once" grep -c "$silent has not answered since" "$work/agent.log"

# The agent is killed: what it knew is there, and the next one goes on from it.
stop "$agent" KILL
json "$(row $silent) | .state == \"silent\"" "with the agent dead, the silent one is still told" status
fails 1 "and in words" egret_cmd status
shows "^PROBLEM +resolver $silent has not answered since" "the same sentence"
before=$(status | jq "$(row $silent).queries_total")
agent_again
shows_resolver $silent ".state == \"silent\" and .queries_total > $before" "it is as silent for the next agent"
expect 0 "who does not say that it came back" grep -c "is over" "$work/agent.log"
stop "$agent" KILL
before=$(status | jq "$(row $silent).queries_total")
answered=$(status | jq "$(row $resolver).answers_total")
internet nft flush chain inet health input
start "$work/refusing.log" - "$id-inet" dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts \
	--user=root --pid-file= --bind-interfaces --listen-address=$silent --log-facility=- --addn-hosts="$work/hosts" '--local=/#/'
agent_again
shows_resolver $silent '.state == "answers" and .timeouts_since_answer_count == 0 and .unanswered_since_time == null' \
	"it came back"
json "$(row $silent) | .queries_total > $before and .timeouts_total >= 3" "its counts went on" status
json "$(row $resolver) | .answers_total >= $answered" "and those of the other" status
json '[.problems[] | select(.kind == "silent")] == []' "the problem is over" status

# A reload forgets nothing, and shows whom the new policy asks.
count=$(status | jq "$(row $silent).queries_total")
policy <<<"resolver $silent
allow www.health.example tcp:443"
eventually is '.resolvers | length == 1'
json ".resolvers | length == 1 and .[0].address == \"$silent\" and .[0].queries_total >= $count" \
	"a reload shows the resolvers of the new policy, and their counts go on" status
finish
