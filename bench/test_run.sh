#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# test_run.sh PROGRAM: one that measures by BPF_PROG_TEST_RUN, where a device besides
# lo is: what goes over lo is not judged. Packets come from an address that is here: else they are denied for that.
. "$(dirname "$0")/bed.sh"
ip link add bench0 type veth peer name bench1
ip link set bench0 up
ip link set lo up
ip addr add 10.0.0.1/32 dev bench0
ip -6 addr add fd00::1/128 dev bench0 nodad
"$root/build/bench/$1"
