#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A policy that requires nothing proves nothing: its probation lasts its whole time. And a start
# without DNS tells it in one line, not in one a name.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
tells() {
	if eventually logged "$work/agent.log" "$1"; then passed "$2"; else failed "$2: no \"$1\" in $(cat "$work/agent.log")"; fi
}
policy <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
agent_start --probation 8s
tells 'enforcing on probation until [0-9:]{8}; nothing that it requires fails, and it lasts its whole time' "the log says until when"
json '.probation.ends_time | fromdate > now' "status too" egret_cmd status --json
tells 'probation is over: nothing was required of it; nothing failed' "it ends with its time"
json '.mode == "enforcing" and .probation == null and .problems == []' "and the policy goes on" egret_cmd status --json
stop "$agent"

stop "$dns_pid"
policy <<'POLICY'
resolver 20.0.0.53
allow a.exact.example,b.exact.example,c.exact.example,d.exact.example,e.exact.example tcp:443
POLICY
agent_start
tells '^egret: resolved 0 of 5 names to 0 addresses' "no name counts as resolved"
tells '^egret: 5 names: .*\([a-e]\.exact\.example, [a-e]\.exact\.example, [a-e]\.exact\.example and 2 more\)' "one line, with three of them"
if [ "$(grep -c 'exact\.example' "$work/agent.log")" = 1 ]; then passed "and no other"; else failed "more lines: $(cat "$work/agent.log")"; fi
finish
