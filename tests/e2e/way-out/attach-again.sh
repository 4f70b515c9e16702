#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `egret attach` is a first attach: what began while it was open goes on, or with --cut does not.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
is_denied() { [[ $(try node 51.0.0.1 tcp:443) == EPERM* ]]; }
closes() {
	if eventually is_denied; then passed "$1"; else failed "$1: it is open; $(tail -n 5 "$work/agent.log")"; fi
}
govern <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
succeeds "detach" egret_cmd detach
hold_open kept "$cg/system.slice/app.service" "$id-node" 51.0.0.1 443
expect ok "a connection while it is open" hold_say kept
succeeds "attach" egret_cmd attach
closes "it is closed"
expect ok "what began while it was open goes on" hold_say kept
json 'any(.existing[]; .address == "51.0.0.1" and .port == "tcp:443")' "and is listed" egret_cmd status --json

succeeds "detach once more" egret_cmd detach
hold_open cut "$cg/system.slice/app.service" "$id-node" 51.0.0.2 443
hold_open allowed "$cg/system.slice/app.service" "$id-node" 20.1.0.1 443
succeeds "attach --cut" egret_cmd attach --cut
closes "it is closed"
expect ok "what a rule allows goes on" hold_say allowed
hold_say cut >"$work/cut.said"
if grep -q ^ok "$work/cut.said"; then failed "attach --cut ends what no rule allows"; else passed "attach --cut ends what no rule allows"; fi
json '.existing == []' "nothing is listed" egret_cmd status --json
# Of one attach alone.
succeeds "detach" egret_cmd detach
hold_open kept_too "$cg/system.slice/app.service" "$id-node" 51.0.0.3 443
stop "$agent" KILL
succeeds "attach without an agent" egret_cmd attach
agent_again
expect ok "the next one keeps" hold_say kept_too
denied node 51.0.0.1 tcp:443
finish
