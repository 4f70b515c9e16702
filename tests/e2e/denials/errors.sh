#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What an application sees of a denial: an error at once, never a time-out.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns www.errors.example 20.1.0.1
dns evil.errors.example 51.0.0.1
govern <<'POLICY'
resolver 20.0.0.53
allow www.errors.example tcp:80 udp:123
POLICY

for addr in 51.0.0.1 2603:1000:51::1 ::ffff:51.0.0.1; do
	expect EPERM "connect to $addr" node "$probe" -t 5000 tcp $addr 443
	expect EPERM "datagram to $addr, connected" node "$probe" -t 5000 udp $addr 123
	expect EPERM "datagram to $addr, unconnected" node "$probe" -t 5000 udp-send $addr 123
done
expect EPERM "echo request, raw" node "$probe" -t 5000 icmp 51.0.0.1
expect EPERM "echo request, ping socket" node "$probe" -t 5000 ping 51.0.0.1
fails 7 "curl to a denied name" node curl -q --noproxy '*' --silent --show-error --max-time 10 \
	--resolve evil.errors.example:80:51.0.0.1 http://evil.errors.example/
shows "(fail|could|couldn|not permitted)" "curl says why"
shows "after [0-9]{1,3} ms" "curl did not wait"
finish
