#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# SIGKILL of the agent at random moments: while it starts and adopts, while it reloads, while it
# serves. Traffic runs all the time, and both ends account for every packet. EGRET_KILLS says how
# often, EGRET_SEED repeats a run.
. "$(dirname "$0")/../lib.sh"
needs_egret
kills=${EGRET_KILLS:-10}
seed=${EGRET_SEED:-$((RANDOM * 32768 + RANDOM))}
RANDOM=$seed
echo "seed $seed, $kills kills"
bed_up
dns www.killed.example 20.1.0.1 2603:1000::1:1
dns a.wild.example 20.5.0.1
dns denied.wild.example 20.5.0.2

write_policy() {
	policy <<-POLICY
		set min_ttl = 3600
		resolver 20.0.0.53
		allow www.killed.example  tcp:7000 udp:7000
		allow 20.2.0.1            tcp:7000 udp:7000
		allow 20.3.0.0/16         tcp:7000 udp:7000
		deny  20.3.0.66
		allow *.wild.example      tcp:7000 udp:7000
		deny  denied.wild.example
		allow 20.9.0.$(($1 % 200 + 1))  tcp:443   # another policy each time
	POLICY
}

# --- where it is killed; each leaves the agent running ---

in_start() {
	write_policy "$1"
	agent_launch
	any_nap "$start_ms"
}

in_service() {
	agent_launch
	eventually agent_settled || eventually agent_settled
	agent_ready || failed "the agent did not begin after a kill: $(cat "$work/agent.log")"
	any_nap 100
}

# The files are written just before: the agent looks at them 300 ms later, and reloads.
in_reload_by_file() {
	in_service
	write_policy "$1"
	sleep 0.28
	any_nap 200
}

in_reload_by_signal() {
	in_service
	write_policy "$1"
	kill -HUP "$agent"
	any_nap 150
}

write_policy 0
begin=$(milliseconds)
agent_start
start_ms=$(($(milliseconds) - begin + 100))
[ "$start_ms" -lt 1000 ] || start_ms=999
node dig +short +time=3 +tries=1 @$resolver a.wild.example A >/dev/null
node dig +short +time=3 +tries=1 @$resolver denied.wild.example A >/dev/null
ledger_start allowed=20.1.0.1 denied=51.0.0.1 allowed=2603:1000::1:1 denied=2603:1000:51::1 \
	allowed=20.2.0.1 denied=20.1.0.2 allowed=20.3.0.9 denied=20.3.0.66 allowed=20.5.0.1 denied=20.5.0.2
moments=(in_start in_start in_service in_reload_by_file in_reload_by_signal)
declare -A killed
early=0
stop "$agent" KILL
for kill in $(seq 2 "$kills"); do
	moment=${moments[kill % ${#moments[@]}]}
	$moment "$kill"
	agent_alive || failed "kill $kill $moment: the agent had ended: $(cat "$work/agent.log")"
	stop "$agent" KILL
	agent_ready || early=$((early + 1))
	killed[$moment]=$((${killed[$moment]:-0} + 1))
done
ledger_end
for moment in "${!killed[@]}"; do
	echo "${killed[$moment]} times $moment"
done
echo "$early times before it said that it enforces"

# The next one takes over what so many left.
write_policy "$kills"
agent_start
denied node 51.0.0.1 tcp:443
passes node "20.9.0.$((kills % 200 + 1))" tcp:443
succeeds "status" egret_cmd status
shows 'enforcing' "it enforces"

# And what was never finished: killed while it attaches for the first time.
for _ in 1 2 3; do
	stop "$agent" KILL
	egret_cmd detach >/dev/null 2>&1 # fails where it had not begun
	agent_launch
	any_nap "$start_ms"
	stop "$agent" KILL
done
agent_start
denied node 51.0.0.1 tcp:443 udp:443 send:443
passes node "20.9.0.$((kills % 200 + 1))" tcp:443
stop "$agent"
succeeds "detach" egret_cmd detach
expect "" "nothing is pinned" find /sys/fs/bpf -mindepth 1 -path '*egret*'
expect "" "nothing is attached" bpftool cgroup show "$cg"
expect "" "no cgroup is left of a self-test" find "$cg" -mindepth 1 -name 'egret-*' -type d
finish
