#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# valgrind.sh [SECONDS]: agents under memcheck while names change, traffic flows and agents
# take over from each other; the last is ended by SIGTERM. Any error or lost block fails.
. "$(dirname "$0")/../e2e/lib.sh"
needs_egret
command -v valgrind >/dev/null || skip "valgrind is not installed"
seconds=${1:-60}
agents=3
reports=$root/build/valgrind
mkdir -p "$reports"
rm -f "$reports"/*.log

bed_up
pod_up web 21
dns stays.valgrind.example 20.1.0.1 2603:1000::1:1
dns moves.valgrind.example 20.1.0.2
dns comes.valgrind.example 20.1.0.4
policy <<POLICY
set min_ttl = 1
set max_ttl = 2
resolver 20.0.0.53
allow stays.valgrind.example  tcp:443
allow moves.valgrind.example  tcp:443 udp:123
allow comes.valgrind.example  tcp:443
allow never.valgrind.example  tcp:443
allow *.pattern.example       tcp:443
allow 20.2.0.0/16             udp:123
allow 20.3.0.1                tcp:443  for cgroup /$id/system.slice
deny  51.9.9.9
POLICY

# agent_under_valgrind N: as agent_start, with a report of its own. Valgrind takes its time.
agent_under_valgrind() {
	rm -f "$work/agent.log"
	start "$work/agent.log" - "$id-node" valgrind --error-exitcode=99 --leak-check=full \
		--errors-for-leak-kinds=definite --track-fds=yes --child-silent-after-fork=yes \
		--suppressions="$root/tests/tools/valgrind.supp" --log-file="$reports/agent-$1.log" \
		"$egret" run --policy "$work/policy.rules" --cgroup "$cg" --instance "$instance"
	agent=$started
	eventually agent_settled || eventually agent_settled || eventually agent_settled ||
		die "the agent is not ready: $(cat "$work/agent.log")"
	agent_alive || die "the agent ended: $(cat "$work/agent.log" "$reports/agent-$1.log")"
}

# One turn of what a node does; names get another address each time.
turn=0
one_turn() {
	turn=$((turn + 1))
	dns moves.valgrind.example "20.1.1.$((turn % 250 + 1))" "2603:1000::2:$((turn % 250 + 1))"
	if [ $((turn % 3)) = 0 ]; then
		dns comes.valgrind.example
	else
		dns comes.valgrind.example 20.1.0.4 "20.1.2.$((turn % 250 + 1))"
	fi
	node "$probe" tcp 20.1.0.1 443
	node "$probe" tcp 51.0.0.1 443
	node "$probe" udp-send "51.0.1.$((turn % 250 + 1))" 123
	pod web "$probe" tcp 51.0.0.2 443
	mkdir -p "$cg/kubepods/pod-$turn"
	egret_cmd status
	egret_cmd drops
} >>"$work/turns.out" 2>&1

# Descriptors that the agent itself opened and did not close.
open_descriptors() {
	echo $(($(grep -c '== Open ' "$1") - $(grep -c '<inherited from parent>' "$1")))
}

# end_agent N: SIGTERM; the exit code is 99 if memcheck found anything.
end_agent() {
	local code report=$reports/agent-$1.log
	kill -TERM "$agent"
	wait "$agent"
	code=$?
	if [ $code = 0 ]; then
		passed "agent $1: $(sed -n 's/.*ERROR SUMMARY: //p' "$report")"
	else
		failed "agent $1: exit code $code: $(cat "$report")"
	fi
	expect 0 "agent $1 leaves no descriptor open" open_descriptors "$report"
}

for number in $(seq $agents); do
	agent_under_valgrind "$number"
	end=$((SECONDS + seconds / agents))
	while [ $SECONDS -lt $end ]; do
		one_turn
		sleep 0.5
	done
	passes node 20.1.0.1 tcp:443
	denied node 51.0.0.1 tcp:443
	# Another policy for the next one, which takes over what runs.
	echo "allow 20.4.0.$number tcp:443" >>"$work/policy.rules"
	end_agent "$number"
done
[ "$turn" -gt "$agents" ] || failed "only $turn turns"
finish
