#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A kernel without IPv6 is no reason not to govern. Here socket(AF_INET6) is refused, as ipv6.disable=1 does;
# tests/kernels/run 6.1:ipv6.disable=1 boots such a kernel.
. "$(dirname "$0")/../lib.sh"
needs_egret
refuse=$root/build/tests/refuse
[ -x "$refuse" ] || make -s -C "$root" build/tests/refuse >&2 || die "tests/tools does not build"
bed_up
dns www.four.example 20.1.0.1 2603:1000::7

program=$egret
egret=$work/egret # as on such a machine
cat >"$egret" <<-SHELL
	#!/bin/sh
	exec "$refuse" inet6 "$program" "\$@"
SHELL
chmod 755 "$egret"

policy <<'POLICY'
resolver 2603:1000::53
resolver 20.0.0.53
allow www.four.example tcp:443
allow 20.2.0.1 tcp:443
allow 2603:1000::1 tcp:443
require www.four.example tcp:443
require 20.2.0.1 tcp:443
POLICY
agent_start --probation 1h
succeeds "it enforces" logged "$work/agent.log" enforcing:
succeeds "its log" cat "$work/agent.log"
lacks 'could not make a socket|self-test' "says nothing of a self-test that failed"
passes node 20.1.0.1 tcp:443
passes node 20.2.0.1 tcp:443
denied node 51.0.0.1 tcp:443 udp:443
is_ready() { egret_cmd status --ready; }
eventually is_ready
succeeds "what is required answers by IPv4: ready" is_ready
succeeds "status is content" egret_cmd status

# Over one that rules: what is required is tried before the switch.
policy <<'POLICY'
resolver 20.0.0.53
allow www.four.example tcp:443
allow 20.3.0.1 tcp:443
require www.four.example tcp:443
POLICY
reloaded() { [ "$(grep -c enforcing: "$work/agent.log")" = 2 ]; }
eventually reloaded
passes node 20.3.0.1 tcp:443
denied node 20.2.0.1 tcp:443
stop "$agent"
succeeds "taken down" egret_cmd detach --all

policy "$work/exec.rules" <<<'allow 20.2.0.1 tcp:443'
run() { in_cgroup "$cg" "$id-node" "$egret" exec --as-root --policy "$work/exec.rules" -- "$probe" "$@"; }
expect connected "exec lets pass" run tcp 20.2.0.1 443
expect EPERM "exec denies" run tcp 51.0.0.1 443
finish
