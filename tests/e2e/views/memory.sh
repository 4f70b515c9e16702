#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What `status` says that the maps take is what the kernel charges to the agent's memory cgroup: the limit of a DaemonSet
# is about that. Both figures at rest are printed by `make test`; those of full maps by `make bench`.
. "$(dirname "$0")/../lib.sh"
needs_egret
memory_root=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2; exit }' /proc/mounts)
charged=memory.kmem.usage_in_bytes
if [ -z "$memory_root" ] && grep -qw memory "$cgroup_root/cgroup.subtree_control" 2>/dev/null; then
	memory_root=$cgroup_root charged=memory.current
fi
[ -n "$memory_root" ] || skip "no memory controller for cgroups can be used here"
bed_up
memory=$memory_root/$id-memory
mkdir "$memory" || skip "no memory cgroup can be made below $memory_root"
[ -r "$memory/$charged" ] || charged=memory.usage_in_bytes
more_cgroups+=("$memory")

status_bytes() { egret_cmd status --json | jq .maps_memory_bytes; }
charged_bytes() { cat "$memory/$charged"; }
mebibytes() { awk -v bytes="$1" 'BEGIN { printf "%.1f MiB", bytes / 1048576 }'; }

# agrees WHAT: the agent has ended, so that what is charged still is maps and programs; these take less than 3.8
# MiB (3.2 to 3.4 with the programs of the layer source).
agrees() {
	local said charges
	said=$(status_bytes) charges=$(charged_bytes)
	echo "note: memory $1: by status $(mebibytes "$said") in maps, charged $(mebibytes "$charges") with programs"
	if [ "$said" -lt $((charges + 524288)) ] && [ "$said" -gt $((charges - 3984588)) ]; then
		passed "$1: what status says is what is charged"
	else
		failed "$1: status says $said, the kernel charges $charges"
	fi
}

charged_agent() {
	rm -f "$work/agent.log"
	start "$work/agent.log" - "$id-node" sh -c "echo \$\$ >'$memory/cgroup.procs'; exec '$egret' run \
		--policy '$work/policy.rules' --cgroup '$cg' --instance $instance"
	agent=$started
	eventually agent_settled && agent_alive || die "the agent is not ready: $(cat "$work/agent.log")"
}

small_policy() {
	policy <<-POLICY
		resolver 20.0.0.53
		allow 51.0.0.0/8   tcp:443
		allow *.example    tcp:443
	POLICY
}

# 60,000 addresses.
large_policy() {
	for b in 1 2 3; do
		echo "set many$b = $(for c in $(seq 0 79); do printf "60.$b.$c.%s " $(seq 0 249); done)"
		echo "allow \${many$b} tcp:443"
	done >"$work/large.rules"
	mv "$work/large.rules" "$work/policy.rules"
}

# Before 6.4 the kernel says of a map that grows what it could take at most.
uname -r | awk -F. '{ exit !($1 > 6 || ($1 == 6 && $2 >= 4)) }' || agrees() { echo "note: memory $1: $(status_bytes) bytes"; }
is_small() { [ "$(status_bytes)" -le $((20 << 20)) ]; }

small_policy
charged_agent
stop "$agent"
agrees "at rest"
# Counters are there for each CPU: the bar is for a small node.
[ "$(nproc)" -gt 4 ] || succeeds "at rest the maps take 20 MiB at most" is_small

# What a policy took stays beside the one that follows, until the next.
large_policy
charged_agent
small_policy
eventually logged "$work/agent.log" 'enforcing.*1 CIDRs' || failed "the small policy does not rule: $(cat "$work/agent.log")"
stop "$agent"
agrees "with what the policy before left"
finish
