#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Whose a denial was is known when the pod is gone, and its log folder with it: the agent is told at once. Without an
# agent the end of the cgroup leaves its path.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up short 11
govern <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
subject_of() { egret_cmd drops --json | jq -r ".[] | select(.address == \"$1\") | .subject | gsub(\" \"; \"_\")"; }
# gone POD: as the container runtime and the kubelet do it.
gone() {
	local container=${pod_cgroup[$1]}
	rmdir "$container" "${container%/*}" && rm -r "/var/log/pods/default_$1_"*
}
container_of() { basename "${pod_cgroup[$1]}" | cut -c1-12; }

# shellcheck disable=SC2046
pod short "$probe" udp-each 123 $(seq -f 51.7.7.%.0f 70) >/dev/null 2>&1 # more than the pod has rows
denied "pod short" 51.6.6.6 tcp:443
sleep 1 # a beat of the agent is 10 s
succeeds "the pod goes" gone short
expect "pod_default/short_container_$(container_of short)" "whose the denial was" subject_of 51.6.6.6
json 'any(.others_total > 0 and .pod == "short" and .subject == "pod default/short" and .container == null and .gone)' \
	"whose what made room was" egret_cmd drops --json --pod short
fails 1 "explain: of these nobody knows more" \
	egret_cmd explain "$(egret_cmd drops --json | jq '.[] | select(.others_total > 0).number')"
shows '^  to: other destinations$' "where to"
shows '^  why: [0-9]+ rows? of this subject made room for newer ones$' "and why it is told so"
json 'any(.namespace == "default" and .pod == "short" and .container == "short" and .gone)' \
	"its pod and container by their names" egret_cmd drops --json --pod short

stop "$agent" KILL
mkdir -p "$cg/system.slice/job.service"
in_cgroup "$cg/system.slice/job.service" "$id-node" "$probe" tcp 51.6.6.9 443 >/dev/null 2>&1
succeeds "a service ends" rmdir "$cg/system.slice/job.service"
expect "/$id/system.slice/job.service" "whose it was, without an agent" subject_of 51.6.6.9
finish
