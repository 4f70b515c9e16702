#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Where the node has IPsec policies, sendmsg() judges what egress might meet wrapped; and nothing else changes. That it
# is wrapped takes a kernel with ESP: tests/kernels/guest-ipsec.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
ungoverned ip xfrm policy add dst 51.9.0.0/16 dir out action block 2>"$work/output" || skip "no IPsec policies here: $(cat "$work/output")"
ungoverned ip xfrm policy add dst 20.0.0.53 dir out tmpl src 10.224.0.4 dst 10.224.0.1 proto esp mode tunnel
start "$work/server.log" "$cg/system.slice/app.service" "$id-node" "$probe" serve udp:8080
eventually logged "$work/server.log" ready

rules() {
	cat <<-POLICY
		resolver 20.0.0.53
		allow 20.1.0.0/24 udp:123
		deny 10.224.0.4 udp:9999
	POLICY
}

# rows ADDRESS: how many packets to it were denied, or would be.
rows() {
	egret_cmd drops --json | jq "[.. | objects | select(.address? == \"$1\") | .packets_total] | add // 0"
}

govern < <(rules)
is_told() { egret_cmd status --json | jq -e 'any(.problems[]; .text | test("IPsec"))'; }
eventually is_told
fails 1 "a resolver behind IPsec is a PROBLEM" egret_cmd status
shows 'PROBLEM.*the resolver 20.0.0.53 is reached by an IPsec policy' "status says so"

passes node 20.1.0.1 send:123 udp:123 send:123
denied node 51.1.0.1 send:123 udp:123
denied node 51.9.0.1 send:123
expect 1 "the call itself denies: this one comes no further" rows 51.9.0.1
expect answered "an own address" node "$probe" udp-send 10.224.0.4 8080
expect answered "127.0.0.1" node "$probe" udp-send 127.0.0.1 8080
denied node 10.224.0.4 send:9999
expect answered "who asked is answered" internet "$probe" -b 51.1.0.1 udp 10.224.0.4 8080

{
	echo "set mode = audit"
	rules
} | policy
kill -HUP "$agent"
eventually logged "$work/agent.log" 'auditing:'
expect answered "audit: passes" node "$probe" udp-send 51.2.0.1 123
expect 1 "and is counted once" rows 51.2.0.1
finish
