#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What Egret keeps with sockets is charged to the agent, whoever made them: a pod that hoards sockets with open questions
# does not get the agent killed under the DaemonSet's limit, where there is one, makes it hold no more a socket than
# `status` says, and takes nothing from its neighbours.
. "$(dirname "$0")/../lib.sh"
needs_egret
flood=$root/build/tests/flood
[ -x "$flood" ] || make -s -C "$root" build/tests/flood >&2 || die "tests/subjects does not build"
memory=/sys/fs/cgroup/memory/$id-agent
limit=$(sed '/- name: serve$/,$d' "$root/deploy/daemonset.yaml" | sed -n '/^ *limits:/,/^ *[a-z]*:$/ s/^ *memory: *\([0-9]*\)Mi$/\1/p')
sockets=${EGRET_HOARD:-17000}
[ -e /sys/fs/cgroup/memory/memory.limit_in_bytes ] || skip "no memory controller of cgroup v1 here"
bed_up
pod_up noisy 12
pod_up calm 11
internet ip route add 10.244.0.0/16 via 10.224.0.4
start "$work/liar.log" - "$id-inet" "$root/build/tests/liar" 20.0.0.54
eventually logged "$work/liar.log" ^ready || die "no liar: $(cat "$work/liar.log")"
mkdir "$memory" || skip "no cgroup of the memory controller can be made"
trap 'code=$?; remove_memory; (exit $code); cleanup' EXIT
remove_memory() {
	local pid
	while read -r pid; do
		echo "$pid" >/sys/fs/cgroup/memory/cgroup.procs
	done <"$memory/cgroup.procs" 2>/dev/null
	eventually rmdir "$memory"
}
[ -z "$limit" ] || echo $((limit << 20)) >"$memory/memory.limit_in_bytes"
lives() { if agent_alive; then passed "the agent lives"; else failed "the agent is dead"; fi; }
used_mib() { echo $(($(cat "$memory/memory.usage_in_bytes") >> 20)); }

policy <<'POLICY'
resolver 20.0.0.56
resolver 20.0.0.54
allow *.wild.example tcp:443
allow 20.1.0.1 tcp:443 udp:123
POLICY
rm -rf "$EGRET_STATE"
under_limit() { echo "$BASHPID" >"$memory/cgroup.procs" && shift && exec "$@"; }
(under_limit - nsenter --net="/run/netns/$id-node" "$egret" run --policy "$work/policy.rules" --cgroup "$cg" \
	--instance "$instance") >"$work/agent.log" 2>&1 </dev/null &
agent=$!
pids+=("$agent")
eventually agent_settled || die "the agent is not ready: $(cat "$work/agent.log")"
at_rest=$(used_mib)
start "$work/hoard.log" "${pod_cgroup[noisy]}" "$id-noisy" "$flood" hoard 20.0.0.56 "$sockets" 18
hoard=$started
for _ in 1 2 3 4 5 6; do eventually logged "$work/hoard.log" ^sockets && break; done
cat "$work/hoard.log"
hoarding=$(used_mib)
each=$(egret_cmd status --json | jq .sockets.each_max_bytes)
echo "note: the agent's group: $at_rest MiB at rest, $hoarding MiB with $sockets sockets, of ${limit:-any}; at most $each octets a socket"
lives
expect 0 "its limit was not reached" cat "$memory/memory.failcnt"
holds_what_status_says() { [ $((hoarding - at_rest)) -le $(((sockets * each >> 20) + 8)) ]; }
succeeds "a socket holds what status says at most" holds_what_status_says
passes "pod calm" 20.1.0.1 tcp:443 udp:123
passes node 20.1.0.1 tcp:443 udp:123
expect 20.7.0.8 "the neighbour resolves" pod calm dig +noedns +short +time=3 +tries=2 @20.0.0.54 f7.wild.example A
passes "pod calm" 20.7.0.8 tcp:443
cp "$work/policy.rules" "$work/next.rules"
echo "allow 20.1.0.2 tcp:443" >>"$work/next.rules"
mv "$work/next.rules" "$work/policy.rules"
kill -HUP "$agent"
enforced() { [ "$(grep -c enforcing: "$work/agent.log")" -gt 1 ]; }
eventually enforced || failed "no reload: $(cat "$work/agent.log")"
passes "pod calm" 20.1.0.2 tcp:443
stop "$hoard"
lives
finish
