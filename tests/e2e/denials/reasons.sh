#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every reason for a denial: produced, counted, and told by `drops` as text and as JSON.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
app=$cg/system.slice/app.service
dns vault.example 10.99.0.4
internet ip route add local 10.99.0.0/16 dev lo
hold_open early "$app" "$id-node" 20.1.0.1 443
govern <<'POLICY'
set dns_names = policy
resolver 20.0.0.53
allow 20.1.0.1,2603:1000::1:1  any
allow 20.1.0.2        tcp:443
allow 20.1.0.3        tcp:443  for pods
allow 20.2.0.0/16     any
deny  20.2.0.2
allow vault.example   tcp:443
POLICY

no_memory_is_counted() { [ "$(counted no-memory)" -gt 0 ]; }
counted() { egret_cmd status --json | jq --arg reason "$1" '.packets.denied_by_reason_total[$reason] // 0'; }

# reason LABEL SENTENCE ADDRESS SUBJECT CMD...: what CMD sends is denied for that reason.
reason() {
	local label=$1 sentence=$2 addr=$3 subject=$4 before
	shift 4
	before=$(counted "$label")
	$subject "$@" >"$work/tried" 2>&1 </dev/null
	expect $((before + 1)) "$label is counted once" counted "$label"
	json "any(.[]; .kernel_reason == \"$label\" and .address == \"$addr\" and .packets_total >= 1)" "$label in drops --json" \
		egret_cmd drops --json
	succeeds "drops" egret_cmd drops -o wide
	shows "${addr//./\\.} .*$sentence" "$label in drops"
	tried+=("$label")
}
tried=()

reason no-rule "no rule (allows this destination|has this address)" 51.0.0.1 node "$probe" tcp 51.0.0.1 443
reason port "not this port and protocol" 20.1.0.2 node "$probe" tcp 20.1.0.2 80
reason class "not for this subject" 20.1.0.3 node "$probe" tcp 20.1.0.3 443
reason deny-rule "a deny rule takes this destination away" 20.2.0.2 node "$probe" tcp 20.2.0.2 443
reason malformed "could not be parsed" 2603:1000::1:1 node "$probe" ip6-exthdr truncated 2603:1000::1:1 123
reason fragment "a fragment that a raw socket made" 20.1.0.1 node "$probe" raw-frag 20.1.0.1 123
reason extension-header "does not know" 2603:1000::1:1 node "$probe" ip6-exthdr unknown 2603:1000::1:1 123
reason source-route "routed through another address" 20.1.0.1 node "$probe" raw-lsrr 20.1.0.1 123 51.0.0.1
# What is asked again is counted again: one question, without its resending.
reason dns-name "a DNS question for a name that no rule" 20.0.0.53 node "$probe" -d "data, not a question" udp 20.0.0.53 53

reason forged "in the name of a resolver" 20.1.0.1 node "$root/build/tests/forger" answer raw 20.0.0.53 20.1.0.1 5301 1 x.example 20.6.1.2

# From an address that is nobody's here, over lo, to a port on which nobody listens.
reason foreign-source "not the sender's own" fd00:e9::4 node "$probe" -f freebind -b 2a00:bad::6 udp-send fd00:e9::4 9
reason special-address "private address" 10.99.0.4 node "$probe" tcp 10.99.0.4 443

# A socket from before Egret needs a stamp at its next packet. net.core.optmem_max bounds
# what may be stored with a socket; it is a namespace's own from 6.9 on.
optmem() { ungoverned nsenter --net="/run/netns/$id-node" sh -c "echo $1 >/proc/sys/net/core/optmem_max"; }
if optmem 1 2>/dev/null; then
	echo "no answer yet" >&"${hold_fd[early]}"
	eventually no_memory_is_counted
	succeeds "drops" egret_cmd drops -o wide
	shows "20\.1\.0\.1 .*no memory to remember the socket" "no-memory in drops"
	json 'any(.[]; .reason == "no-memory" and .address == "20.1.0.1")' "no-memory in drops --json" egret_cmd drops --json
	fails 1 "a socket that cannot be stamped is not made" node "$probe" tcp 20.1.0.1 443
	shows "EPERM" "and says why"
	optmem 131072
	# The answer to what was held up may come first.
	goes_on() { [[ $(hold_say early) == ok* ]]; }
	eventually goes_on
	expect ok "with memory it goes on" hold_say early
	tried+=(no-memory)
else
	echo "note: no-memory is not produced: net.core.optmem_max cannot be set in a namespace here"
	tried+=(no-memory)
fi

tried+=(stale-agent) # takes half a minute: agent/probation
# Of packets that no hook of a socket sees: tests/e2e/layers.
tried+=(not-a-socket tunnel rewritten not-ip unlooked service-outside)
# What may not begin: layers/source.sh. Who speaks as a resolver: dns/served-by.sh; inside IPsec: packets/ipsec.sh.
tried+=(family option not-server ipsec)

# What time decides: denials/expired.sh.
tried+=(expired before-attach)

# None was forgotten: the list is the header's own.
labels=$(sed -n '/EGRET_REASONS(X)/,/^$/s/^\tX([A-Z_]*, "\([a-z-]*\)", .*/\1/p' "$root/include/egret_reasons.h" | sort)
expect "$(wc -w <<<"$labels")" "every reason of egret_reasons.h was tried" \
	bash -c "comm -12 <(printf '%s\n' $(echo $labels)) <(printf '%s\n' ${tried[*]} | sort) | wc -l"
finish
