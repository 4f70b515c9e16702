#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Who speaks in the name of a resolver: a pod in the node's network namespace takes the resolver's address and port, or
# shares it; whoever the policy does not mean is not heard, by the node, by pods, or by the agent. Where the policy does
# not say who serves, a node's own cache goes on, and is told.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../talk.sh"
needs_egret
bed_up
pod_up web 11
pod_up cache 12
internet ip route add 10.244.0.0/16 via 10.224.0.4
liar=$root/build/tests/liar
ungoverned ip link add caches type dummy 2>/dev/null || ungoverned ip link add caches type bridge || skip "no device can be made"
ungoverned sh -c "for n in 10 20 30; do ip addr add 169.254.\$n.10/32 dev caches; done; ip link set caches up"
service=$cg/system.slice/cache.service
daemonset=$cg/kubepods/besteffort/pod0/nodelocal
# serves LOG CGROUP NETNS ADDRESS: answers there, rightly or not.
serves() {
	start "$work/$1.log" "$2" "$3" "$liar" "$4"
	eventually logged "$work/$1.log" ^ready || die "no liar: $(cat "$work/$1.log")"
}
serves stub "$daemonset" "$id-node" 127.0.0.53   # nobody's but the node's: the pod made this up
serves shared "$service" "$id-node" 169.254.10.10 # the host's cache,
serves sharer "$daemonset" "$id-node" 169.254.10.10 # and a pod on the same port
serves nodelocal "$daemonset" "$id-node" 169.254.20.10
serves moved "$service" "$id-node" 169.254.30.10
moved=$started
echo "$moved" >"$daemonset/cgroup.procs" || die "the cache does not move"
serves coredns "${pod_cgroup[cache]}" "$id-cache" 10.244.0.12
serves own "${pod_cgroup[web]}" "$id-web" 127.0.0.53

in_daemonset() { in_cgroup "$daemonset" "$id-node" "$@"; }
asks() { $1 dig +noedns +short +time=1 +tries=1 "${@:4}" "@$2" "$3" A; }
# heard WHO SERVER NAME ADDRESS [DIG-OPTION]: WHO is answered, and may go there.
heard() {
	expect "$4" "$1 asks $2 for $3 ${*:5}" asks "$1" "$2" "$3" "${@:5}"
	passes "$1" "$4" tcp:443
}
# unheard WHO SERVER NAME ADDRESS [DIG-OPTION]: it is asked, which takes a while; `nobody_heard` waits for all of these.
unheard=()
unheard() {
	asks "$1" "$2" "$3" "${@:5}" >"$work/unheard.$3" 2>&1 &
	pids+=($!)
	unheard+=("$! $*")
}
nobody_heard() {
	local asked
	for asked in "${unheard[@]}"; do
		# shellcheck disable=SC2086
		set -- $asked
		wait "$1"
		expect ";;" "nobody answers $2, who asks $3 for $4 ${*:6}" cat "$work/unheard.$4"
		denied "$2" "$5" tcp:443
	done
	unheard=()
}
# told ADDRESS AUDITED CLASS: `drops` has who spoke for it, and the line.
told() {
	json "any(.[]; .reason == \"not-server\" and .address == \"$1\" and .audited == $2 and (.outdated | not) and
		(.suggestion | startswith(\"resolver $1 served by $3 \")))" "drops says who speaks for $1" egret_cmd drops --json
}
loaded() { [ "$(grep -c '^egret: enforcing' "$work/agent.log")" -ge "$1" ]; }

govern <<'POLICY'
resolver 127.0.0.53
resolver 169.254.20.10 169.254.30.10 10.244.0.12
resolver 169.254.10.10 served by host
allow *.wild.example  tcp:443
POLICY
unheard node 127.0.0.53 f1.wild.example 20.7.0.2
unheard node 127.0.0.53 f2.wild.example 20.7.0.3 +tcp
unheard in_daemonset 127.0.0.53 f3.wild.example 20.7.0.4
nobody_heard
told 127.0.0.53 false hostnetwork
json '[.[] | select(.reason == "not-server" and .address == "127.0.0.53").port] | unique == ["tcp:53", "udp:53"]' \
	"a row for each protocol, whoever asked" egret_cmd drops --json
# The agent asks it first.
echo "allow f200.wild.example tcp:443" >>"$work/policy.rules"
eventually loaded 2 || die "no reload: $(cat "$work/agent.log")"
passes node 20.7.0.201 tcp:443
json '.resolvers[0] | .address == "127.0.0.53" and .timeouts_total >= 1 and .answers_total == 0' "nor does the agent believe it" \
	egret_cmd status --json
expect 20.7.0.5 "a pod's own resolver, in its own namespace" asks "pod web" 127.0.0.53 f4.wild.example
# Where nobody said who serves, it goes on, by UDP and TCP, over lo and by a device.
heard node 169.254.20.10 f10.wild.example 20.7.0.11
heard node 169.254.20.10 f11.wild.example 20.7.0.12 +tcp
heard "pod web" 169.254.20.10 f12.wild.example 20.7.0.13
heard "pod web" 169.254.20.10 f13.wild.example 20.7.0.14 +tcp
heard "pod web" 10.244.0.12 f14.wild.example 20.7.0.15
told 169.254.20.10 true hostnetwork
told 10.244.0.12 true pods
succeeds "status" egret_cmd status
shows "^unserved .* resolver 169.254.20.10, .*; write: resolver 169.254.20.10 served by hostnetwork" "it has the line to write"
shows "^unserved .*; write: resolver 10.244.0.12 served by pods" "and that of the other"
json '[.unserved[].address] | sort == ["10.244.0.12", "169.254.20.10"]' "--json too" egret_cmd status --json
# A socket is whose it was made, whoever has it now.
heard node 169.254.30.10 f15.wild.example 20.7.0.16
# Of two that share a port, the one that is meant.
heard_some="" unheard_some=""
for n in {20..59}; do
	answer=$(asks node 169.254.10.10 f$n.wild.example)
	if [ "$answer" = "20.7.0.$((n + 1))" ]; then heard_some=1; else unheard_some=1; fi
	[ "$heard_some$unheard_some" != 11 ] || break
done
succeeds "a question came to the host's cache" test -n "$heard_some"
succeeds "and one to the pod, which was not heard" test -n "$unheard_some"
told 169.254.10.10 false hostnetwork

# With the words. What was said before is over.
cat >"$work/policy.rules" <<'POLICY'
resolver 127.0.0.53     served by hostnetwork
resolver ::1
resolver 169.254.20.10  served by hostnetwork
resolver 10.244.0.12    served by pods not hostnetwork
resolver 169.254.30.10  served by cgroup /nowhere
resolver 169.254.10.10  served by host
resolver 169.254.10.10  served by pods
allow *.wild.example  tcp:443
POLICY
eventually loaded 3 || die "no reload: $(cat "$work/agent.log")"
heard node 127.0.0.53 f70.wild.example 20.7.0.71
heard "pod web" 169.254.20.10 f71.wild.example 20.7.0.72
heard "pod web" 10.244.0.12 f72.wild.example 20.7.0.73 +tcp
unheard node 169.254.30.10 f73.wild.example 20.7.0.74
nobody_heard
told 169.254.30.10 false host
for n in {74..77}; do heard node 169.254.10.10 f$n.wild.example "20.7.0.$((n + 1))"; done
json '.unserved == []' "status has nothing to say any more" egret_cmd status --json
# By a raw socket, whole and in fragments, of which nobody knows the port; by IPv6; from the port to anywhere.
speaks() { in_daemonset "$forger" answer "$@" 100 f1.wild.example 20.9.9.9; }
expect EPERM "a raw socket does not speak for it" speaks raw 169.254.30.10 10.224.0.4 5300
expect EPERM "nor do its fragments" in_daemonset "$probe" -b 169.254.30.10 raw-frag 10.224.0.4 53
expect EPERM "nor does IPv6" speaks bound ::1 ::1 5300
stop $moved
expect timeout "nor a connection that it begins" in_daemonset "$probe" -t 200 -b 169.254.30.10 -p 53 tcp 10.224.0.4 5300
expect ECONNREFUSED "other ports are its own" in_daemonset "$probe" -b 169.254.30.10 -p 54 tcp 10.224.0.4 5300
finish
