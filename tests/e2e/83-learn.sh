#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Addresses are learned from DNS answers, as the application reads them.
. "$(dirname "$0")/lib.sh"
needs_egret
bed_up
dns a.wild.example 20.1.0.1 2603:1000::1:1
dns b.c.wild.example 20.1.0.2
dns wild.example 20.1.0.3
dns other.example 20.1.0.4
govern <<'POLICY'
resolver 20.0.0.53
allow *.wild.example tcp:443
POLICY
ask() { node dig +short +time=2 +tries=1 @$resolver "$@"; }
denied node 20.1.0.1 tcp:443
expect 20.1.0.1 "an answer is read" ask a.wild.example A
passes node 20.1.0.1 tcp:443
denied node 20.1.0.1 tcp:80
finish
