#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The agent at rest under the AKS policy: memory, maps, CPU; and how long a start
# takes. What a scrape of 10,000 rules takes of `egret serve`. One JSON object a line.
. "$(dirname "$0")/../tests/e2e/lib.sh"
egret=$root/build/egret-static
cd "$root" || exit 1
rest_sec=${EGRET_BENCH_REST_SEC:-20}

row() {
	jq -cn --arg name "$1" --argjson value "$2" --arg unit "$3" --argjson bar "${4:-null}" \
		'{$name, $value, $unit} + (if $bar == null then {gate: false} else {$bar, ok: ($value <= $bar), gate: true} end)'
}
status_kb() { awk -v key="$1:" '$1 == key { print $2 }' "/proc/$agent/status"; }
cpu_ticks() { awk '{ print $14 + $15 }' "/proc/$agent/stat"; }

bed_up
{ grep -v '^egret-view:' /etc/group; echo egret-view:x:64964:; } >"$work/group"
mount --bind "$work/group" /etc/group
# Every name of the policy has three addresses.
"$egret" check --rules-path rules --json demo/demo.rules 2>/dev/null | jq -r '.rules[].destinations[] | select(test("[g-z]"))' | sort -u |
	awk '!/\*/ { for (i = 1; i <= 3; i++) print "20.7." NR "." i, $1; print "2603:1000:7::" NR, $1 }' >"$work/hosts"
[ -s "$work/hosts" ] || die "check --json lists no names"
kill -HUP "$dns_pid"
sed "s/^use aks\/node/set kube_dns = $resolver\nuse aks\/node/" demo/demo.rules >"$work/policy.rules"
echo "nameserver $resolver" >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
before_ns=$(date +%s%N)
agent_start --rules-path "$root/rules"
row "agent start to enforcement, AKS policy, resolver in the same machine" \
	$((($(date +%s%N) - before_ns) / 1000000)) ms
sleep 2
before=$(cpu_ticks)
sleep "$rest_sec"
after=$(cpu_ticks)
row "agent at rest, AKS policy: resident memory" "$(jq -n "$(status_kb VmRSS) / 1024 * 100 | round / 100")" MiB 8
row "agent at rest, AKS policy: CPU" "$(jq -n "($after - $before) / $(getconf CLK_TCK) / $rest_sec * 100")" "% of a core" 0.1
egret_cmd status --json >"$work/status.json"
row "maps, AKS policy: kernel memory" \
	"$(jq '[.maps[].memory_bytes] | add / 1048576 * 100 | round / 100' "$work/status.json")" MiB 32
jq -c '.maps[] | {name: ("map " + .map + ": kernel memory"), value: (.memory_bytes / 1024 | round), unit: "KiB", gate: false}' \
	"$work/status.json"

# --- a scrape ---
serve_ms() { awk '{ print $1 / 1e6 }' "/proc/$serve/schedstat"; }
scrape() { ungoverned curl -sS -m 5 -o /dev/null 127.0.0.1:9964/metrics && sleep 1.1; } # what was found is good for 1 s
{
	echo 'set floor = off'
	seq 0 9999 | awk '{ printf "allow 20.2.%d.%d tcp:443\n", $1 / 250, $1 % 250 }'
} | reload
start "$work/serve.log" - "$id-node" "$egret" serve --instance "$instance"
serve=$started
eventually logged "$work/serve.log" 'listens on' || die "no serve: $(cat "$work/serve.log")"
scrape || die "it does not answer"
before=$(serve_ms)
for _ in {1..10}; do scrape; done
row "egret serve, 10,000 rules: CPU of a scrape" "$(jq -n "($(serve_ms) - $before) * 10 | round / 100")" ms 10
finish >/dev/null
