#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A rule for a service or for pods holds from the first packet of a process that is born in a cgroup made a moment
# before: while the agent lives, reloads, is dead, and begins anew. A service that is restarted has another cgroup each time.
#
# What arrives is counted where it arrives as well. EGRET_NEWBORN cgroups of each kind in each state of the agent, and
# EGRET_RESTARTS restarts of one service.
. "$(dirname "$0")/../lib.sh"
needs_egret
each=${EGRET_NEWBORN:-80}
restarts=${EGRET_RESTARTS:-150}
internet_ports="tcp:9000 udp:9000"
bed_up
any="tcp:9000 udp:9000"
t=/$id/t
mkdir -p "$cg/t/other.service" "$cg/kubepods/burstable" "$cg/late"

rules() {
	cat <<-POLICY
		allow 20.1.0.1  $any
		deny  20.1.0.1       for cgroup $t/barred.service
		allow 20.1.0.2  $any for cgroup $t/chosen.service
		allow 20.1.0.3  $any for pods
		allow 20.1.0.4  $any for host
		allow 20.1.0.5  $any
		deny  20.1.0.5       for pods
	POLICY
}
# The other policy means the same for all of them, by other numbers of everything.
other_rules() {
	cat <<-POLICY
		allow 20.2.0.1  $any for cgroup /$id/a/a.service
		deny  20.2.0.1       for cgroup /$id/a/b.service
		allow 20.2.0.2  $any for cgroup $t
	POLICY
	rules | tac
	echo "deny 20.2.0.2 for pods"
}
{ rules; } | policy "$work/one.rules"
{ other_rules; } | policy "$work/other.rules"

# wire_counts ADDR...: the datagrams and the beginnings of connections that arrive there are counted from now on.
wire_counts() {
	local addr kind
	internet nft add table ip egret_wire || skip "nft does not work here"
	internet nft add chain ip egret_wire in '{ type filter hook prerouting priority -300; }'
	for addr; do
		for kind in "udp dport 9000" "tcp flags & (syn | ack | rst) == syn"; do
			internet nft add rule ip egret_wire in ip daddr "$addr" "$kind" counter comment "\"$addr\""
		done
	done
}

# arrived_at ADDR...: a line for each, with how many came so far.
arrived_at() {
	local addr
	for addr; do
		internet nft -j list table ip egret_wire | jq -r --arg addr "$addr" \
			'"\($addr) \([.nftables[].rule? | select(.comment == $addr) | .expr[].counter.packets // empty] | add)"'
	done
}

# born WHEN PATH COUNT "ADDR..." "ADDR...": all that is sent to the first passes, nothing to the others.
born() {
	local when=$1 path=$2 count=$3 addr targets=()
	for addr in $4 $5; do
		targets+=("$addr" 9000)
	done
	for addr in $4; do echo "$addr sent $((2 * count)) refused 0"; done >"$work/born.right"
	for addr in $5; do echo "$addr sent 0 refused $((2 * count))"; done >>"$work/born.right"
	# shellcheck disable=SC2086
	arrived_at $5 >"$work/born.before"
	# A process that waits for its turn is no newborn.
	in_cgroup - "$id-node" nice -n -15 "$newborn" "$cg/$path" "$count" "${targets[@]}" >"$work/born" 2>&1
	# shellcheck disable=SC2086
	arrived_at $5 >"$work/born.after"
	if grep -v ^made "$work/born" | diff - "$work/born.right" >"$work/born.diff" &&
		cmp -s "$work/born.before" "$work/born.after"; then
		passed "$when: $count times $path: $(tail -n 1 "$work/born")"
	else
		failed "$when: $path: $(cat "$work/born.diff"); arrived $(diff "$work/born.before" "$work/born.after")"
	fi
}

all_kinds() {
	born "$1" t/barred.service "$each" 20.1.0.5 20.1.0.1
	born "$1" t/chosen.service "$each" "20.1.0.2 20.1.0.1" 20.1.0.3
	born "$1" "t/chosen.service/w{}/x" "$((each / 4))" "20.1.0.2 20.1.0.4" 20.1.0.3
	born "$1" "kubepods/burstable/pod{}-0000-4000-8000-000000000000/{}" "$each" "20.1.0.3 20.1.0.1" "20.1.0.4 20.1.0.5"
	born "$1" "late/kubepods.slice/kubepods-pod{}.slice/cri-containerd-{}.scope" "$((each / 4))" "20.1.0.3" "20.1.0.2 20.1.0.5"
}

# The maps that have one for each cgroup of the machine have so many: no more and no fewer. Others come and go meanwhile, so it
# is looked at until nothing did between two looks.
cgroups() { find "$cgroup_root" -type d 2>/dev/null | wc -l; }
as_many_entries() {
	local before entries
	before=$(cgroups)
	entries=$(egret_cmd status --json | jq -c '[.maps[] | select(.map == "subjects" or .map == "audiences") | .entries_count]')
	echo "$before cgroups, entries $entries"
	[ "$before" = "$(cgroups)" ] && [ "$entries" = "[$before,$before]" ]
}

newborn=$root/build/tests/newborn
[ -x "$newborn" ] || make -s -C "$root" build/tests/newborn >&2 || die "tests/subjects does not build"
wire_counts 20.1.0.1 20.1.0.2 20.1.0.3 20.1.0.4 20.1.0.5
# A thousand cgroups a second: what they cost.
cpu_ms() { awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) * 1000 / hz }' "/proc/$1/stat"; }
made_in() { "$newborn" "$cg/many/{}" 3000 | grep -o '[0-9]* ms'; }
echo "3000 cgroups made and removed, without an agent: $(made_in)"
cp "$work/one.rules" "$work/policy.rules"
agent_start
echo "3000 cgroups made and removed, with one: $(made_in)"
before=$(cpu_ms "$agent")
"$newborn" -p 900 "$cg/many/{}" 3000 >"$work/born"
echo "$(cat "$work/born"): the agent used $(echo "$(cpu_ms "$agent") - $before" | bc) ms of a core"
all_kinds alive

reload_for_ever() {
	local next=other
	while [ ! -e "$work/enough" ]; do
		cp "$work/$next.rules" "$work/next.rules"
		mv "$work/next.rules" "$work/policy.rules"
		kill -HUP "$agent" || return
		next=$([ $next = other ] && echo one || echo other)
		sleep 0.05
	done
}
reload_for_ever &
reloading=$!
pids+=("$reloading")
all_kinds reloading
born reloading t/chosen.service "$restarts" 20.1.0.2 20.1.0.3
touch "$work/enough"
wait "$reloading"
expect "[0-9]{2,}|[2-9]" "there were reloads" grep -c enforcing: "$work/agent.log"

# A cgroup that is gone leaves nothing behind.
cp "$work/one.rules" "$work/policy.rules"
kill -HUP "$agent"
born "after reloads" t/barred.service "$restarts" 20.1.0.5 20.1.0.1
in_time() { eventually as_many_entries || eventually as_many_entries || as_many_entries; }
succeeds "the maps of cgroups have one for each" in_time

stop "$agent" KILL
all_kinds dead
born dead t/barred.service "$restarts" 20.1.0.5 20.1.0.1
# What began without an agent has its rights from the next one, too: nothing happens to it in between.
born_while_it_begins() {
	all_kinds beginning
	touch "$work/begun"
}
born_while_it_begins >"$work/beginning" 2>&1 &
begins=$!
pids+=("$begins")
while [ ! -e "$work/begun" ] && [ -d "/proc/$begins" ]; do
	agent_again
	sleep 0.3
	stop "$agent" KILL
done
wait "$begins"
cat "$work/beginning"
checks=$((checks + $(grep -cE '^(ok|FAIL)' "$work/beginning")))
failures=$((failures + $(grep -c '^FAIL' "$work/beginning")))
agent_again
all_kinds "after a new start"
finish
