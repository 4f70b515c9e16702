#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Whoever learns, or only asks, much: it costs its own, and nobody else anything.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../talk.sh"
needs_egret
bed_up
pod_up busy 11
pod_up calm 12
pod_up shared 13 # its processes are in the node's namespace here
internet ip route add 10.244.0.0/16 via 10.224.0.4
silent=20.0.0.56 # a resolver that never answers: the test does
start "$work/liar.log" - "$id-inet" "$root/build/tests/liar" 20.0.0.54
eventually logged "$work/liar.log" ^ready || die "no liar: $(cat "$work/liar.log")"
rules() {
	cat <<POLICY
resolver 20.0.0.54
resolver $silent
allow *.wild.example  tcp:443
$*
POLICY
}
govern < <(rules) # not in a pipe: cleanup must know the agent
shared() { in_cgroup "${pod_cgroup[shared]}" "$id-node" "$@"; }

# asks WHO N [DOMAIN]: fN of the domain; the liar says which address that is.
asks() { expect "$(address "$2")" "$1 asks for f$2.${3:-wild}.example" dig_as "$1" "f$2.${3:-wild}.example"; }
dig_as() { $1 dig +noedns +short +time=3 +tries=2 @20.0.0.54 "$2" A; }
address() { echo "20.7.$(($1 / 250)).$(($1 % 250 + 1))"; }

# learn_many COUNT WHO FIRST: of as many names from fFIRST on.
learn_many() { expect learned "$2 learns $1 addresses" $2 "$forger" learn 20.0.0.54 "$3" "$1" f .wild.example; }
counted() { json ".dns_total[\"$1\"] $2" "status --json: $1 $2" egret_cmd status --json; }

# Questions of one socket: sixteen, and then sixteen in each place of its crowd. Those of one name whose ids
# differ by 64 share a place.
talk_open asker "$cg/system.slice/app.service" "$id-node" 4 5300
ask_all() {
	local query
	for query in "${@:2}"; do
		[ "$(talk asker ask $silent "$query" A "$1.wild.example")" = asked ] || failed "question $query is not asked"
	done
}
# answer WHO HOW ID NAME ADDRESS
answer() { tell asker "$1" "$2" $silent 10.224.0.4 5300 "$3" "$4.wild.example" "$5"; }
learned_of_node() { egret_cmd learned --json | jq "[.[].address | select(startswith(\"$1.\"))] | length"; }
ask_all first {1..16}
ask_all crowd {1000..1960..64} # sixteen
counted crowded "== 0"
ask_all crowd 2024
counted crowded "== 1"
answer ungoverned raw 2024 crowd 20.6.4.1
answer internet bound 2025 crowd 20.6.4.2
answer internet bound 1000 crowd 20.6.4.3
for query in {1..16}; do
	answer internet bound "$query" first "20.6.2.$query"
done
expect 16 "sixteen open questions of one socket teach" learned_of_node 20.6.2
for query in {1064..2024..64}; do
	answer internet bound "$query" crowd "20.6.3.$((query / 64))"
done
expect 16 "and those of its crowd, but the oldest of seventeen" learned_of_node 20.6.3
answer internet bound 2024 crowd 20.6.4.4
expect 0 "none of it by another id, over lo, twice, or when it is forgotten" learned_of_node 20.6.4
passes node 20.6.2.4 tcp:443
passes node 20.6.3.23 tcp:443
denied node 20.6.4.4 tcp:443

# Many addresses of one: while there is room, it may have more than its share.
asks "pod calm" 20000
asks node 20001
asks shared 20002
asks node 20002
asks node 20003
asks shared 20003
asks shared 20004
learn_many 1100 "pod busy" 0
passes "pod busy" "$(address 0)" tcp:443
passes "pod busy" "$(address 100)" tcp:443
passes "pod busy" "$(address 1099)" tcp:443
learn_many 1100 shared 2000
passes shared "$(address 20004)" tcp:443
passes shared "$(address 3099)" tcp:443
others_keep() {
	passes "pod calm" "$(address 20000)" tcp:443
	passes node "$(address 20001)" tcp:443
	passes node "$(address 20002)" tcp:443
	passes node "$(address 20003)" tcp:443
	passes node 20.6.2.1 tcp:443
}
others_keep
# More names than one may have at all: the oldest of its own go.
learn_many 9000 "pod busy" 30000
denied "pod busy" "$(address 0)" tcp:443
passes "pod busy" "$(address 38999)" tcp:443
others_keep
json '[.[] | select(.subject == "pod default/busy")] | length | . > 4000' "learned --json: it has what one may have" \
	egret_cmd learned --json
learn_many 1100 "pod busy" 0

# A flood of questions, without answers and with them, of names that a rule has and of others.
expect asked "20,000 questions without an answer" pod busy "$forger" flood $silent 0 20000 q .evil.example
expect asked "20,000 questions of a rule's names, without an answer" pod busy "$forger" flood $silent 0 20000 q .wild.example
expect learned "20,000 answers for names of no rule" pod busy "$forger" learn 20.0.0.54 22000 20000 f .evil.example
others_keep
passes "pod busy" "$(address 1099)" tcp:443
asks "pod calm" 20010
passes "pod calm" "$(address 20010)" tcp:443
denied "pod busy" "$(address 22000)" tcp:443
counted full "== 0"

rules "allow 20.9.0.1 tcp:443" >"$work/policy.rules"
has_reloaded() { egret_cmd rules --json | jq -e 'any(.[]; .rule == "allow 20.9.0.1 tcp:443")'; }
eventually has_reloaded || failed "no reload: $(cat "$work/agent.log")"
others_keep
passes "pod calm" "$(address 20010)" tcp:443
passes "pod busy" "$(address 1099)" tcp:443
finish
