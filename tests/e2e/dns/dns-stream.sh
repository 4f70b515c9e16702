#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Names by DNS over TCP as connections really are: lossy, pipelined, cut anywhere, with the question in the SYN. A
# fresh name's first packet is lost by none of it; what Egret cannot read, the agent asks for, and the connection
# teaches again.
# Reports: systemd/systemd#9283, #34579, #18665, PowerDNS/pdns#9995, AdguardTeam/dnsproxy#501 (all of Fast Open).
exec 3>&1
. "$(dirname "$0")/../lib.sh"
needs_egret
client=$root/build/tests/client
[ -x "$client" ] || skip "build/tests/client is not built"
bed_up
count=${EGRET_FRESH_NAMES:-10000}
start "$work/server.log" - "$id-inet" "$client" answer 20.0.0.55 0
start "$work/cutter.log" - "$id-inet" "$client" answer 20.0.0.56 90
start "$work/bulk.log" - "$id-inet" "$client" answer 20.0.0.57 4000
eventually logged "$work/server.log" ^ready || die "no server: $(cat "$work/server.log")"
eventually logged "$work/cutter.log" ^ready || die "no server: $(cat "$work/cutter.log")"
eventually logged "$work/bulk.log" ^ready || die "no server: $(cat "$work/bulk.log")"
govern <<'POLICY'
resolver 20.0.0.55
resolver 20.0.0.56
resolver 20.0.0.57
allow *.wild.example  tcp:8443 udp:8443
POLICY
names() { node "$client" stream "$@"; }
all_reached() {
	succeeds "$1: no first packet is lost" names "${@:2}"
	grep ^note: "$work/output"
}
lost_for_good() {
	names "$@" >"$work/output"
	grep ^note: "$work/output" >&3
	sed -n 's/.* \([0-9]*\) for good.*/\1/p' "$work/output"
}
lossy() { # lossy PERCENT: of what comes, on both sides
	local side
	for side in node inet; do
		in_cgroup - "$id-$side" nft -f - <<-NFT || skip "nft does not work here"
			table inet egret_loss {
				chain in {
					type filter hook prerouting priority -300;
					tcp sport 53 numgen random mod 100 < $1 drop
					tcp dport 53 numgen random mod 100 < $1 drop
				}
			}
		NFT
	done
}
lossless() {
	ungoverned nft delete table inet egret_loss
	internet nft delete table inet egret_loss
}
counted() { json ".$1 == $2" "$3" dns_total; }
dns_total() { egret_cmd status --json | jq .dns_total; }

all_reached "a pipeline of 40" a 2000 20.0.0.55 8443 40
all_reached "cut anywhere" b 1000 20.0.0.56 8443 40

# A question in the SYN. The first connection gets the server's cookie; with another key, the server refuses that one.
key() { internet sysctl -q -w net.ipv4.tcp_fastopen_key="$1-$1-$1-$1"; }
opens() { # opens PREFIX WHAT TAKEN
	succeeds "$2: no first packet is lost" node "$client" open "$1" 60 20.0.0.55 8443 20
	expect , "$2: the SYN's questions $3" grep -o ", the SYN's $3" "$work/output"
}
internet sysctl -q -w net.ipv4.tcp_fastopen=3 || skip "no Fast Open here"
key 11111111
opens f "no cookie yet" "were not taken"
opens g "questions in the SYN" "were taken"
key 22222222
opens h "a cookie that is refused" "were not taken"
opens i "the new cookie" "were taken"
counted gap 0 "nothing passed Egret by"

lossy 1
all_reached "1 % loss" c "$count" 20.0.0.55 8443 24
all_reached "1 % loss, cut anywhere" d 1000 20.0.0.56 8443 24
# The kernel moves the packets of one connection from CPU to CPU (RPS), so that two of them are at the hook at once.
moves_cpus() {
	cat >"$work/mover" <<-SH
		mount -t sysfs none /sys
		cd /sys/class/net/eth0/queues/rx-0
		while echo 1 >rps_cpus && echo 2 >rps_cpus; do :; done
	SH
	start "$work/mover.log" - "$id-node" unshare -m sh "$work/mover"
	mover=$started
}
if [ "$(nproc)" -gt 1 ]; then
	moves_cpus
	all_reached "1 % loss, and segments on two CPUs" m "$count" 20.0.0.55 8443 24
	stop "$mover"
	[ ! -s "$work/mover.log" ] || failed "they were not: $(cat "$work/mover.log")"
else
	echo "note: one CPU: no segments are at the hook on two"
fi
counted gap 0 "nothing passed Egret by"
counted asked_anew 0 "the agent asks for nothing"
json '.dns_total.early > 0' "early segments were kept" egret_cmd status --json
lossless

# More octets under way than the window holds: what is not read, the agent asks for.
long=e$(printf '%.0sx' {1..58}).$(printf '%.0sx' {1..62}).$(printf '%.0sx' {1..62}).n
lossy 3
expect 0 "3 % loss, 200 under way: names that are lost for good" lost_for_good "$long" 2000 20.0.0.57 8443 200
for lesson in crowded untold unsought; do
	counted $lesson 0 "none is left out"
done
lossless
finish
