#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Pods that come, learn as much as one may, and go: more of them than there is room for what all of them learned. None of
# it takes anything from those that come later or stay; with an agent and without one, for what is left behind
# and for what only ended.
. "$(dirname "$0")/../lib.sh"
needs_egret
internet_ports="tcp:443"
bed_up
pod_up calm 11
internet ip route add 10.244.0.0/16 via 10.224.0.4
start "$work/liar.log" - "$id-inet" "$root/build/tests/liar" 20.0.0.54
eventually logged "$work/liar.log" ^ready || die "no liar: $(cat "$work/liar.log")"
rules() {
	cat <<-POLICY
		resolver 20.0.0.54
		allow *.wild.example  tcp:443
		$*
	POLICY
}
govern < <(rules "set min_ttl = 3600")
service() { in_cgroup "$cg/system.slice/quiet.service" "$id-node" "$@"; }
address() { echo "20.7.$(($1 / 250)).$(($1 % 250 + 1))"; }
asks() { expect "$(address "$2")" "$1 asks for f$2" $1 dig +noedns +short +time=3 +tries=2 @20.0.0.54 "f$2.wild.example" A; }

# One answer has 64 addresses, and one subject room for 1,024.
room=$(egret_cmd status --json | jq '.maps[] | select(.map == "learned") | .max_entries_count')
many=$((room / 1024 + room / 4096 + 4))
echo "room for $room addresses: $many pods"
last_of() { # the last address of the groups from $1 on
	local n=$(((20 << 24) + (64 << 16) + 64 * ($1 + 16) - 1))
	echo "$((n >> 24)).$((n >> 16 & 255)).$((n >> 8 & 255)).$((n & 255))"
}
cgroup_of_pod() { printf -v cgroup '%s/kubepods/burstable/pod%08x-1111-4000-8000-000000000000/%064x' "$cg" "$1" "$1"; }

# Processes are what this test would take its time for: one shell is in all pods, one after the other.
visits() {
	local n=$1 cgroup outcome bad=0
	shift
	for cgroup in "$@"; do
		echo "$BASHPID" >"$cgroup/cgroup.procs"
		outcome=$("$forger" learn 20.0.0.54 $((16 * n)) 16 g .wild.example)
		# Who looks at each is long at it.
		[ "$outcome" = learned ] && [ $((n % 8)) = 7 ] && outcome=$("$probe" tcp "$(last_of $((16 * n)))" 443)
		case $outcome in
		connected* | learned) ;;
		*) [ $((bad++)) -gt 0 ] || echo "     the first that fails is pod $n: $outcome" >&2 ;;
		esac
		((n++))
	done
	echo $bad
}
export -f visits last_of
export forger=$root/build/tests/forger probe

# $pods from $1 to $2.
list() {
	local n cgroup
	pods=()
	for ((n = $1; n < $2; n++)); do
		cgroup_of_pod "$n"
		pods+=("$cgroup")
	done
}
# live FROM TO: each of these pods learns; each eighth reaches the last that it was told. Prints how many could not.
live() {
	list "$@"
	mkdir -p "${pods[@]}"
	nsenter --net="/run/netns/$id-node" bash -c 'visits "$@"' visits "$1" "${pods[@]}"
}
go_away() {
	list "$@"
	eventually rmdir "${pods[@]: -1}"
	rmdir "${pods[@]::${#pods[@]}-1}" && rmdir "${pods[@]%/*}"
}
others_keep() {
	passes "pod calm" "$(address 20000)" tcp:443
	passes service "$(address 20001)" tcp:443
}

asks "pod calm" 20000
asks service 20001
expect 0 "pods that could not use what they resolved" live 0 $((many / 2))
go_away 0 $((many / 2))
others_keep
stop "$agent" KILL
expect 0 "pods that could not, without an agent" live $((many / 2)) "$many"
go_away $((many / 2)) "$many"
others_keep
asks "pod calm" 20010
passes "pod calm" "$(address 20010)" tcp:443
json '.dns_total.full == 0' "nothing found no room" egret_cmd status --json

# Nobody goes, but all that they learned has ended.
rules "set min_ttl = 1" "
set max_ttl = 2" >"$work/policy.rules"
agent_again
stop "$agent" KILL
full=$((many + room / 1024 - 8)) # nearly
expect 0 "pods that stay and could not use what they resolved" live "$many" $full
sleep 3
expect 0 "and those who find no room but what ended" live $full $((2 * many))
sleep 3
asks "pod calm" 20020
passes "pod calm" "$(address 20020)" tcp:443
expect 0 "another pod learns" live 9999 10000
finish
