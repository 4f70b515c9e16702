#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What was learned, and the policy: denied names, other policies, sockets of other makes.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up web 11
nat_up </dev/null
dns good.example 20.1.0.1
dns evil.bad.example 20.1.0.2
dns shared.bad.example 20.1.0.3
dns shared.good.example 20.1.0.3
dns later.wild.example 20.1.0.4
dns exact.example 20.1.0.5
dns floor.bad.example 20.0.0.53
dns mptcp.good.example 20.5.0.6
dns early.good.example 20.5.0.7
dns inside.good.example 20.99.0.1
app=$cg/system.slice/app.service
ask() { $1 dig +short +time=3 +tries=1 @$resolver "$2" >/dev/null; }

# A socket that was there before Egret, and asks when it has come.
mkfifo "$work/early.in"
"$enter" "$app" "$id-node" "$root/build/tests/early" $resolver early.good.example <"$work/early.in" >"$work/early.log" 2>&1 &
pids+=($!)
exec {early}>"$work/early.in"
eventually logged "$work/early.log" ^ready || die "no early socket: $(cat "$work/early.log")"

govern <<'POLICY'
set internal = 20.99.0.0/16
resolver 20.0.0.53
allow *.good.example     tcp:443
allow 20.1.0.0/24        tcp:443,9000 udp:9000
deny  *.bad.example
POLICY

# A denied name takes its addresses from whatever allows them as addresses: at the next packet.
passes node 20.1.0.2 tcp:443
hold_open cut "$app" "$id-node" 20.1.0.2 443
hold_open kept "$app" "$id-node" 20.1.0.1 443
ask node evil.bad.example
denied node 20.1.0.2 tcp:443 udp:9000
said=$(wc -l <"$work/cut.hold")
echo "cut" >&"${hold_fd[cut]}"
sleep 0.5
expect "$said" "a live connection to it is cut" sh -c "wc -l <'$work/cut.hold'"
expect ok "another one goes on" hold_say kept
passes "pod web" 20.1.0.2 tcp:443 # which did not ask
json 'any(.[]; .reason == "deny-rule" and .address == "20.1.0.2" and .name == "evil.bad.example")' "drops tell the name" \
	egret_cmd drops --json
ask node shared.bad.example
ask node shared.good.example
passes node 20.1.0.3 tcp:443 # on the allowed name's ports
denied node 20.1.0.3 tcp:9000
ask node floor.bad.example
expect 20.1.0.1 "a denied name takes no resolver away" node dig +short +time=3 +tries=1 @$resolver good.example

# Never from a name.
ask node inside.good.example
denied node 20.99.0.1 tcp:443
json '.dns_total.rebinding >= 1' "an internal address is counted" egret_cmd status --json

# MPTCP's subflows are sockets of the kernel's.
ask node mptcp.good.example
if expect_mptcp=$(node "$root/build/tests/early" --mptcp 20.5.0.6 443 2>&1); then
	passed "MPTCP to a learned address: $expect_mptcp"
elif [[ $expect_mptcp == EPROTONOSUPPORT* || $expect_mptcp == ENOPROTOOPT* ]]; then
	echo "note: MPTCP is not tried: this kernel has none"
else
	failed "MPTCP to a learned address: $expect_mptcp"
fi

# The socket from before the attach.
echo ask >&"$early"
eventually logged "$work/early.log" ^answered || failed "no answer: $(cat "$work/early.log")"
passes node 20.5.0.7 tcp:443

# Another policy: what was answered for a name of no rule may be used at once (promise 5), and
# what no rule has any more may not.
ask node later.wild.example
ask node exact.example
reload <<'POLICY'
resolver 20.0.0.53
allow *.wild.example     tcp:443
allow exact.example      tcp:80
POLICY
passes node 20.1.0.4 tcp:443
passes node 20.1.0.5 tcp:80
denied node 20.1.0.1 tcp:443
denied "pod web" 20.1.0.4 tcp:443
reload <<'POLICY'
resolver 20.0.0.53
allow *.wild.example     tcp:443
deny  later.wild.example
POLICY
denied node 20.1.0.4 tcp:443
finish
