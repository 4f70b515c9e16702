#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `resolver system` where /etc/resolv.conf names the stub of systemd-resolved: what the stub asks itself, which its own
# file names, is trusted too. Else a governed node would have no DNS at all.
. "$(dirname "$0")/../lib.sh"
needs_egret
[ -e /etc/resolv.conf ] || skip "no /etc/resolv.conf to put another one over"
mount -t tmpfs run /run || skip "nothing can be mounted on /run"
mkdir -p /run/systemd/resolve
bed_up
dns www.exact.example 20.1.0.1
echo "nameserver 127.0.0.53" >"$work/stub.conf"
mount --bind "$work/stub.conf" /etc/resolv.conf
echo "nameserver 20.0.0.53" >/run/systemd/resolve/resolv.conf

govern <<'POLICY'
resolver system
allow *.exact.example tcp:443
POLICY
asks() { node dig +short +time=2 +tries=1 "@$1" www.exact.example; }
expect 20.1.0.1 "what the stub asks may be asked" asks 20.0.0.53
passes node 20.1.0.1 tcp:443 # and teaches
denied node 20.0.0.54 udp:53
denied node 20.0.0.53 tcp:443

# The network's DNS servers change.
echo "nameserver 20.0.0.54" >/run/systemd/resolve/resolv.conf
closed() { [[ $(try node 20.0.0.53 udp:53) == EPERM* ]]; }
if eventually closed; then passed "another one is read"; else failed "another one is read: $(cat "$work/agent.log")"; fi
denied node 20.0.0.53 udp:53

# Without the stub its file says nothing.
stop "$agent"
echo "nameserver 20.0.0.53" >"$work/stub.conf"
agent_start
expect 20.1.0.1 "the resolver of resolv.conf" asks 20.0.0.53
denied node 20.0.0.54 udp:53
finish
