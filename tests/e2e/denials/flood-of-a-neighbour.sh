#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A pod that is denied at thousands of destinations pushes out rows of its own only: its neighbours keep theirs, its own
# newest ones are there, and what made room is told as "other destinations". Nothing of the totals is lost.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up calm 11
pod_up noisy 12
govern <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY

# flood THIRD LAST...: one datagram to each address 51.THIRD.0.1 and on, one after the other.
flood() {
	local count=$2 third=$1
	seq 1 "$count" | awk -v third="$third" '{ printf "51.%d.%d.%d\n", third, $1 / 250, $1 % 250 + 1 }' >"$work/flood"
	# shellcheck disable=SC2046
	pod noisy "$probe" udp-each 123 $(cat "$work/flood") >"$work/flooded" 2>&1
}
rows() { egret_cmd drops --json | jq "[.[] | select($1)] | length"; }
sum() { egret_cmd drops --json | jq "[.[] | select($1) | .packets_total] | add // 0"; }
counted() { egret_cmd status --json | jq '.packets.denied_total'; }
memory_of() { egret_cmd status --json | jq ".maps[] | select(.map == \"$1\") | .memory_bytes"; }
calm='(.subject | test("calm"))' noisy='(.subject | test("noisy"))'

denied "pod calm" 51.6.6.6 tcp:443
denied "pod calm" 51.6.6.7 tcp:443
before=$(rows "$calm")
expect 2 "rows of the calm pod before" echo "$before"
flood 100 8000
full=$(memory_of drops)
flood 101 8000
expect 2 "rows of the calm pod behind 16000 of its neighbour's" rows "$calm"
expect 64 "rows of the noisy pod" rows "$noisy and .others_total == 0"
expect 1 "its newest destination among them" rows ".address == \"$(tail -n 1 "$work/flood")\""
expect 15936 "packets to other destinations" sum "$noisy and .others_total > 0"
expect 15936 "rows that made room" eval 'egret_cmd drops --json | jq "[.[].others_total] | add"'
expect "$full" "memory of the rows, as after half of it" memory_of drops
expect "$(counted)" "packets in rows are those of the totals" sum true
succeeds "drops" egret_cmd drops -o wide
shows '15 936 .*DENIED .*other destinations .*pod .*noisy.* 15936 rows of this subject made room for newer ones' "drops in words"
lacks 'more packets' "and nothing is missing"

# A row counts on where it stands.
pod noisy "$probe" udp-each 123 "$(tail -n 1 "$work/flood")" >/dev/null 2>&1
expect 2 "packets of the newest row" sum ".address == \"$(tail -n 1 "$work/flood")\""
succeeds "drops --clear" egret_cmd drops --clear
expect 0 "rows after that" rows true
denied "pod noisy" 51.6.6.6 tcp:443
expect 1 "rows of what comes after it" rows true
finish
