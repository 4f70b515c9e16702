#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Two names of one address are two rows, each with the packets that came after its own name was read; a socket that goes
# on sending stays in the row of the name that it was opened for.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
govern <<'POLICY'
resolver 20.0.0.53
POLICY
dns one.shared.example 51.6.6.6
dns two.shared.example 51.6.6.6
ask() { node dig +short +time=2 +tries=1 @$resolver "$1" A; }
rows() { egret_cmd drops --json | jq -r '.[] | select(.address == "51.6.6.6") | (.name // "nameless") + "_" + (.packets_total | tostring)' | sort | paste -sd, -; }

denied node 51.6.6.6 tcp:443
expect nameless_1 "no name was read yet: a row without one" rows
expect 51.6.6.6 "the first name is read" ask one.shared.example
denied node 51.6.6.6 tcp:443 tcp:443
expect nameless_1,one.shared.example_2 "its packets are in a row of its own" rows
expect 51.6.6.6 "the second name is read" ask two.shared.example
denied node 51.6.6.6 tcp:443
expect nameless_1,one.shared.example_2,two.shared.example_1 "and so are the other's" rows
finish
