#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What `explain` says of a subject, an address and a port is what became of its packets, and what their rows in `drops`
# say: verdict, reason and rule, under random policies, random answers and random traffic. EGRET_SEED says which.
. "$(dirname "$0")/../lib.sh"
needs_egret
seed=${EGRET_SEED:-$((RANDOM * 32768 + RANDOM))}
echo "note: EGRET_SEED=$seed"
RANDOM=$((seed % 32768))
bed_up
pod_up web 11
pod_up shop 12
nat_up </dev/null

declare -A subject=([node]="cgroup $cg/system.slice/app.service" ["pod web"]="pod default/web" ["pod shop"]="pod default/shop")
names=(a.x.example b.x.example c.y.x.example a.z.example b.z.example fixed.example)
ports=(tcp:443 tcp:80 udp:123)
pick() { eval "picked=\${$1[RANDOM % \${#$1[@]}]}"; }
for i in "${!names[@]}"; do
	echo "20.1.0.$((i + 1)) ${names[i]}" >>"$work/hosts"
	echo "20.1.0.$((i / 2 + 1)) ${names[i]}" >>"$work/hosts" # which is another name's as well
done
dns last.example 20.1.0.99

draw_policy() {
	local destinations=("*.x.example" "*.y.x.example" "*.z.example" "${names[@]}" 20.1.0.0/29 20.1.0.2 20.1.0.4)
	local whom=("" "" "for host" "for pods") i action destination port
	echo "set floor = off"
	echo "resolver $resolver"
	echo "allow *.x.example tcp:443"
	for i in {1..6}; do
		action=allow
		[ $((RANDOM % 5)) = 0 ] && action=deny
		pick destinations
		destination=$picked
		pick ports
		port=$picked
		[ "$action" = deny ] && [ $((RANDOM % 2)) = 0 ] && port=
		pick whom
		echo "$action $destination $port $picked"
	done
}

# Each asks for some names, then tries some addresses; what became of it in $work/tried: WHO|ADDRESS|PORT|VERDICT.
draw_traffic() {
	local who i address
	for who in "${!subject[@]}"; do
		pick names
		# shellcheck disable=SC2086 # these are words
		$who dig +short +tries=1 @$resolver "$picked" A "${names[RANDOM % ${#names[@]}]}" A >/dev/null
	done
	for who in "${!subject[@]}"; do
		for i in {1..6}; do
			address=20.1.0.$((RANDOM % ${#names[@]} + 1))
			pick ports
			echo "$who|$address|$picked|$(try "$who" "$address" "$picked" 2>&1 </dev/null | head -n 1)" >>"$work/tried"
		done
	done
}

hold_explain_to_traffic() {
	local who address port verdict said
	while IFS='|' read -r who address port verdict; do
		# shellcheck disable=SC2086 # these are words
		egret_cmd explain "$address" "$port" for ${subject[$who]} >"$work/output" 2>&1 </dev/null
		said=$?
		case $verdict:$said in
		EPERM*:1 | connected*:0 | answered*:0) agreed=$((agreed + 1)) ;;
		*) failed "$who $address $port: $verdict, and explain says $said: $(cat "$work/output"); $(cat "$work/policy.rules")" ;;
		esac
	done <"$work/tried"
}

hold_explain_to_rows() {
	local number
	for number in $(egret_cmd drops --json | jq '[.[] | select(.outdated | not).number] | unique[]'); do
		egret_cmd explain "$number" --json >"$work/row.json"
		if jq -e 'length > 0 and all(.[] | select(.outdated | not); .now.allowed == false and
			.now.reason == .kernel_reason and (.now.must_ask or .now.rule == .rule))' "$work/row.json" >/dev/null; then
			rows=$((rows + 1))
		else
			failed "row $number: $(jq -c 'map({address, port, kernel_reason, rule, now})' "$work/row.json"); $(cat "$work/policy.rules")"
		fi
	done
}

loaded() { [ "$(grep -c enforcing: "$work/agent.log")" -ge "$1" ]; }

agreed=0 rows=0
for round in 1 2; do
	draw_policy >"$work/next.rules"
	if [ $round = 1 ]; then
		cp "$work/next.rules" "$work/policy.rules"
		agent_start
	else
		mv "$work/next.rules" "$work/policy.rules"
		eventually loaded $round || die "no reload: $(tail -n 5 "$work/agent.log")"
	fi
	egret_cmd drops --clear >/dev/null
	rm -f "$work/tried"
	draw_traffic
	hold_explain_to_traffic
	hold_explain_to_rows
done
expect "[1-9][0-9]*" "verdicts that explain gives, too" echo "$agreed"
expect "[1-9][0-9]*" "rows that explain agrees with" echo "$rows"
finish
