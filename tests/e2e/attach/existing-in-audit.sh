#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Under audit a connection from before the attach that no rule allows is a row of `drops` from the
# first moment, before it sends anything, with its owner; and none any more when a rule allows it, or
# when it ends. `status` names each.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up web 11
nat_up </dev/null
start "$work/server.log" "$cg/system.slice/server.service" "$id-node" "$probe" serve tcp:8080
eventually logged "$work/server.log" ^ready || die "no server"
app=$cg/system.slice/app.service
hold_open denied "$app" "$id-node" 51.0.0.1 443
hold_open denied6 "$app" "$id-node" 2603:1000:51::1 443
hold_open allowed "$app" "$id-node" 20.1.0.1 443
hold_open mapped "$app" "$id-node" ::ffff:51.0.0.2 443
hold_open pod "${pod_cgroup[web]}" "$id-web" 51.0.0.3 443
hold_open inbound - "$id-inet" 10.224.0.4 8080
hold_open lo "$app" "$id-node" 127.0.0.1 8080
hold_open own "$app" "$id-node" 10.224.0.4 8080
hold_open outside - "$id-node" 51.0.0.4 443
policy <<'POLICY'
set mode = audit
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
agent_start
row() { echo "any(.[]; .address == \"$1\" and .port == \"tcp:443\" and .audited and .kernel_reason == \"before-attach\" and (.outdated | not) and (.subject // \"\" | test(\"$2\")))"; }
json "$(row 51.0.0.1 system.slice/app.service)" "what stands is a row, with its owner" egret_cmd drops --json
json "$(row 2603:1000:51::1 app.service)" "IPv6, too" egret_cmd drops --json
json "$(row 51.0.0.2 app.service)" "an IPv4-mapped one, too" egret_cmd drops --json
json "$(row 51.0.0.3 default/web)" "a pod's, in its own network namespace" egret_cmd drops --json
json 'length == 4' "and nothing else: nothing that is allowed, came in, stays here or is not governed" egret_cmd drops --json
succeeds "drops" egret_cmd drops -o wide
shows 'WOULD DENY +51\.0\.0\.1 ' "for people"
json '.existing | length == 4 and all(.[]; .subject != null)' "status has them" egret_cmd status --json
succeeds "status" egret_cmd status
shows '^existing +4 connections .*no rule allows' "for people"
shows '^ +51\.0\.0\.1 tcp:443 by .*/app\.service' "with address and owner"

# A rule for some, one of them under a name.
dns late.exact.example 2603:1000:51::1
cat >>"$work/policy.rules" <<'POLICY'
allow 51.0.0.1 tcp:443
allow late.exact.example https:443
POLICY
fewer() { egret_cmd drops --json | jq -e 'length == 2'; }
eventually fewer
json "length == 2 and ($(row 51.0.0.2 app.service)) and ($(row 51.0.0.3 default/web))" "what a rule allows is no row" egret_cmd drops --json
json '.existing | length == 2' "nor in status" egret_cmd status --json

# The rule goes, and the agent is another one.
stop "$agent"
sed -i '/51\.0\.0\.1/d' "$work/policy.rules"
kill "$(cat "${pod_cgroup[web]}/cgroup.procs")"
pod_ended() { ! grep -q . "${pod_cgroup[web]}/cgroup.procs"; }
eventually pod_ended
agent_start
json "length == 2 and ($(row 51.0.0.1 app.service)) and ($(row 51.0.0.2 app.service))" "what no rule allows any more is one again, and what ended is none" egret_cmd drops --json
expect ok "under audit it goes on" hold_say denied
stop "$agent"
sed -i '/audit/d' "$work/policy.rules"
agent_start
json '.existing | length == 2' "enforcing, status has what goes on" egret_cmd status --json
json 'all(.[]; .outdated)' "which is not denied" egret_cmd drops --json
expect ok "it does go on" hold_say denied
denied node 51.0.0.1 tcp:443
finish
