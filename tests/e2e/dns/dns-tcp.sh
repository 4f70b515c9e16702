#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# DNS over TCP teaches as DNS over UDP does: what comes in pieces, early or twice, and what the kernel cuts. Lost octets
# cost the names in them, for which the agent asks; those behind them teach.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up web 11
nat_up <<NFT
table ip egret_dns {
	chain services { type nat hook prerouting priority -100; ip daddr 10.0.0.10 dnat to 20.0.0.54; }
	chain own { type nat hook output priority -100; ip daddr 10.0.0.10 dnat to 20.0.0.54; }
}
NFT
dns f7--split.wild.example 20.1.0.40
start "$work/liar.log" - "$id-inet" "$root/build/tests/liar" 20.0.0.54
eventually logged "$work/liar.log" ^ready || die "no liar: $(cat "$work/liar.log")"
govern <<'POLICY'
resolver 20.0.0.53
resolver 20.0.0.54
resolver 10.0.0.10
allow *.wild.example  tcp:443
POLICY
tcp() { node dig +noedns +short +tcp +time=5 +tries=1 @20.0.0.54 "$@"; }
counted() { json ".dns_total[\"$1\"] == $2" "$3" egret_cmd status --json; }

denied node 20.7.0.2 tcp:443
expect 20.7.0.2 "an answer in one segment" tcp f1.wild.example A
passes node 20.7.0.2 tcp:443
expect 20.7.0.3 "an answer in four segments, the length in two of them" tcp f2--split.wild.example A
passes node 20.7.0.3 tcp:443
expect 20.2.0.20 "cut short by UDP, whole by TCP" node dig +noedns +short +time=5 +tries=1 @20.0.0.54 tcp.wild.example A
passes node 20.2.0.20 tcp:443

# Two questions, one connection; the second answer begins in the segment that ends the first.
node dig +noedns +short +tcp +keepopen +time=5 +tries=1 @20.0.0.54 f3--next.wild.example A f4--next.wild.example A >/dev/null
passes node 20.7.0.4 tcp:443
passes node 20.7.0.5 tcp:443

expect 20.7.0.6 "a pod asks a ClusterIP" pod web dig +noedns +short +tcp +time=5 +tries=1 @10.0.0.10 f5.wild.example A
passes "pod web" 20.7.0.6 tcp:443
denied node 20.7.0.6 tcp:443
expect 20.7.0.7 "the node asks a ClusterIP" node dig +noedns +short +tcp +time=5 +tries=1 @10.0.0.10 f6.wild.example A
passes node 20.7.0.7 tcp:443

# Twenty questions in one segment.
for i in $(seq 20); do
	echo "20.1.1.$i p$i.wild.example" >>"$work/hosts"
done
dns p0.wild.example 20.1.1.100
expect answered "twenty answers come" node "$root/build/tests/forger" stream 20.0.0.53 many:20:p:.wild.example hear:20
pipelined() { egret_cmd learned --json | jq '[.[] | select(.name | test("^p[0-9]+[.]wild[.]example$"))] | length'; }
all_pipelined() { [ "$(pipelined)" = 20 ]; }
eventually all_pipelined
expect 20 "all of many questions in one segment teach" pipelined
counted packed 0 "none was too many"

# The first of twenty answers is lost on its way, once: the others are kept until it comes.
for i in $(seq 20); do
	echo "20.1.2.$i p$i.late.wild.example" >>"$work/hosts"
done
dns p0.late.wild.example 20.1.2.100
ungoverned nft -f - <<'NFT'
table ip egret_late {
	chain in {
		type filter hook prerouting priority -300;
		tcp sport 53 ip length > 64 limit rate over 1/hour burst 1 packets accept
		tcp sport 53 ip length > 64 drop
	}
}
NFT
node "$root/build/tests/forger" stream 20.0.0.53 many:20:p:.late.wild.example hear:20 >/dev/null
ungoverned nft delete table ip egret_late
late() { egret_cmd learned --json | jq '[.[] | select(.name | test("^p[0-9]+[.]late[.]wild[.]example$"))] | length'; }
expect 20 "all of them teach" late
json '.dns_total.early >= 1' "early segments are counted" egret_cmd status --json
counted gap 0 "nothing passed Egret by"
counted asked_anew 0 "the agent asks for nothing"

tcp many.wild.example A >/dev/null
passes node 20.3.0.1 tcp:443
passes node 20.3.0.64 tcp:443
tcp large.wild.example A >/dev/null
passes node 20.2.0.21 tcp:443
node dig +bufsize=4096 +short +time=5 +tries=1 @20.0.0.54 large.wild.example A >/dev/null

# Nothing of this teaches more by TCP than by UDP.
for lie in badid question stray additional broken cut loop; do
	node dig +noedns +short +tcp +time=1 +tries=1 @20.0.0.54 $lie.wild.example A >/dev/null 2>&1
done
for host in 1 2 3 4 6 8 9; do
	denied node 20.2.0.$host tcp:443
done

counted overflow 0 "no stream was left behind so far"
tcp huge.wild.example A >/dev/null
counted overflow 1 "a message that is too long for Egret is counted"
reaches() { try node "$1" tcp:443 | grep -q ^connected; }
eventually reaches 20.2.0.22
passes node 20.2.0.22 tcp:443 # since the agent asked for the name itself
counted asked_anew 1 "the agent asks for this name"

# The first octet is lost on its way, once: what follows comes too early.
ungoverned nft -f - <<'NFT'
table ip egret_loss {
	chain in {
		type filter hook prerouting priority -300;
		tcp sport 53 ip length 53 limit rate over 1/hour burst 1 packets accept
		tcp sport 53 ip length 53 drop
	}
}
NFT
expect 20.7.0.8 "an answer whose first octet is late is delivered" tcp f7--split.wild.example A
passes node 20.7.0.8 tcp:443
counted gap 0 "that is no gap"

# Many answers in one segment.
learned_below() { egret_cmd learned --json | jq --arg of "[.]$1[.]wild[.]example$" '[.[] | select(.name | test($of))] | length'; }
counted packed 0 "no segment held too many so far"
node "$root/build/tests/forger" stream 20.0.0.54 many:20:f:.full.wild.example hear >/dev/null
expect 20 "all of twenty answers in one segment teach" learned_below full
counted packed 0 "none of these was too many"
node "$root/build/tests/forger" stream 20.0.0.54 many:40:f:.over.wild.example hear >/dev/null
expect 40 "all of forty answers in one segment teach" learned_below over
counted packed 0 "none of these was too many"
node "$root/build/tests/forger" stream 20.0.0.54 many:140:f:.m.wild.example hear both:f3.after.wild.example hear >/dev/null
expect 140 "all of a hundred and forty" learned_below m
expect 1 "and the next one" learned_below after
counted packed 0 "none was too many"
finish
