#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Packets that no honest socket sends: forged, fragmented, source-routed, with
# extension headers.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
govern <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.0/24         any
allow 2603:1000::1:0/112  any
POLICY

# To a destination that nothing allows.
expect EPERM "raw datagram" node "$probe" raw-udp 51.0.0.1 123
expect EPERM "raw datagram, IPv6" node "$probe" raw-udp 2603:1000:51::1 123
expect EPERM "forged SYN-ACK" node "$probe" raw-tcp-synack 51.0.0.1 443
expect EPERM "forged SYN-ACK, IPv6" node "$probe" raw-tcp-synack 2603:1000:51::1 443
expect EPERM "fragment" node "$probe" raw-frag 51.0.0.1 123
expect EPERM "source route" node "$probe" raw-lsrr 51.0.0.1 123 20.1.0.1
expect EPERM "echo request" node "$probe" icmp 51.0.0.1
for kind in hop dest routing source-route fragment unknown truncated; do
	expect EPERM "extension header: $kind" node "$probe" ip6-exthdr $kind 2603:1000:51::1 123
done

# To one that a rule allows in full: what can be judged passes, the rest does not.
expect sent "raw datagram to an allowed address" node "$probe" -b 10.224.0.4 raw-udp 20.1.0.1 123
arrived 'udp .* 20.1.0.1:123'
expect EPERM "fragment to an allowed address" node "$probe" raw-frag 20.1.0.1 123
expect EPERM "source route over an allowed address" node "$probe" raw-lsrr 20.1.0.1 123 51.0.0.1
expect EPERM "source route by option" node "$probe" ip-options-lsrr 51.0.0.1 123 20.1.0.1
expect EPERM "source route by option, over an allowed address" node "$probe" ip-options-lsrr 20.1.0.1 123 51.0.0.1
for kind in none hop dest; do
	expect sent "allowed, extension header: $kind" node "$probe" ip6-exthdr $kind 2603:1000::1:1 123
done
for kind in source-route fragment unknown truncated; do
	expect EPERM "allowed, extension header: $kind" node "$probe" ip6-exthdr $kind 2603:1000::1:1 123
done
nothing_arrived ' 51\.|\[2603:1000:51'
succeeds "drops works" egret_cmd drops -o wide
for reason in fragment extension 'routed through another address'; do
	shows "$reason" "drops tells of: $reason"
done
finish
