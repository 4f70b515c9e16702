#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# One pod floods with all that it can at once: denials, peers, names, questions, sockets, what comes in to it. The pod
# beside it, and a service, keep what they learned, resolve and reach new names, are answered, and see their denials.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../talk.sh"
needs_egret
flood=$root/build/tests/flood tight=$root/build/tests/tight
for tool in "$flood" "$tight"; do
	[ -x "$tool" ] || make -s -C "$root" "${tool#"$root/"}" >&2 || die "tests/subjects does not build"
done
internet_ports="tcp:443 udp:9000 udp:123"
bed_up
pod_up calm 11
pod_up noisy 12
internet ip route add 10.244.0.0/16 via 10.224.0.4
internet nft -f - <<-'NFT' || die "no nft"
	table ip egret_wire {
		chain in {
			type filter hook prerouting priority -300;
			ip ttl 32-33 drop
			ip daddr 40.0.0.0/8 udp dport 9000 drop
		}
	}
NFT
silent=20.0.0.56 # a resolver that never answers
start "$work/liar.log" - "$id-inet" "$root/build/tests/liar" 20.0.0.54
eventually logged "$work/liar.log" ^ready || die "no liar: $(cat "$work/liar.log")"
govern <<POLICY
resolver 20.0.0.54
resolver $silent
allow *.wild.example  tcp:443
allow 20.1.0.1        udp:9000 tcp:443
allow 40.0.0.0/8      udp:9000
POLICY
address() { echo "20.7.$(($1 / 250)).$(($1 % 250 + 1))"; }
service() { in_cgroup "$cg/system.slice/quiet.service" "$id-node" "$@"; }

# resolves WHO N: fN of the wildcard, and reaches it at once.
resolves() {
	local addr
	addr=$($1 dig +noedns +short +time=3 +tries=2 @20.0.0.54 "f$2.wild.example" A)
	[ "$addr" = "$(address "$2")" ] || { echo "no-answer $addr" && return; }
	$1 "$probe" tcp "$addr" 443
}
keeps() {
	passes "pod calm" "$(address 20000)" tcp:443
	passes service "$(address 20001)" tcp:443
	expect sent "$1: the pod answers what came in to it" talk calm send 10.224.0.1 5400
}
# denials WHO-REGEX: its rows' destinations.
denials_of() {
	egret_cmd drops --json | jq -r --arg who "$1" '[.[] | select(.subject | test($who)) | .address // "" | select(startswith("51.6.6."))] | sort | unique | join(",")'
}
map_memory() { egret_cmd status --json | jq '[.maps[].memory_bytes] | add'; }

# What they have before.
expect connected "the pod resolves a name" resolves "pod calm" 20000
expect connected "the service resolves another" resolves service 20001
denied "pod calm" 51.6.6.6 tcp:443
denied "pod calm" 51.6.6.7 send:123
denied service 51.6.6.8 tcp:443
# Names for people: of answers, of denials, the noisy pod's own.
asks_outside() { expect "$(address "$2")" "$1 asks for f$2.evil.example" $1 dig +noedns +short +time=3 +tries=2 @20.0.0.54 "f$2.evil.example" A; }
asks_outside "pod calm" 20005
denied "pod calm" "$(address 20005)" tcp:443
expect connected "the noisy pod resolves a name" resolves "pod noisy" 20006
# names_of COMMAND ADDRESS POD: as the command tells them.
names_of() {
	egret_cmd "$1" --json | jq -r --arg address "$2" --arg pod "$3" \
		'[.[] | select(.address == $address and (.subject | test($pod))) | .name // "" | ltrimstr("by name ")] | unique | join(",")'
}
tells_names() {
	expect f20000.wild.example "$1, learned has the name of the pod's answer" names_of learned "$(address 20000)" default/calm
	expect f20005.evil.example "$1, drops has the name of what is denied to the pod" names_of drops "$(address 20005)" default/calm
	expect f20006.wild.example "$1, learned has the name of the noisy pod's own answer" names_of learned "$(address 20006)" default/noisy
}
tells_names "before the flood"
talk_open calm "${pod_cgroup[calm]}" "$id-calm" 4 5300
talk_open internet - "$id-inet" 4 5400
expect sent "something comes in to the pod" talk internet send 10.244.0.11 5300
eventually logged "$work/calm.talk" "^got 10[.]224[.]0[.]1" || failed "nothing came in to the pod"
expect sent "it is answered" talk calm send 10.224.0.1 5400
expect sent "and more comes" talk internet send 10.244.0.11 5300
memory_before=$(map_memory)

# The flood.
denials=${EGRET_FLOOD:-20000}
start "$work/noisy-server.log" "${pod_cgroup[noisy]}" "$id-noisy" "$probe" serve udp:8080
eventually logged "$work/noisy-server.log" ^ready
start "$work/calm-tight.log" "${pod_cgroup[calm]}" "$id-calm" "$tight" passes udp 20.1.0.1 9000 refused udp 51.6.6.9 9000
calm_tight=$started
start "$work/hoard.log" "${pod_cgroup[noisy]}" "$id-noisy" "$flood" hoard $silent 2000 40
hoard=$started
noise() {
	pod noisy "$flood" to 52.0.0.0 "$denials" 443 1
	pod noisy "$flood" to 53.0.0.0 "$((denials / 4))" 443 64
	pod noisy "$flood" to 40.0.0.0 "$denials" 9000 1
	pod noisy "$flood" to 40.64.0.0 "$denials" 9000 64
	internet "$flood" from 20.64.0.0 "$denials" 10.244.0.12 8080
	touch "$work/noise-done"
}
noise >"$work/noise.log" 2>&1 &
pids+=($!)
noise2() {
	pod noisy "$forger" learn 20.0.0.54 0 3000 f .wild.example
	pod noisy "$forger" learn 20.0.0.54 30000 5000 f .evil.example
	pod noisy "$forger" flood $silent 0 20000 q .wild.example
	pod noisy "$forger" flood $silent 0 20000 q .evil.example
	touch "$work/noise2-done"
}
noise2 >"$work/noise2.log" 2>&1 &
pids+=($!)
fresh=22000
while [ ! -e "$work/noise-done" ] || [ ! -e "$work/noise2-done" ]; do
	for who in "pod calm" service; do
		fresh=$((fresh + 1))
		outcome=$(resolves "$who" $fresh)
		echo "$who $outcome" >>"$work/meanwhile"
	done
done
expect 0 "of $(wc -l <"$work/meanwhile") names that they resolved meanwhile, unreachable were" grep -vc " connected" "$work/meanwhile"
sort "$work/meanwhile" | awk '{ $NF = "" } 1' | uniq -c
eventually logged "$work/hoard.log" ^sockets
sed 's/^/     /' "$work/noise.log" "$work/noise2.log" "$work/hoard.log"
if stop "$calm_tight"; then
	passed "the pod's packets meanwhile: $(tr '\n' ';' <"$work/calm-tight.log")"
else
	failed "the pod's packets meanwhile: $(cat "$work/calm-tight.log")"
fi

keeps "after the flood"
tells_names "after the flood"
denied "pod calm" 51.6.6.5 tcp:443
expect 51.6.6.5,51.6.6.6,51.6.6.7,51.6.6.9 "drops has the pod's" denials_of "default/calm"
expect 51.6.6.8 "drops has the service's" denials_of "quiet.service"
# Each denial is on the books: what has no row of its own stands in one for all of the subject's others.
refused=$(($(sed -n 's/.* refused \([0-9]*\)/\1+/p' "$work/noise.log" | tr -d '\n')0))
of_noisy() { egret_cmd drops --json | jq '[.[] | select(.subject | test("default/noisy")) | .packets_total] | add // 0'; }
expect 1 "all of its $refused denials are accounted for ($(of_noisy))" awk -v got="$(of_noisy)" -v want="$refused" 'BEGIN { print (got >= want) }'
memory=$(map_memory)
echo "maps: $memory_before bytes before, $memory after the flood"
expect 1 "and the maps have a bound" awk -v memory="$memory" 'BEGIN { print (memory <= (64 + 64) * 1048576) }'
agent_alive || failed "the agent ended"

# Nor does a reload lose theirs, when all of it has to be looked at.
echo "allow 20.9.0.1 tcp:443" >>"$work/policy.rules"
enforced() { [ "$(grep -c enforcing: "$work/agent.log")" -gt 1 ]; }
kill -HUP "$agent"
eventually enforced || die "no reload: $(cat "$work/agent.log")"
keeps "after a reload"
stop "$hoard"
finish
