#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# SIGKILL of the agent: nothing that is denied gets out, nothing that is allowed
# is lost, and every command still works.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns www.killed.example 20.1.0.1 2603:1000::1:1
start "$work/server.log" "$cg/system.slice/server.service" "$id-node" "$probe" serve tcp:8080 udp:8080
govern <<'POLICY'
resolver 20.0.0.53
allow www.killed.example tcp:443
allow 20.2.0.1           udp:123
POLICY
hold_open live "$cg/system.slice/app.service" "$id-node" 20.1.0.1 443
stop "$agent" KILL

denied node 51.0.0.1 tcp:443 udp:123 send:123
denied node 2603:1000:51::1 tcp:443
expect ok "a live connection goes on" hold_say live
passes node 20.1.0.1 tcp:443
passes node 2603:1000::1:1 tcp:443
passes node 20.2.0.1 udp:123 send:123
expect answered "inbound is served" internet "$probe" tcp-echo 10.224.0.4 8080
expect answered "inbound datagrams are served" internet "$probe" udp 10.224.0.4 8080
fails 1 "status works, and is not content without an agent" egret_cmd status
shows "(agent|pid).*(no|not|dead|gone|none)|no agent" "status says that no agent runs"
succeeds "rules works" egret_cmd rules
succeeds "drops works" egret_cmd drops
shows '51\.0\.0\.1' "drops shows what was denied meanwhile"
fails 1 "explain answers for the running policy" egret_cmd explain 51.0.0.1 tcp:443
succeeds "explain knows what is allowed" egret_cmd explain 20.2.0.1 udp:123

# A new agent takes over.
agent_start
denied node 51.0.0.1 tcp:443
passes node 20.1.0.1 tcp:443
expect ok "the live connection goes on under the new agent" hold_say live
json '.subjects.late_total == 0' "no cgroup is late because two versions of the programs saw it begin" egret_cmd status --json
# SIGTERM leaves enforcement behind, too.
stop "$agent" TERM
denied node 51.0.0.1 tcp:443
succeeds "detach opens it" egret_cmd detach
passes node 51.0.0.1 tcp:443
finish
