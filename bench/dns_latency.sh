#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# How long a DNS query takes with Egret, without, and through a proxy: bench/dns_latency.c in
# four lanes, with tests/dns/liar.c as the server of each.
. "$(dirname "$0")/bed.sh"
cpu=0
server_pids=()
command -v dnsmasq >/dev/null || { say "no dnsmasq here"; exit 1; }

# serve LANE CMD...: in a namespace; ready once it says so, or once it answers.
serve() {
	local netns=$1
	shift
	nsenter --net="/run/netns/$netns" -- taskset -c "$cpu" "$@" >"$work/$netns.log" 2>&1 </dev/null &
	server_pids+=($!)
}
end_servers() {
	local pid
	for pid in "${server_pids[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
	cleanup
}
trap end_servers EXIT

answers() { in_netns "$1" dig +short +time=1 +tries=1 "@$2" f1.n3.bench.example A | grep -q '^20\.7\.'; }
await() {
	local _
	for _ in $(seq 50); do
		answers "$@" && return
		sleep 0.1
	done
	say "no DNS in lane $1"
	exit 1
}

for lane in none again egret proxy; do
	lane_up "$lane"
	serve "$lane-peer" "$root/build/tests/liar" 20.255.255.53
	await "$lane" 20.255.255.53
done
serve proxy dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --user=root --pid-file= \
	--bind-interfaces --listen-address=127.0.0.1 --server=20.255.255.53 --cache-size=0
await proxy 127.0.0.1
"$root/build/bench/dns_latency" "$cgroup" "$cpu"
