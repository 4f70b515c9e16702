#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# No resolver is asked faster than its rate, however many queries may be under way; --resolve-rate changes it.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up

# 600 names are 1,200 queries: 200 at once, and 200 more each second.
{
	echo "resolver 20.0.0.53"
	echo "set floor = off"
	seq -f 'allow n%g.rate.example tcp:443' 600
} >"$work/many.rules"
asked() { grep -c 'query\[A*\] n[0-9]*\.rate\.example' "$work/dns.log"; }
all_asked() { [ "$(asked)" -ge 1200 ]; }

# ms_until_asked ARG...: until all were asked, by an agent of these arguments.
ms_until_asked() {
	local begin
	: >"$work/dns.log"
	rm -rf "$EGRET_STATE"
	begin=$(date +%s%3N)
	start "$work/agent.log" - "$id-node" "$egret" run --policy "$work/many.rules" --cgroup "$cg" --instance "$instance" "$@"
	eventually all_asked
	took=$(($(date +%s%3N) - begin))
	stop "$started"
	egret_cmd detach --all >/dev/null 2>&1
}

ms_until_asked --resolve-inflight 1000
succeeds "1,000 under way do not lift the rate: $took ms are 4,900 at least" test "$took" -ge 4900
ms_until_asked --resolve-rate 400
succeeds "400 a second: $took ms are 1,900 at least" test "$took" -ge 1900
slow=$took
ms_until_asked --resolve-rate 1000000
succeeds "a million a second: $took ms are fewer than $slow and 4,900" test "$took" -lt 4900
EGRET_RESOLVE_RATE=150 ms_until_asked
succeeds "150 a second by the environment: $took ms are 6,900 at least" test "$took" -ge 6900
finish
