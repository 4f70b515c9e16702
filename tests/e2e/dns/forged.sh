#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Whoever is not the resolver tries to teach an address, knowing the id and the port of the question
# and the name in it. The application reads each of these answers; Egret learns from none.
# After most of them the server says the same, and then it is learned: nothing else was wrong.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../talk.sh"
needs_egret
bed_up
pod_up web 11
pod_up mean 12
internet ip route add 10.244.0.0/16 via 10.224.0.4
internet ip -6 route add fd00:f4::/64 via fd00:e9::4
# A forger with CAP_NET_ADMIN would begin with this.
for netns in node web; do
	set_sysctl "$id-$netns" net.ipv4.conf.all.rp_filter=0
	set_sysctl "$id-$netns" net.ipv4.conf.lo.rp_filter=0
done
silent=20.0.0.56 # a resolver that never answers: the test does
silent6=2603:1000::56
liar=$root/build/tests/liar
# What answers, and says "ready": LOG CGROUP NETNS ADDRESS.
start_liar() {
	start "$work/$1.log" "$2" "$3" "$liar" "$4"
	eventually logged "$work/$1.log" ^ready || die "no liar: $(cat "$work/$1.log")"
}
start_liar node-resolver "$cg/system.slice/resolved.service" "$id-node" 127.0.0.53
start_liar pod-resolver "${pod_cgroup[web]}" "$id-web" 127.0.0.53
# Pods may take the address of another, so that what they say from there is judged.
govern <<POLICY
set foreign_sources = all
set internal = 51.7.0.0/16 2603:1000:7::/48
resolver 20.0.0.54
resolver $silent
resolver $silent6
resolver 127.0.0.53
allow *.wild.example  tcp:443
allow 10.244.0.0/16   udp:5301  for pods
allow fd00:f4::/64    udp:5304  for pods
allow 10.244.0.12     udp:53    for pods
POLICY
talk_open node "$cg/system.slice/app.service" "$id-node" 4 5300
talk_open quiet "$cg/system.slice/app.service" "$id-node" 4 5302
talk_open node6 "$cg/system.slice/app.service" "$id-node" 6 5303
talk_open pod "${pod_cgroup[web]}" "$id-web" 4 5301
talk_open pod6 "${pod_cgroup[web]}" "$id-web" 6 5304
talk_open late "$cg/system.slice/app.service" "$id-node" 4 5305
declare -A user=([node]=node [node6]=node [quiet]=node [late]=node [pod]="pod web" [pod6]="pod web")
declare -A to=([node]="10.224.0.4 5300" [late]="10.224.0.4 5305" [quiet]="10.224.0.4 5302" [node6]="fd00:e9::4 5303"
	[pod]="10.244.0.11 5301" [pod6]="fd00:f4::11 5304")
query=100
host=0

# asks TALKER NAME [TYPE]: a question that nobody answers; $query and $question are its id and name.
asks() {
	local server=$silent
	[[ $1 != *6 ]] || server=$silent6
	query=$((query + 2)) question=$2
	expect asked "$1 asks for $2" talk "$1" ask "$server" "$query" "${3:-A}" "$2"
}

# answer TALKER WHO HOW FROM ADDRESS [ID [NAME]]
answer() {
	# shellcheck disable=SC2086
	tell "$1" "$2" "$3" "$4" ${to[$1]} "${6:-$query}" "${7:-$question}" "$5"
}

# forged WHAT TALKER WHO HOW FROM [ID [NAME]]: such an answer teaches nothing.
forged() {
	local what=$1 talker=$2 addr=20.6.0.$((host += 1))
	answer "$talker" "$3" "$4" "$5" "$addr" "${@:6}"
	expect EPERM "$what" try "${user[$talker]}" "$addr" tcp:443
	! is_learned "$addr" || failed "$what: $addr is learned: $(learned_rows "$addr")"
}

# truth TALKER [FROM]: the same from the server.
truth() {
	local talker=$1 addr=20.6.0.$((host += 1)) server=$silent
	[[ $1 != *6 ]] || server=$silent6
	answer "$talker" internet bound "${2:-$server}" "$addr"
	passes "${user[$talker]}" "$addr" tcp:443
}

counted() {
	json ".dns_total[\"$1\"] $2" "status --json: $1" egret_cmd status --json
}

# Whoever answers after half a minute had time to guess. More of this at the end.
asks late late.wild.example
late=$query late_from=$SECONDS

# Who does not know the id, and who is not the server.
asks node id.wild.example
forged "another id" node internet bound $silent $((query + 1))
truth node
asks node host.wild.example
forged "the right id from another host" node internet bound 20.0.0.55
truth node
asks pod host.wild.example
forged "the right id from another host, to a pod" pod internet bound 20.0.0.55
truth pod
asks node6 host.wild.example
forged "the right id from another host, by IPv6" node6 internet bound 2603:1000::55
truth node6
# Which of the resolvers was asked, Egret does not compare: a NAT may stand between.
asks node other.wild.example
truth node 20.0.0.54

# Nothing was asked, or something else, or by another socket, or the answer was there.
question=quiet.wild.example
forged "an answer to a socket that never asked" quiet internet bound $silent
counted unasked ">= 1"
asks node asked.wild.example
forged "an answer to another question" node internet bound $silent "$query" evil.wild.example
forged "the right answer, to another socket" quiet internet bound $silent
truth node
forged "a second answer" node internet bound $silent
asks node asked.wild.example AAAA
forged "addresses of another type than was asked for" node internet bound $silent
asks quiet stale.wild.example
truth quiet
forged "a second answer, to a socket that asked one question" quiet internet bound $silent

# From the asking namespace itself, over lo. Who is governed may not send this; of others Egret believes nothing.
beside_node() { in_cgroup - "$id-node" "$@"; }
beside_pod() { in_cgroup - "$id-web" "$@"; }
for talker in node pod; do
	who=${user[$talker]} beside=beside_$talker
	asks $talker lo.wild.example
	for how in raw bound; do
		# shellcheck disable=SC2086
		expect EPERM "$talker: a governed process may not speak for the server over lo, $how" $who "$forger" answer \
			$how $silent ${to[$talker]} "$query" "$question" 20.6.1.1
	done
	forged "$talker: a raw socket with the server's address, over lo" $talker "$beside" raw $silent
	forged "$talker: a frame put on lo" $talker "$who" frame $silent
	forged "$talker: a socket bound to the server's address, over lo" $talker "$beside" bound $silent
	truth $talker
	asks ${talker}6 lo.wild.example
	forged "$talker: bound to the server's IPv6 address, over lo" ${talker}6 "$beside" bound $silent6
	truth ${talker}6
done

# From a neighbour: what a raw socket sends is judged by where it goes.
asks pod mean.wild.example
expect EPERM "a neighbour's raw socket needs a rule" pod mean "$forger" answer raw $silent 10.244.0.11 5300 \
	"$query" "$question" 20.6.1.1
expect EPERM "with a rule it may not speak as the resolver either" pod mean "$forger" answer raw $silent 10.244.0.11 5301 \
	"$query" "$question" 20.6.1.1
# By IPv6 any process may send from any address.
asks pod6 mean.wild.example
expect sent "a neighbour may speak to the port" pod mean "$forger" answer bound fd00:f4::12 fd00:f4::11 5304 \
	"$query" "$question" 20.6.1.1
expect EPERM "but not as the resolver, by IPv6" pod mean "$forger" answer bound $silent6 fd00:f4::11 5304 \
	"$query" "$question" 20.6.1.1
json 'any(.[]; .reason == "forged" and .address == "fd00:f4::11")' "drops says so" egret_cmd drops --json
denied "pod web" 20.6.1.1 tcp:443
truth pod6
# Who is not governed has to guess the id.
mean() { in_cgroup - "$id-mean" "$@"; }
asks pod mean.wild.example
forged "a neighbour that is not governed has to guess the id" pod mean raw $silent $((query + 1))
# If it knows that, too, nobody but the node's reverse path filter can tell.
times=$(heard_times pod $silent)
set_sysctl "$id-node" net.ipv4.conf.veth-mean.rp_filter=1
expect sent "it knows the id, and the node filters" mean "$forger" answer raw $silent 10.244.0.11 5301 \
	"$query" "$question" 20.6.1.2
truth pod
expect $((times + 1)) "only the server's answer arrived" heard_times pod $silent
denied "pod web" 20.6.1.2 tcp:443
set_sysctl "$id-node" net.ipv4.conf.veth-mean.rp_filter=0
asks pod mean.wild.example
answer pod mean raw $silent 20.6.1.3
expect "connected|answered" "known: without the filter, who knows the id and may send there is the server" \
	try "pod web" 20.6.1.3 tcp:443
counted mismatch ">= 17"

# A socket that asked the server, and then a neighbour that the policy lets it speak to.
asks pod corked.wild.example
query=$((query + 2))
expect sent "one task begins a question to a neighbour, and another one lets it go" talk pod corked 10.244.0.12 53 \
	"$query" "$question"
forged "who is asked so is no server" pod mean bound 10.244.0.12
asks pod corked.wild.example
truth pod

# A resolver on lo is believed by the node's own processes in the node's own namespace, and by nobody else.
ask_lo() { "$@" dig +noedns +short +time=3 +tries=1 @127.0.0.53 "$name" A; }
name=f1.wild.example
expect 20.7.0.2 "a pod asks what calls itself 127.0.0.53 in its namespace" ask_lo pod web
denied "pod web" 20.7.0.2 tcp:443
name=f4.wild.example
expect 20.7.0.5 "a process of the node asks it there" ask_lo in_cgroup "$cg/system.slice/app.service" "$id-web"
expect EPERM "it may not reach that" in_cgroup "$cg/system.slice/app.service" "$id-web" "$probe" tcp 20.7.0.5 443
name=f2.wild.example
expect 20.7.0.3 "a pod in the node's namespace asks the node's" ask_lo in_cgroup "${pod_cgroup[web]}" "$id-node"
expect EPERM "it may not reach that" in_cgroup "${pod_cgroup[web]}" "$id-node" "$probe" tcp 20.7.0.3 443
denied node 20.7.0.3 tcp:443
name=f3.wild.example
expect 20.7.0.4 "the node's process asks the node's" ask_lo node
passes node 20.7.0.4 tcp:443

# A user namespace may have a network of its own, with the resolver's address in it.
cat >"$work/own.sh" <<'OWN'
set -e
ip link set lo up
unshare --net -- sleep 30 &
trap "kill $!" EXIT
far=/proc/$!/ns/net
until [ "$(readlink $far)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
ip link add near type veth peer name far netns $!
ip addr add 192.168.9.1/24 dev near
ip link set near up
nsenter --net=$far -- sh -c "ip link set lo up && ip addr add 192.168.9.2/24 dev far &&
	ip addr add 20.0.0.54/32 dev lo && ip link set far up"
ip route add default via 192.168.9.2
nsenter --net=$far -- "$1" 20.0.0.54 >"$2" &
trap "kill $! $(jobs -p | tr '\n' ' ')" EXIT
until grep -q ready "$2"; do sleep 0.02; done
dig +noedns +short +time=3 +tries=1 @20.0.0.54 f10.wild.example A
ip addr add 20.0.0.56/32 dev lo
"$1" 20.0.0.56 >"$2.lo" &
trap "kill $(jobs -p | tr '\n' ' ')" EXIT
until grep -q ready "$2.lo"; do sleep 0.02; done
dig +noedns +short +time=3 +tries=1 @20.0.0.56 f11.wild.example A
OWN
if pod web unshare --user --map-root-user --net -- true 2>/dev/null; then
	pod web unshare --user --map-root-user --net -- bash "$work/own.sh" "$liar" "$work/own.log" >"$work/own.out" 2>&1
	expect 20.7.0.11 "a user namespace asks a resolver of its own" cat "$work/own.out"
	expect 20.7.0.12 "and one on its lo" tail -n 1 "$work/own.out"
	denied "pod web" 20.7.0.11 tcp:443
	denied "pod web" 20.7.0.12 tcp:443
	denied node 20.7.0.11 tcp:443
	json '[.[] | select(.address == "20.7.0.11").scope] - [.[] | select(.address | IN("20.6.0.4", "20.6.0.6")).scope] | length == 1' \
		"learned --json: it is learned for that namespace alone" egret_cmd learned --json
else
	echo "note: user namespaces cannot be made here; they are not tried"
fi

# The server itself, with addresses that no name may bring in.
special="169.254.169.254 127.0.0.1 0.0.0.0 224.0.0.1 255.255.255.255 168.63.129.16 10.0.0.1 51.7.0.9 ::1 :: fe80::1
	ff02::1 fd00::1 100.64.0.1 100.127.255.254 172.31.255.254 198.19.255.254 fdff::1 febf::1 ::7 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 2603:1000:7::9"
before=$(egret_cmd status --json | jq .dns_total.rebinding)
for addr in $special; do
	type=A
	[[ $addr != *:* ]] || type=AAAA
	asks node rebind.wild.example $type
	answer node internet bound $silent "$addr"
done
# shellcheck disable=SC2086
fails 1 "none of them is learned" is_learned $special
counted rebinding "== $before + $(wc -w <<<"$special")"
denied node 169.254.169.254 tcp:443
denied node 168.63.129.16 tcp:443
denied node 51.7.0.9 tcp:443
denied node 2603:1000:7::9 tcp:443

# A question's name that goes on in the header, which the answer has otherwise.
for pointer in 2 6 7; do
	asks node "a.pointer.wild.example^$pointer"
	forged "a name with a pointer to octet $pointer" node internet bound $silent
	forged "the name that it may stand for" node internet bound $silent "$query" a.pointer.wild.example
done
asks node a.pointer.wild.example
truth node

# The server itself, half a minute later.
while [ $((SECONDS - late_from)) -le 31 ]; do sleep 0.5; done
forged "the right answer, half a minute late" late internet bound $silent "$late" late.wild.example
asks late late.wild.example
truth late
finish
