#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A connection that was accepted over lo, or by a SYN that somebody put on lo, did not come in: when its
# peer's address is elsewhere, what it sends is judged as any other packet.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
foreign=2603:1000:bad::9
internet nft -f - <<NFT || skip "nft does not work here"
table inet seen {
	counter strays {}
	chain arrives {
		type filter hook prerouting priority -300;
		ip daddr 51.0.0.0/8 counter name strays
		ip6 daddr 2603:1000:bad::/48 counter name strays
	}
}
NFT
strays() { internet nft -j list counters | jq '[.nftables[].counter? | select(. != null) | .packets] | add'; }

start "$work/server.log" "$cg/system.slice/server.service" "$id-node" "$probe" serve tcp:8080
eventually logged "$work/server.log" ^ready || die "no server: $(cat "$work/server.log")"
govern <<'POLICY'
resolver 20.0.0.53
POLICY

internet "$probe" tcp-echo fd00:e9::4 8080 >/dev/null # the listener has heard somebody by the device
has_waited() { [ "$(grep -c ^waits "$work/server.log")" -ge "$1" ]; }
# leave ADDR OWN N: a client at ADDR, which is here, talks to the server, which answers (its N-th answer of
# that kind) when ADDR is no longer here.
leave() {
	local addr=$1 own=$2 nth=$3
	rm -f "$work/gone"
	ungoverned ip addr add "$addr" dev eth0
	start "$work/client.log" "$cg/system.slice/app.service" "$id-node" \
		"$probe" -t 2000 -b "${addr%/*}" -d "after $work/gone" tcp-echo "$own" 8080
	eventually has_waited "$nth" || die "the server did not hear ${addr%/*}: $(cat "$work/client.log" "$work/server.log")"
	ungoverned ip addr del "$addr" dev eth0
	touch "$work/gone"
}

leave $foreign/128 fd00:e9::4 1
denied_row() { egret_cmd drops --json | jq -e "any(.[]; .address == \"$1\" and .kernel_reason == \"no-rule\")"; }
succeeds "what was accepted over lo is judged by the rules" eventually denied_row $foreign
leave 51.0.0.9/32 10.224.0.4 2
succeeds "the same, IPv4" eventually denied_row 51.0.0.9
expect 0 "nothing of it left" strays

# By a frame that somebody with a packet socket put on lo.
expect sent "a SYN from elsewhere on lo" node "$probe" -b $foreign frame-syn fd00:e9::4 8080
refused_syn() { egret_cmd drops --json | jq -e 'any(.[]; .reason == "foreign-source" and .port == "tcp:8080")'; }
succeeds "the listener does not hear it" eventually refused_syn
expect 0 "nobody answered it" strays
passes internet fd00:e9::4 tcp:8080
passes internet 10.224.0.4 tcp:8080
passes node fd00:e9::4 tcp:8080
finish
