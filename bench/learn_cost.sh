#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What learning costs, under few patterns and under many: bench/learn_cost.c in two lanes.
. "$(dirname "$0")/bed.sh"
lane_up ten
lane_up large
"$root/build/bench/learn_cost" "$cgroup"
