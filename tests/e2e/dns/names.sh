#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Names follow their DNS answers; a resolver that fails takes nothing away.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns stays.names.example 20.1.0.1
dns moves.names.example 20.1.0.2
govern <<'POLICY'
set min_ttl = 1
set max_ttl = 2
resolver 20.0.0.53
allow stays.names.example  tcp:443
allow moves.names.example  tcp:443
allow later.names.example  tcp:443
POLICY
passes node 20.1.0.1 tcp:443
passes node 20.1.0.2 tcp:443
denied node 20.1.0.3 tcp:443
denied node 20.1.0.4 tcp:443
hold_open live "$cg/system.slice/app.service" "$id-node" 20.1.0.2 443
dns moves.names.example 20.1.0.3
reaches() { [ "$(node "$probe" tcp "$1" "$2" | cut -d' ' -f1)" = "$3" ]; }
eventually reaches 20.1.0.3 443 connected
passes node 20.1.0.3 tcp:443
eventually reaches 20.1.0.2 443 EPERM
denied node 20.1.0.2 tcp:443
expect ok "a live connection outlives the address" hold_say live
kill -STOP "$dns_pid"
sleep 5
passes node 20.1.0.1 tcp:443
passes node 20.1.0.3 tcp:443
kill -CONT "$dns_pid"
finish
