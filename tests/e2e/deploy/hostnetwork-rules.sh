#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The shipped list for pods on the node's network: they reach the metadata service and the wireserver as the host does,
# every other pod does not.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up web 11
pod_up agent 12
nat_up </dev/null
start "$work/azure.log" - "$id-inet" "$probe" serve tcp:32526
eventually logged "$work/azure.log" ^ready || die "no server: $(cat "$work/azure.log")"
policy <<POLICY
set location = eastus
set api_server = 20.1.0.1
set internal = 10.224.0.0/12 10.244.0.0/16
use aks/node
use aks/hostnetwork
resolver 20.0.0.53
POLICY
agent_start --rules-path "$root/rules"

# A pod with hostNetwork: a pod's cgroup, the node's network namespace.
hostnetwork() { in_cgroup "${pod_cgroup[agent]}" "$id-node" "$@"; }
for who in node hostnetwork; do
	passes $who 169.254.169.254 tcp:80
	passes $who 168.63.129.16 tcp:80 tcp:32526
done
denied "pod web" 169.254.169.254 tcp:80
denied "pod web" 168.63.129.16 tcp:80 tcp:32526
# Nothing else of the host's is opened for it.
denied hostnetwork 169.254.169.254 tcp:443
denied hostnetwork 168.63.129.16 tcp:443
finish
