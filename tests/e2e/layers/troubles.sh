#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What keeps layers from looking keeps no agent from ruling: it is told once in the log, and in `status` until it is over.
source "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up web 2

# as CMD...: agents that are started from now on run by that.
as() {
	{
		echo '#!/bin/sh'
		echo "exec $* $root/build/egret \"\$@\""
	} >"$work/egret"
	chmod 755 "$work/egret"
	egret=$work/egret
}

status() {
	"$root/build/egret" status --instance "$instance"
}

is_told() {
	status | grep -q "$1"
}

told() {
	if eventually is_told "$1"; then
		passed "status tells: $(status | grep -m1 "$1")"
	else
		failed "status does not tell of \"$1\": $(status)"
	fi
}

not_told() {
	if is_told "$1"; then
		failed "status tells: $(status | grep -m1 "$1")"
	else
		passed "status does not tell of \"$1\""
	fi
}

enforce() {
	policy <<-POLICY
		set layers = enforce
		allow 20.0.0.1 any
	POLICY
}

# --- no netlink ---

as "$root/build/tests/refuse" netlink
enforce
agent_start
denied node 20.0.0.2 tcp:443
passes node 20.0.0.1 tcp:443
told 'PROBLEM.*devices of this node cannot be watched'
expect 1 "it is told once in the log" grep -c 'cannot be watched' "$work/agent.log"
fails 1 "status is not content" status
stop "$agent"

# --- over again ---

egret=$root/build/egret
agent_again
not_told 'cannot be watched'

# --- IPVS ---

ungoverned ip link add kube-ipvs0 type bridge
succeeds "the agent lives on" agent_alive
not_told IPVS
policy <<-POLICY
	set layers = off
	allow 20.0.0.1 any
POLICY
kill -HUP "$agent"
told 'PROBLEM.*IPVS'
enforce
kill -HUP "$agent"
is_over() {
	! is_told IPVS
}
succeeds "status does not tell of IPVS where uplinks look" eventually is_over

finish
