#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The agent never stands still, whatever DNS does. A reload with 3,000 names at a silent resolver takes half a
# minute, and meanwhile the agent gives its sign of life, asks for names whose answer could not be read, and judges
# the probation of the policy that rules. Where nothing is attached yet, names are waited for two seconds alone.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
start "$work/liar.log" - "$id-inet" "$root/build/tests/liar" 20.0.0.54
eventually logged "$work/liar.log" ^ready || die "no liar: $(cat "$work/liar.log")"
internet nft -f - <<'NFT' || skip "nft does not work here"
table ip egret_silent {
	chain in { type filter hook prerouting priority -300; ip daddr 20.0.0.99 udp dport 53 drop; }
}
NFT
silent() { seq 3000 | sed 's/.*/allow n&.silent.example tcp:443/'; }

# A first attach.
policy < <(echo "resolver 20.0.0.99" && silent)
agent_start
waited=$(sed -n 's/.*started in .* names \([0-9]*\)\..*/\1/p' "$work/agent.log")
expect '[23]' "seconds that a first attach waits for names" echo "${waited:-none}"
logged "$work/agent.log" 'names: not resolved yet; until it is resolved, its rules allow only what DNS answers bring in' && passed "it says so" || failed "$(cat "$work/agent.log")"
denied node 51.0.0.1 tcp:443
stop "$agent"
succeeds "detach" egret_cmd detach --all

# However often the policy is written meanwhile, complete each time.
rm "$work/agent.log"
start "$work/agent.log" - "$id-node" "$egret" run --policy "$work/policy.rules" --cgroup "$cg" --instance "$instance"
agent=$started
(
	for i in {1..20}; do
		policy < <(echo "resolver 20.0.0.99" && echo "allow 20.9.0.$i tcp:1" && silent)
		sleep 1.3
	done
) &
writer=$!
attached() { logged "$work/agent.log" 'enforcing: instance'; }
eventually attached || eventually attached
kill -0 $writer && attached && passed "it is attached meanwhile" || failed "it waits for as long: $(cat "$work/agent.log")"
kill $writer; wait $writer 2>/dev/null
stop "$agent"
succeeds "detach" egret_cmd detach

# A reload.
policy <<'POLICY'
resolver 20.0.0.54
allow *.wild.example tcp:443
allow 20.9.0.1 tcp:4444
require 20.9.0.1 tcp:4444
POLICY
agent_start --probation 9s
policy < <(echo "resolver 20.0.0.99" && echo "allow 20.9.0.2 tcp:4444" && silent)
resolving() { logged "$work/agent.log" 'resolving names: [0-9]+ of 3000'; }
over() { logged "$work/agent.log" 'resolved 0 of 3000'; }
eventually resolving || failed "the new policy is not resolved: $(cat "$work/agent.log")"
node dig +noedns +short +tcp +time=5 +tries=1 @20.0.0.54 huge.wild.example A >/dev/null
learned() { egret_cmd learned --json | jq -e 'any(.[]; .name == "huge.wild.example" and .address == "20.2.0.22")'; }
eventually learned
if over; then failed "the reload was over before"; else succeeds "a name that a TCP stream lost is asked meanwhile" learned; fi
oldest=0 looked=0
fallen_back() { logged "$work/agent.log" ' auditing: .*20\.9\.0\.1'; }
judged=no
while ! over && [ $looked -lt 300 ]; do
	age=$(egret_cmd status --json | jq .agent.heartbeat_age_seconds)
	[ "${age:-99}" -le "$oldest" ] || oldest=$age
	fallen_back && ! over && judged=yes
	looked=$((looked + 1))
	sleep 0.1
done
expect '[01]' "the oldest sign of life in $looked looks, in seconds" echo "$oldest"
[ "$looked" -ge 5 ] && passed "so often was looked" || failed "the reload was over after $looked looks"
expect yes "probation is judged meanwhile" echo $judged
finish
