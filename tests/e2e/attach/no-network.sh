#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Started before the network is up: it enforces all the same, and once there is a network.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
netns_up "$id-early" -
policy <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
# A service manager that waits for it is told when.
perl -MSocket -e 'socket(S, AF_UNIX, SOCK_DGRAM, 0); bind(S, sockaddr_un($ARGV[0])) or die; alarm 20; recv(S, $_, 64, 0); print' \
	"$work/notify" >"$work/notified" &
pids+=($!)
eventually test -S "$work/notify"
export NOTIFY_SOCKET=$work/notify
start "$work/agent.log" - "$id-early" "$egret" run --instance "$instance" --cgroup "$cg" --policy "$work/policy.rules"
agent=$started
unset NOTIFY_SOCKET
eventually logged "$work/agent.log" 'enforcing:' || die "it does not begin: $(cat "$work/agent.log")"
denied node 51.0.0.1 tcp:443 udp:443
passes node 20.1.0.1 tcp:443
eventually test -s "$work/notified"
expect READY=1 "the service manager was told" cat "$work/notified"
finish
