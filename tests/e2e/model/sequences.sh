#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Random sequences with real sockets against the model; `make test-long` runs 2000.
. "$(dirname "$0")/../lib.sh"
needs_egret
internet_ports="tcp:9000"
bed_up
internet ip route add local 30.0.0.0/8 dev lo
internet ip route add local 10.0.0.0/30 dev lo
internet ip route add local 100.64.0.0/10 dev lo
internet ip -6 route add local fd00::/64 dev lo
internet ip -6 route add local 64:ff9b::/96 dev lo
mkdir -p "$cg/sequences"
succeeds "no disagreement" "$root/build/tests/sequences" "${EGRET_SEQUENCES:-30}" "$cg/sequences" \
	"/run/netns/$id-node" "/run/netns/$id-inet"
grep ^note: "$work/output"
finish
