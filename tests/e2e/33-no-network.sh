#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Started before the network is up: it enforces all the same, and once there is a network.
. "$(dirname "$0")/lib.sh"
needs_egret
bed_up
netns_up "$id-early" -
policy <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
start "$work/agent.log" - "$id-early" "$egret" run --instance "$instance" --cgroup "$cg" --policy "$work/policy.rules"
agent=$started
eventually logged "$work/agent.log" 'enforcing:' || die "it does not begin: $(cat "$work/agent.log")"
denied node 51.0.0.1 tcp:443 udp:443
passes node 20.1.0.1 tcp:443
finish
