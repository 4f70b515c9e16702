#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A node goes from release 0.1.0, and from the last layout of the maps, to this version under traffic: nothing that is
# denied gets out, nothing that is allowed is refused, and what was learned need not be asked for again. Every other
# time the new agent is killed in the middle first. `make test-long` takes 20 times each.
. "$(dirname "$0")/../lib.sh"
needs_egret
new=$egret
rounds=${EGRET_TAKEOVERS:-2}
client=$root/build/tests/client
[ -x "$client" ] || skip "build/tests/client is not built"
declare -A old
for release in 0.1.0 5-last; do
	old[$release]=$("$root/tests/tools/release" "$release" 2>"$work/release.log")
	case $? in
	0) ;;
	77) skip "this clone has no history that goes back to $release" ;;
	*) die "release $release does not build: $(tail -n 3 "$work/release.log")" ;;
	esac
done
bed_up
pod_up web 11
internet ip route add 10.244.0.0/16 via 10.224.0.4
pins=/sys/fs/bpf/egret/$instance
fresh_names=3000
awk -v count=$fresh_names 'BEGIN {
	for (i = 0; i < count; i++)
		printf "20.7.%d.%d f%d.wild.example\n2603:1000:7::%x f%d.wild.example\n", i / 250, i % 250 + 1, i, i + 1, i
}' >>"$work/hosts"
dns www.exact.example 20.1.0.1
start "$work/serve.log" - "$id-inet" "$client" serve 8443
start "$work/echo.log" "$cg/system.slice/server.service" "$id-node" "$probe" serve udp:8081 tcp:8081
ask() { $1 dig +short +time=3 +tries=2 @$resolver "$2" A; }
# hits EGRET: of the rule for addresses that nobody uses meanwhile.
hits() { "$1" rules --instance "$instance" --json | jq '.[] | select(.rule | test("20.9.0.0")) | .packets_total // .packets'; }
rules() {
	policy <<-POLICY
		resolver 20.0.0.53
		allow www.exact.example tcp:443 tcp:7000 udp:7000
		allow *.wild.example    tcp:443 tcp:7000 udp:7000 udp:9000 tcp:8443 udp:8443
		allow 40.0.0.0/16       any
		deny  40.0.9.0/24
		allow 20.9.0.0/16       tcp:443
		$*
	POLICY
}
has_no_rule() { ! "$1" rules --instance "$instance" --json | grep -q "$2"; }

# Words without end, a line a try, in $work/NAME.tries.
tries() {
	local name=$1 cgroup=$2 netns=$3
	shift 3
	printf 'while :; do %s; sleep 0.05; done\n' "$*" >"$work/$name.sh"
	: >"$work/$name.tries"
	start "$work/$name.tries" "$cgroup" "$netns" bash "$work/$name.sh"
	trying+=("$started")
}

# What applications do whose names nobody asked for before: $fresh_names names in turn, of which a subject's share has
# room for fewer.
tries_fresh() {
	cat >"$work/fresh.sh" <<-TRY
		while :; do
			for part in f f1 f2; do "$client" fresh \$part 200 $resolver 8443; sleep 0.1; done
		done
	TRY
	: >"$work/fresh.tries"
	start "$work/fresh.tries" "$cg/system.slice/fresh.service" "$id-node" bash "$work/fresh.sh"
	trying+=("$started")
}

# all_tries NAME GOOD: there were some, and all of them ended well.
all_tries() {
	local bad
	bad=$(grep -vcE -- "$2" "$work/$1.tries")
	if [ -s "$work/$1.tries" ] && [ "$bad" = 0 ]; then
		passed "$1: $(wc -l <"$work/$1.tries") tries"
	else
		failed "$1: $bad of $(wc -l <"$work/$1.tries") tries failed: $(grep -vE -- "$2" "$work/$1.tries" | sort | uniq -c | head -n 5)"
	fi
}

under_traffic() {
	trying=()
	tries pod-learned "${pod_cgroup[web]}" "$id-web" "'$probe' tcp 20.3.0.2 443; '$probe' udp-send 20.3.0.2 9000"
	tries inbound - "$id-inet" "'$probe' udp 10.224.0.4 8081; '$probe' tcp-echo 10.224.0.4 8081"
	tries_fresh
	ledger_start allowed=40.0.0.1 allowed=20.1.0.1 allowed=20.3.0.1 denied=51.0.0.1 denied=20.3.0.9 denied=40.0.9.1
	sleep 0.5
}

traffic_ends() {
	local try
	sleep 0.5
	for try in "${trying[@]}"; do stop "$try"; done
	ledger_end
	all_tries pod-learned "^(connected|answered)"
	all_tries inbound "^answered"
	all_tries fresh " 0 first packets lost"
}

kill_in_the_middle() {
	start "$work/killed.log" - "$id-node" "$new" run --policy "$work/policy.rules" --cgroup "$cg" --instance "$instance"
	if eventually test -e "$pins/next_config"; then passed "a takeover begins"; else failed "$(cat "$work/killed.log")"; fi
	sleep "0.$((RANDOM % 10))"
	stop "$started" KILL
}

# What the old version leaves: two learned names that are gone from DNS, a connection that lives on, two that a policy cut,
# one of which has not sent since.
old_rules_with() {
	local this=$1 app="$cg/system.slice/app.service" number
	dns known.wild.example 20.3.0.1
	dns pods.wild.example 20.3.0.2
	rules "allow 20.5.0.0/16 tcp:443"
	egret=$this agent_start
	expect 20.3.0.1 "a name of the wildcard is asked for" ask node known.wild.example
	expect 20.3.0.2 "and one by a pod" ask "pod web" pods.wild.example
	dns known.wild.example
	dns pods.wild.example
	hold_open "live$2" "$app" "$id-node" 20.3.0.1 443
	hold_open "cut$2" "$app" "$id-node" 20.5.0.1 443
	hold_open "idle$2" "$app" "$id-node" 20.5.0.2 443
	for number in 1 2 3; do passes node 20.9.0.$number tcp:443; done
	rules
	eventually has_no_rule "$this" "20.5.0.0" || die "no reload: $(cat "$work/agent.log")"
	expect "timeout|EPERM" "a connection whose rule went is cut" hold_say "cut$2"
}

# take_over RELEASE ROUND
take_over() {
	local before
	echo "--- from $1, $2 of $rounds"
	old_rules_with "${old[$1]}" "$1-$2"
	before=$(hits "${old[$1]}")
	under_traffic
	stop "$agent" KILL
	if [ $(($2 % 2)) = 1 ]; then kill_in_the_middle; fi
	egret=$new agent_start
	traffic_ends
	expect ok "the live connection goes on" hold_say "live$1-$2"
	expect "timeout|EPERM" "what was cut stays cut" hold_say "cut$1-$2"
	expect "timeout|EPERM" "also where nothing was sent since" hold_say "idle$1-$2"
	json 'any(.[]; .name == "known.wild.example")' "the name is known by its text" egret_cmd learned --json
	json 'any(.[]; .name == "pods.wild.example")' "and the pod's" egret_cmd learned --json
	denied node 20.3.0.2 tcp:443
	if [ "$(hits "$new")" = "$before" ] && [ "$before" -gt 0 ]; then passed "hits go on from $before"; else failed "hits: $(hits "$new"), $before before"; fi
	json '.mode == "enforcing" and .attached' "this version enforces" egret_cmd status --json
	succeeds "nothing is left beside it" bash -c "! ls '$pins' | grep ^next_"
	stop "$agent"
	succeeds "detach" egret_cmd detach
	succeeds "leaves nothing" test ! -e "$pins"
}

for release in 0.1.0 5-last; do
	for round in $(seq "$rounds"); do take_over "$release" "$round"; done
done
nothing_arrived "51\.0\.0\.1|20\.3\.0\.9|40\.0\.9\.1"
finish
