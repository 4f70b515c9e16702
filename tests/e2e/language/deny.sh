#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A deny takes away, whatever the order and whatever allows it.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns good.deny.example 20.1.0.1 20.1.0.2
dns bad.deny.example 20.1.0.3 2603:1000::1:3
dns shared.deny.example 20.1.0.4
dns alsoshared.deny.example 20.1.0.4
govern <<'POLICY'
resolver 20.0.0.53
deny  20.2.1.0/24
allow 20.2.0.0/16               tcp:443 udp:123
deny  20.2.2.2                                    # behind the rule that allows it
deny  20.2.3.0/24               udp:123           # one protocol
deny  20.2.4.0/24               tcp:8000-9000     # other ports than the allowed ones
allow good.deny.example         tcp:443
deny  20.1.0.2                                    # an address of an allowed name
allow 20.1.0.3                  tcp:443
allow 2603:1000::1:3            tcp:443
deny  bad.deny.example                            # the name of an allowed address
allow shared.deny.example       tcp:443
deny  alsoshared.deny.example                     # same address: the allowed name keeps its ports
allow 2603:1000::2:0/112        tcp:443
deny  2603:1000::2:2
POLICY

passes node 20.2.0.1 tcp:443 udp:123
denied node 20.2.1.1 tcp:443 udp:123 send:123
denied node ::ffff:20.2.1.1 tcp:443 udp:123
denied node 20.2.2.2 tcp:443 udp:123
passes node 20.2.2.3 tcp:443 udp:123
passes node 20.2.3.1 tcp:443
denied node 20.2.3.1 udp:123
passes node 20.2.4.1 tcp:443 udp:123
denied node 20.2.4.1 tcp:8000
passes node 20.1.0.1 tcp:443
denied node 20.1.0.2 tcp:443
denied node 20.1.0.3 tcp:443
denied node 2603:1000::1:3 tcp:443
passes node 20.1.0.4 tcp:443
denied node 20.1.0.4 tcp:80
passes node 2603:1000::2:1 tcp:443
denied node 2603:1000::2:2 tcp:443
nothing_arrived ' 20\.2\.1\.1:'
finish
