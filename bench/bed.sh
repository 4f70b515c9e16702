# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# Where traffic is measured: lanes. A lane is a network namespace NAME (10.0.0.2)
# behind a veth pair, a namespace NAME-peer (10.0.0.1, and all of 20.0.0.0/8), and a
# cgroup $cgroup/NAME; what stands at the other ends is in $cgroup/peers. All of them
# look alike; a script sources this file, calls lane_up for each, and sets up in it what
# filters.
#
# A server that a script leaves running has its pid in $server_pid; cleanup ends it.
# Everything but the cgroups lives in a mount and a network namespace of the script:
# its bpffs, its namespace names.
set -eu

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ -z "${EGRET_BENCH_BED:-}" ]; then
	EGRET_BENCH_BED=1 exec unshare --mount --net --propagation private -- bash "$0" "$@"
fi
unset EGRET_BENCH_BED

say() { echo "$(basename "$0"): $*" >&2; }

cgroup_root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$cgroup_root" ] || { say "no cgroup v2 is mounted"; exit 1; }
cgroup=$cgroup_root/egret-bench-$$
work=$(mktemp -d)

cleanup() {
	local code=$?
	trap - EXIT INT TERM
	[ -z "${server_pid:-}" ] || kill "$server_pid" 2>/dev/null || true
	if [ -d "$cgroup" ]; then
		find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || say "cgroups are left behind: $cgroup"
	fi
	rm -rf "$work"
	exit "$code"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

mount -t bpf bpf /sys/fs/bpf
mkdir -p /run/netns
mount -t tmpfs netns /run/netns
mkdir "$cgroup" "$cgroup/peers"

# in_netns NAME CMD...: not by `ip netns exec`, which mounts a fresh /sys.
in_netns() {
	local netns=$1
	shift
	nsenter --net="/run/netns/$netns" -- "$@"
}

# Neighbours are written down, so that nobody asks for them while a clock runs. No
# TIME_WAIT: the ports of closed connections are free again at once.
lane_up() {
	local lane=$1
	mkdir "$cgroup/$lane"
	ip netns add "$lane"
	ip netns add "$lane-peer"
	ip link add eth0 netns "$lane" address 02:00:00:00:00:02 type veth peer name eth0 netns "$lane-peer" \
		address 02:00:00:00:00:01
	ip -n "$lane" addr add 10.0.0.2/24 dev eth0
	ip -n "$lane-peer" addr add 10.0.0.1/24 dev eth0
	ip -n "$lane-peer" link set lo up
	ip -n "$lane-peer" link set eth0 up
	ip -n "$lane" link set lo up
	ip -n "$lane" link set eth0 up
	ip -n "$lane" neigh replace 10.0.0.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent
	ip -n "$lane-peer" neigh replace 10.0.0.2 lladdr 02:00:00:00:00:02 dev eth0 nud permanent
	ip -n "$lane" route add default via 10.0.0.1
	ip -n "$lane-peer" route add local 20.0.0.0/8 dev lo
	in_netns "$lane" sysctl -qw net.ipv4.tcp_max_tw_buckets=0
	in_netns "$lane-peer" sysctl -qw net.ipv4.tcp_max_tw_buckets=0
}
