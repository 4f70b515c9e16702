#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Answers come in while one policy replaces the other, by patterns that differ: no first packet to what an answer
# brought is lost, no question of a pod stays without its answer for long, and what was learned before the first reload
# is learned after the last. EGRET_ANSWERING_SEC says for how long; `make test-long` goes on for ten minutes.
. "$(dirname "$0")/../lib.sh"
needs_egret
seconds=${EGRET_ANSWERING_SEC:-12}
client=$root/build/tests/client
[ -x "$client" ] || skip "build/tests/client is not built"
bed_up
pod_up web 11
internet ip route add 10.244.0.0/16 via 10.224.0.4
fresh_names=3000 kept_names=60
awk -v fresh=$fresh_names -v kept=$kept_names 'BEGIN {
	for (i = 0; i < fresh; i++)
		printf "20.7.%d.%d f%d.wild.example\n2603:1000:7::%x f%d.wild.example\n", i / 250, i % 250 + 1, i, i + 1, i
	for (i = 1; i <= kept; i++)
		printf "20.8.0.%d k%d.wild.example\n", i, i
}' >>"$work/hosts"
dns pods.wild.example 20.3.0.2
start "$work/serve.log" - "$id-inet" "$client" serve 8443

# rules PATTERN NUMBER
rules() {
	policy <<-POLICY
		resolver 20.0.0.53
		allow $1  tcp:443 tcp:8443 udp:8443
		allow 40.0.$2.0/24  any
	POLICY
}

rules '*.wild.example' 0
agent_start
for ((i = 1; i <= kept_names; i++)); do node dig +short +time=3 +tries=2 @$resolver k$i.wild.example A; done >"$work/kept"
expect "$kept_names" "names are learned before the first reload" grep -c '^20\.8\.0\.' "$work/kept"

cat >"$work/fresh.sh" <<-TRY
	while :; do
		for part in f f1 f2; do "$client" fresh \$part 200 $resolver 8443; done
	done
TRY
cat >"$work/pod.sh" <<-TRY
	while :; do
		dig +short +time=1 +tries=1 @$resolver pods.wild.example A | head -n 1
		sleep 0.05
	done
TRY
start "$work/fresh.tries" "$cg/system.slice/fresh.service" "$id-node" bash "$work/fresh.sh"
fresh=$started
start "$work/pod.tries" "${pod_cgroup[web]}" "$id-web" bash "$work/pod.sh"
pod=$started
ends=$((SECONDS + seconds)) reloads=0
while [ $SECONDS -lt $ends ]; do
	reloads=$((reloads + 1))
	if [ $((reloads % 2)) = 0 ]; then rules '*.wild.example' $((reloads % 200)); else rules '*.example' $((reloads % 200)); fi
	sleep "0.$((RANDOM % 6 + 2))"
done
rules '*.wild.example' 201
has_last_rule() { egret_cmd rules --json | jq -e 'any(.[]; .rule | test("40.0.201.0"))' >/dev/null; }
eventually has_last_rule || failed "the last policy does not rule: $(cat "$work/agent.log")"
sleep 2
stop "$fresh"
stop "$pod"

egret_cmd status --json | jq -c .dns_total
lost=$(grep -vc " 0 first packets lost" "$work/fresh.tries")
if [ "$lost" = 0 ] && [ -s "$work/fresh.tries" ]; then
	passed "no first packet is lost in $(wc -l <"$work/fresh.tries") times 200 names under $reloads reloads"
else
	failed "first packets are lost under reloads: $(grep -v " 0 first packets lost" "$work/fresh.tries" | head -n 3)"
fi
# The longest run of questions without an answer: dig then says so in a line that begins with a semicolon.
longest=$(awk '/^20\.3\.0\.2$/ { run = 0; next } { if (++run > most) most = run } END { print most + 0 }' "$work/pod.tries")
echo "note: reload-and-answers: a pod asked $(wc -l <"$work/pod.tries") times; in a row unanswered: $longest at most"
if [ "$longest" -lt 4 ] && grep -q '^20\.3\.0\.2$' "$work/pod.tries"; then
	passed "a pod's questions are answered under reloads"
else
	failed "a pod asked $longest times in a row without an answer"
fi
refused=0
for ((i = 1; i <= kept_names; i++)); do
	[[ $(node "$probe" tcp 20.8.0.$i 443) == connected* ]] || refused=$((refused + 1))
done
expect 0 "what was learned before the first reload is learned after the last" echo $refused
finish
