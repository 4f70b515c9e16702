#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Run time of the programs under real traffic: bench/program_time.c in two lanes.
. "$(dirname "$0")/bed.sh"
lane_up empty
lane_up egret
"$root/build/bench/program_time" "$cgroup"
