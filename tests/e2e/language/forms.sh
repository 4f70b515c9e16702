#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Each form that a rule can have opens what it says, in both families, and
# nothing beside it.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns www.forms.example 20.1.0.1 2603:1000::1:1
dns two.forms.example 20.1.0.2 20.1.0.3 2603:1000::1:2 2603:1000::1:3
dns time.forms.example 20.1.0.4 2603:1000::1:4
dns deep.learned.example 20.1.0.5
dns CAPITAL.forms.example 20.1.0.6
govern <<'POLICY'
set pair = 20.3.0.1 2603:1000::3:1
resolver 20.0.0.53
allow www.forms.example       tcp:443                 # exact name
allow two.forms.example       https:443 http:80       # several addresses
allow time.forms.example      udp:123                 # datagrams
allow Capital.Forms.Example.  tcp:443                 # case and the last dot do not matter
allow *.learned.example       tcp:443                 # a pattern: needs learning
allow 20.2.0.1                tcp:443                 # address
allow 2603:1000::2:1          tcp:443
allow ::ffff:20.2.0.2         tcp:443                 # a mapped address is the IPv4 address
allow 20.2.16.0/20            tcp:8000-8080           # CIDR, range
allow 2603:1000:16::/48       tcp:8000-8080
allow 20.2.16.0/24            udp:123                 # adds to what the wider one says
allow ${pair}                 tcp:80,443 udp:123      # lists
allow 20.4.0.1                icmp
allow 2603:1000::4:1          icmp
allow 20.5.0.0/24             any
allow 2603:1000::5:0/112      any
POLICY

# Names, in all of their addresses, on their ports alone.
for addr in 20.1.0.1 2603:1000::1:1 ::ffff:20.1.0.1; do
	passes node $addr tcp:443
	denied node $addr tcp:80 udp:443 send:443
done
for addr in 20.1.0.2 20.1.0.3 2603:1000::1:2 2603:1000::1:3; do
	passes node $addr tcp:443 tcp:80
	denied node $addr tcp:8080
done
for addr in 20.1.0.4 2603:1000::1:4 ::ffff:20.1.0.4; do
	passes node $addr udp:123 send:123
	denied node $addr tcp:443 udp:80 send:80
done
passes node 20.1.0.6 tcp:443
denied node 20.1.0.5 tcp:443

# Addresses and CIDRs.
for addr in 20.2.0.1 ::ffff:20.2.0.1 2603:1000::2:1 20.2.0.2 ::ffff:20.2.0.2; do
	passes node $addr tcp:443
	denied node $addr tcp:80 udp:443
done
denied node 20.2.0.3 tcp:443
denied node 2603:1000::2:2 tcp:443
for addr in 20.2.16.0 20.2.31.255 ::ffff:20.2.16.9 2603:1000:16::1 2603:1000:16:ffff:ffff:ffff:ffff:ffff; do
	passes node $addr tcp:8000 tcp:8080
	denied node $addr tcp:8999 tcp:443
done
denied node 20.2.15.255 tcp:8000
denied node 20.2.32.0 tcp:8000
denied node 2603:1000:17::1 tcp:8000
passes node 20.2.16.7 udp:123
denied node 20.2.17.7 udp:123

# Lists, ICMP, any.
for addr in 20.3.0.1 2603:1000::3:1 ::ffff:20.3.0.1; do
	passes node $addr tcp:80 tcp:443 udp:123 send:123
	denied node $addr tcp:8080 udp:443
done
for addr in 20.4.0.1 2603:1000::4:1; do
	passes node $addr icmp ping
	denied node $addr tcp:443 udp:123
done
denied node 20.3.0.1 icmp ping
for addr in 20.5.0.1 2603:1000::5:1; do
	passes node $addr tcp:22 tcp:9000 udp:9000 send:9000 icmp
done

# What no rule names.
for addr in 51.0.0.1 2603:1000:51::1 ::ffff:51.0.0.1 203.0.113.1 2001:db8::1; do
	denied node $addr tcp:443 udp:123 send:123
done
denied node 51.0.0.1 icmp ping
denied node 2603:1000:51::1 icmp
# icmpv6_push_pending_frames() keeps the error to itself: a ping socket is told nothing.
expect timeout "node may not ping 2603:1000:51::1" try node 2603:1000:51::1 ping
nothing_arrived ' 51\.| 203\.0\.113|\[2603:1000:51|\[2001:db8'

# One socket, many destinations: each is judged by itself, also the tenth.
each() {
	node "$probe" -t 500 udp-each 123 20.1.0.4 51.0.0.1 20.3.0.1 51.0.0.2 51.0.0.3 20.5.0.1 20.5.0.2 20.5.0.3 \
		20.5.0.4 51.0.0.1 20.1.0.4 51.0.0.9 >"$work/output"
	awk '{ printf "%s", $2 == "answered" ? "+" : $2 == "EPERM" ? "-" : "?" }' "$work/output"
}
expect '\+-\+--\+\+\+\+-\+-' "one datagram socket, twelve peers" each
# The resolver may be asked; others may not.
expect 20.1.0.1 "DNS to the resolver" node dig +short @$resolver www.forms.example
expect 20.1.0.1 "DNS to the resolver over TCP" node dig +tcp +short @$resolver www.forms.example
denied node 20.0.0.54 udp:53 tcp:53
finish
