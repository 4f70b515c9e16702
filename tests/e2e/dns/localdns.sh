#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# LocalDNS as AKS has it: a cache that is a service of the node, on 169.254.10.10 (for the node) and 169.254.10.11 (for
# pods) of a dummy device, asks its upstream by TCP only, over a connection that it keeps, gives stale answers with TTL 0,
# and has a hosts file whose names it answers without the aliases that they have elsewhere. Nobody asks the upstream
# but the cache, so what is learned is learned from the cache's answers.
# Reports: Azure/AKS#5864 (LocalDNS and policies of names not usable together).
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../talk.sh"
needs_egret
liar=$root/build/tests/liar cache=$root/build/tests/cache
[ -x "$cache" ] || make -s -C "$root" build/tests/cache >&2 || die "tests/dns does not build"
bed_up
pod_up web 11
pod_up other 12
pod_up mean 13
internet ip route add 10.244.0.0/16 via 10.224.0.4
upstream=20.0.0.54
for_node=169.254.10.10 for_pods=169.254.10.11
# A bridge without ports is as good where the kernel has no dummy device.
ungoverned ip link add localdns type dummy 2>/dev/null || ungoverned ip link add localdns type bridge || skip "no device can be made"
ungoverned sh -c "ip addr add $for_node/32 dev localdns && ip addr add $for_pods/32 dev localdns && ip link set localdns up"
# What AKS does for it: these packets are no matter of conntrack.
ungoverned nft -f - <<NFT || skip "nft does not work here"
table ip localdns {
	chain pods { type filter hook prerouting priority raw; ip daddr { $for_node, $for_pods } notrack; }
	chain node { type filter hook output priority raw; ip daddr { $for_node, $for_pods } notrack; ip saddr { $for_node, $for_pods } notrack; }
}
NFT
start "$work/upstream.log" - "$id-inet" "$liar" $upstream
liar_pid=$started
eventually logged "$work/upstream.log" ^ready || die "no upstream: $(cat "$work/upstream.log")"

service=$cg/localdns.slice/localdns.service
echo "20.9.0.1 mcr.hosts.example" >"$work/hosts.localdns"
start "$work/cache.log" "$service" "$id-node" "$cache" $upstream "$work/hosts.localdns" $for_node $for_pods
cache_pid=$started
eventually logged "$work/cache.log" ^ready || die "no cache: $(cat "$work/cache.log")"

govern <<POLICY
resolver $for_node $for_pods
allow $upstream       tcp:53  for host
allow *.wild.example  tcp:443
allow *.hosts.example tcp:443
allow *.node.example  tcp:443 for host
allow 10.244.0.0/16   udp:5301 for pods
POLICY

in_node_pod() { in_cgroup "${pod_cgroup[mean]}" "$id-node" "$@"; } # hostNetwork
in_service() { in_cgroup "$service" "$id-node" "$@"; }
# asks WHO SERVER NAME [DIG-OPTION]: the last line, which is the address.
asks() { $1 dig +short +time=3 +tries=1 "${@:4}" "@$2" "$3" A | tail -n 1; }
times() { grep -cxF "$1" "$work/cache.log"; }
# learns WHAT WHO SERVER NAME ADDRESS [DIG-OPTION]: WHO asks, and may go there at once.
learns() {
	expect "${5//./\\.}" "$1: $2 asks for $4" asks "$2" "$3" "$4" "${@:6}"
	passes "$2" "$5" tcp:443
}

# Names as pods and the node ask for them.
denied "pod web" 20.7.0.2 tcp:443
learns "by UDP" "pod web" $for_pods f1.wild.example 20.7.0.2
learns "by TCP" "pod web" $for_pods f2.wild.example 20.7.0.3 +tcp
learns "by UDP" node $for_node f3.wild.example 20.7.0.4
learns "by TCP" node $for_node f4.wild.example 20.7.0.5 +tcp
learns "by the pods' address" node $for_pods f5.wild.example 20.7.0.6
learns "by the node's address" "pod web" $for_node f6.wild.example 20.7.0.7
learns "with an alias" "pod web" $for_pods chain.wild.example 20.2.0.5
denied "pod other" 20.7.0.2 tcp:443 # it asked for nothing
expect 20.7.0.8 "a name of the node's rules, asked for by a pod" asks "pod web" $for_pods f7.node.example
denied "pod web" 20.7.0.8 tcp:443
learns "and by the node" node $for_node f7.node.example 20.7.0.8
expect 1 "the cache has asked over one connection" times connected

# The hosts file, in which a name comes without its aliases.
learns "by UDP" "pod web" $for_pods mcr.hosts.example 20.9.0.1
learns "by TCP" "pod other" $for_pods mcr.hosts.example 20.9.0.1 +tcp
learns "by UDP" node $for_node mcr.hosts.example 20.9.0.1
echo "20.9.0.2 mcr.hosts.example" >"$work/hosts.localdns"
learns "another address in it" "pod web" $for_pods mcr.hosts.example 20.9.0.2
passes "pod web" 20.9.0.1 tcp:443 # it was named a moment ago

# The upstream is gone: what is stale comes with TTL 0, and is good for min_ttl (900 s) as all that is learned.
stop $liar_pid
expect 0 "a stale answer" in_cgroup "${pod_cgroup[other]}" "$id-other" \
	sh -c "sleep 2; dig +noall +answer @$for_pods f1.wild.example A | awk '{ print \$2 }'"
passes "pod other" 20.7.0.2 tcp:443
learns "stale, by TCP" "pod other" $for_pods f2.wild.example 20.7.0.3 +tcp
learns "stale, with an alias" "pod other" $for_pods chain.wild.example 20.2.0.5
learns "stale, by UDP" node $for_node f1.wild.example 20.7.0.2
expect 1 "the cache was asked for it twice, stale" sh -c "grep -c 'stale f1.wild.example' '$work/cache.log' | grep -x 2 | wc -l"
json '[.[] | select(.address == "20.7.0.2").left_seconds] | length == 3 and all(. > 800 and . < 1000)' \
	"learned --json: what came with TTL 0 lives as long as min_ttl says" egret_cmd learned --json

# The cache itself reaches its upstream, by TCP, and nothing else.
denied in_service $upstream udp:53 tcp:443
denied in_service 20.0.0.53 tcp:53 udp:53
denied in_service 20.7.0.250 tcp:443
# And nobody reaches the upstream beside it.
denied "pod web" $upstream tcp:53 udp:53
denied in_node_pod $upstream tcp:53

# A pod that calls itself the cache in its own namespace teaches nothing.
in_cgroup - "$id-mean" ip addr add $for_pods/32 dev lo
start "$work/false.log" "${pod_cgroup[mean]}" "$id-mean" "$liar" $for_pods
eventually logged "$work/false.log" ^ready || die "no false cache: $(cat "$work/false.log")"
expect 20.7.0.21 "a pod asks itself" asks "pod mean" $for_pods f20.wild.example
denied "pod mean" 20.7.0.21 tcp:443
# Nor does one that knows id, port and name of a question that is open, in the cache's name, from wherever it is.
kill -STOP "$cache_pid"
talk_open web "${pod_cgroup[web]}" "$id-web" 4 5301
expect asked "a pod asks, and the cache is slow" talk web ask $for_pods 100 A slow.wild.example
for who in "pod mean" in_node_pod; do
	expect EPERM "$who does not speak as the cache" $who "$forger" answer raw $for_pods 10.244.0.11 5301 100 \
		slow.wild.example 20.9.9.9
done
kill -CONT "$cache_pid"
denied "pod web" 20.9.9.9 tcp:443
fails 1 "nothing of that is learned" is_learned 20.9.9.9 20.7.0.21
finish
