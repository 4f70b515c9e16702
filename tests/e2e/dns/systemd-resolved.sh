#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `resolver system` where /etc/resolv.conf names the stub of systemd-resolved: what the stub asks itself, which its own
# file names, is trusted too. Else a governed node would have no DNS at all. And a link-local server, as routers advertise
# themselves: `nameserver fe80::53%eth0` is asked by that interface.
# Reports of servers with a zone: NLnetLabs/ldns#176, coredns/coredns#6959, containers/aardvark-dns#537.
. "$(dirname "$0")/../lib.sh"
needs_egret
[ -e /etc/resolv.conf ] || skip "no /etc/resolv.conf to put another one over"
rm "$idle_pipe"
mount -t tmpfs run /run || skip "nothing can be mounted on /run"
mkfifo "$idle_pipe"
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

# --- a link-local server ---
stop "$agent"
internet ip addr add fe80::53/64 dev eth0 nodad
dns www.wild.example 20.1.0.2 # before it reads the names
start "$work/router.log" - "$id-inet" dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --user=root \
	--pid-file= --bind-interfaces --interface=eth0 --except-interface=lo --log-facility=- --addn-hosts="$work/hosts" \
	--local-ttl=60 '--local=/#/' --cache-size=0
eventually ungoverned dig +time=1 +tries=1 @fe80::53%eth0 localhost. || die "no DNS: $(cat "$work/router.log")"
# The agent asks it: the process in the node asks for nothing here.
resolves() { eventually logged "$work/agent.log" 'resolved 1 of 1' && passes node 20.1.0.1 tcp:443; }

echo "nameserver fe80::53%eth0" >"$work/stub.conf"
govern <<'POLICY'
resolver system
allow www.exact.example tcp:443
allow *.wild.example tcp:443
POLICY
resolves
expect 20.1.0.2 "a process asks it" node dig +short +time=2 +tries=1 @fe80::53%eth0 www.wild.example
passes node 20.1.0.2 tcp:443
json '.resolvers | any(.address == "fe80::53%eth0" and .answers_total > 0)' "status has it with its interface" egret_cmd status --json

# On a resolver's line.
policy <<'POLICY'
resolver fe80::53%eth0
allow www.exact.example tcp:443
POLICY
succeeds "check takes it" "$egret" check --policy "$work/policy.rules"
shows '^resolver +fe80::53%eth0$' "and shows it"
finish
