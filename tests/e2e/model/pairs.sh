#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The programs against the model: random policies and packets. `make test-long` runs a million.
. "$(dirname "$0")/../lib.sh"
needs_egret
mount_private
netns_up "$id-pairs" -
ip -n "$id-pairs" link add pairs0 type veth peer name pairs1
ip -n "$id-pairs" link set pairs0 up
# Where the packets come from: another source may not send to many, whatever the policy says.
ip -n "$id-pairs" addr add 10.224.0.4/32 dev pairs0
ip -n "$id-pairs" addr add fde9::/128 dev pairs0 nodad
succeeds "no disagreement" nsenter --net="/run/netns/$id-pairs" "$root/build/tests/pairs" "${EGRET_PAIRS:-25000}" pairs0
grep ^note: "$work/output"
finish
