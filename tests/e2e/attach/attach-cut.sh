#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# With `existing = cut`, what was open is judged as if it were new.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
start "$work/server.log" "$cg/system.slice/server.service" "$id-node" "$probe" serve tcp:8080
eventually logged "$work/server.log" ^ready || die "no server"
app=$cg/system.slice/app.service
hold_open allowed "$app" "$id-node" 20.1.0.1 443
hold_open denied "$app" "$id-node" 51.0.0.1 443
hold_open denied6 "$app" "$id-node" 2603:1000:51::1 443
hold_open inbound - "$id-inet" 10.224.0.4 8080
govern <<'POLICY'
set existing = cut
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
expect ok "the allowed one goes on" hold_say allowed
expect ok "the inbound one goes on" hold_say inbound
expect "timeout|EPERM|EPIPE|ECONNRESET" "the denied one is cut" hold_say denied
expect "timeout|EPERM|EPIPE|ECONNRESET" "the denied one is cut, IPv6" hold_say denied6
denied node 51.0.0.1 tcp:443
finish
