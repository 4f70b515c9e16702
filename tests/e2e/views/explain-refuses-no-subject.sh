#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `explain ... for X`: what is no subject is refused, and never answered for the host.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up web 11
mkdir -p "$cg/system.slice/app.service" "$cg/user.slice"
govern <<POLICY
resolver 20.0.0.53
allow 20.4.0.1 tcp:80   for host
allow 20.5.0.1 tcp:80   for pods
allow 20.3.0.1 tcp:443  for cgroup /$id/system.slice
POLICY
live() { egret_cmd explain "$@"; }
files() { "$egret" explain --policy "$work/policy.rules" "$@"; }
uid=$(basename "$(dirname "${pod_cgroup[web]}")")

for ask in live files; do
	succeeds "$ask: without a subject: the host" $ask 20.4.0.1 tcp:80
	succeeds "$ask: for host" $ask 20.4.0.1 tcp:80 for host
	fails 1 "$ask: for pods" $ask 20.4.0.1 tcp:80 for pods
	succeeds "$ask: for pods" $ask 20.5.0.1 tcp:80 for pods
	succeeds "$ask: for pods not hostnetwork, as rules say it" $ask 20.5.0.1 tcp:80 for pods not hostnetwork
	succeeds "$ask: for hostnetwork is told as such" $ask 20.5.0.1 tcp:80 for hostnetwork --json
	shows '"subject": "hostnetwork"' "$ask: in JSON"
	fails 2 "$ask: not without a word behind it" $ask 20.5.0.1 tcp:80 for pods not
	shows 'unknown subject `pods not`.*`for pods not hostnetwork`' "$ask: says what it can be"
	succeeds "$ask: for a path" $ask 20.3.0.1 tcp:443 for "/$id/system.slice/app.service"
	succeeds "$ask: for cgroup and a path" $ask 20.3.0.1 tcp:443 for cgroup "/$id/system.slice"
	succeeds "$ask: from where cgroups are mounted" $ask 20.3.0.1 tcp:443 for "$cg/system.slice"
	fails 1 "$ask: a path is not more than it is" $ask 20.3.0.1 tcp:443 for "/$id/user.slice"
	fails 1 "$ask: for a pod, as drops names it" $ask 20.4.0.1 tcp:80 for pod default/web
	succeeds "$ask: for a pod, as drops names it" $ask 20.5.0.1 tcp:80 for pod default/web
	succeeds "$ask: for a pod, by its uid" $ask 20.5.0.1 tcp:80 for pod "${uid#pod}"
	for word in Host hosts Pods pod shop nonsense default/web host/ "" " host" "host " . .. "system.slice" \
		"cgroup" "62174" "for" "*" "pods,host"; do
		fails 2 "$ask: for '$word'" $ask 20.4.0.1 tcp:80 for "$word"
	done
	fails 2 "$ask: two subjects" $ask 20.4.0.1 tcp:80 for host pods
	fails 2 "$ask: for nobody" $ask 20.4.0.1 tcp:80 for
	fails 2 "$ask: another word than for" $ask 20.4.0.1 tcp:80 fro host
	fails 2 "$ask: no pod of that name" $ask 20.4.0.1 tcp:80 for pod default/shop
	shows 'no pod default/shop' "$ask: says so"
	fails 2 "$ask: half a pod's name" $ask 20.4.0.1 tcp:80 for pod web
	fails 2 "$ask: a pod without such a container" $ask 20.4.0.1 tcp:80 for pod default/web container 000000000000
	fails 2 "$ask: a cgroup's path begins with a slash" $ask 20.4.0.1 tcp:80 for cgroup system.slice
	shows 'for cgroup /system\.slice' "$ask: says how"
	fails 2 "$ask: hosts" $ask 20.4.0.1 tcp:80 for hosts
	shows 'did you mean `host`' "$ask: the nearest word"
	fails 2 "$ask: default/web" $ask 20.4.0.1 tcp:80 for default/web
	shows 'for pod default/web' "$ask: the pod that was meant"
done
fails 2 "a cgroup that is not there is not the host" live 20.4.0.1 tcp:80 for /sytem.slice
shows 'no cgroup /sytem\.slice' "says so"
succeeds "the files may be asked for one that is yet to be made" files 20.3.0.1 tcp:443 for "/$id/system.slice/later.service"
node "$probe" udp 51.0.0.1 123 >/dev/null
pod web "$probe" udp 51.0.0.2 123 >/dev/null
by=$(egret_cmd drops --json | jq -r '.[] | select(.address == "51.0.0.2") | .subject')
# shellcheck disable=SC2086 # these are words
fails 1 "for what drops prints: $by" live 20.4.0.1 tcp:80 for $by
finish
