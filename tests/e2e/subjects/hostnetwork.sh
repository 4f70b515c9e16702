#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A pod in the node's network namespace is a pod, and one that rules can be for; so is the rest of the pods.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up web 5
pod_up agent 6
nat_up </dev/null
govern <<'P'
allow 20.1.0.1 tcp:443 for hostnetwork
allow 20.1.0.2 tcp:443 for pods not hostnetwork
allow 20.1.0.3 tcp:443 for pods
allow 20.1.0.4 tcp:443 for host
allow 20.1.0.5 tcp:443
deny  20.1.0.5 for hostnetwork
P
hostnetwork() { in_cgroup "${pod_cgroup[agent]}" "$id-node" "$@"; }

passes hostnetwork 20.1.0.1 tcp:443
denied "pod web" 20.1.0.1 tcp:443
denied node 20.1.0.1 tcp:443
denied hostnetwork 20.1.0.2 tcp:443
passes "pod web" 20.1.0.2 tcp:443
denied node 20.1.0.2 tcp:443
passes hostnetwork 20.1.0.3 tcp:443
passes "pod web" 20.1.0.3 tcp:443
denied node 20.1.0.3 tcp:443
denied hostnetwork 20.1.0.4 tcp:443
denied "pod web" 20.1.0.4 tcp:443
passes node 20.1.0.4 tcp:443
denied hostnetwork 20.1.0.5 tcp:443
passes "pod web" 20.1.0.5 tcp:443
passes node 20.1.0.5 tcp:443

# What a person asks is answered as the programs judge.
succeeds "explain: for hostnetwork" egret_cmd explain 20.1.0.1 tcp:443 for hostnetwork
fails 1 "explain: pods are not all in the node's namespace" egret_cmd explain 20.1.0.1 tcp:443 for pods
start "$work/server.log" "${pod_cgroup[agent]}" "$id-node" sleep 300
succeeds "explain: of a pod, by the namespace of its processes, which are in its containers" \
	eventually egret_cmd explain 20.1.0.1 tcp:443 for pod default/agent
fails 1 "explain: of another pod" egret_cmd explain 20.1.0.1 tcp:443 for pod default/web

# Only audited: that is no other policy's row.
reload <<'P'
set mode = audit for hostnetwork
allow 20.1.0.1 tcp:443 for hostnetwork
P
passes hostnetwork 20.1.0.6 tcp:443
denied "pod web" 20.1.0.6 tcp:443
json '[.[] | select(.address == "20.1.0.6")] | length == 2 and all(.[]; .outdated | not) and any(.[]; .audited and .hostnetwork)' \
	"a row of who is only audited is of this policy" egret_cmd drops --json
finish
