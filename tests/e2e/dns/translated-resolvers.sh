#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The resolver that an application names is not where its question goes: another's programs at the hooks of calls turn
# the address of a service into that of a pod (Cilium in place of kube-proxy), or the NAT of the namespace turns port 53
# into another one (Docker's 127.0.0.11, a ClusterIP whose pods listen elsewhere). Reports: cilium/cilium#24417 and
# #16583, linkerd/website#1615, netbirdio/kubernetes-operator#215. What is learned so is usable at once, and nothing is
# learned from whom nobody was translated to.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../talk.sh"
needs_egret
client=$root/build/tests/client
service=$root/build/tests/service.bpf.o
bpftool=$(command -v bpftool /usr/sbin/bpftool | head -n 1)
[ -x "$client" ] && [ -e "$service" ] || make -s -C "$root" tests-tools >&2 || die "tests/dns does not build"
[ -n "$bpftool" ] || skip "no bpftool"
bed_up
pod_up web 11
internet ip route add local 10.244.200.0/24 dev lo
internet ip -6 route add local fd00:f4:200::/64 dev lo
internet ip route add 10.244.0.0/24 via 10.224.0.4
internet ip -6 route add fd00:f4::/64 via fd00:e9::4
# What tests/dns/service.bpf.c has.
service4=10.0.0.10 backend4=10.244.200.53 service6=fd00:10::10 backend6=fd00:f4:200::53
other_port4=10.0.0.13 # goes to the backend's port 5353
aside4=10.0.0.11      # another service, which the node's NAT translates, to port 5353
unreachable=10.0.0.12 # a resolver where no call succeeds
silent4=20.0.0.56    # a resolver that never answers: the test does
evil=20.0.0.55       # may be asked, and is no resolver

# Each check asks for a name that nobody asked for before: hN.wild.example, 20.7.1.N.
for n in $(seq 250); do echo "20.7.1.$n h$n.wild.example"; done >"$work/names"
n=0
# answers NETNS PORT ADDRESS...: a server that has all of them.
answers() {
	local netns=$1 port=$2 listen
	shift 2
	listen=$(printf ',%s' "$@")
	start "$work/dns-$port.log" - "$netns" dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts \
		--user=root --pid-file= --bind-interfaces --listen-address="${listen#,}" --port="$port" \
		--addn-hosts="$work/names" --local-ttl=60 '--local=/#/' --cache-size=0
	eventually in_cgroup - "$netns" dig +time=1 +tries=1 -p "$port" "@$1" localhost. || die "no DNS at $1 port $port"
}
answers "$id-inet" 53 $backend4 $backend6
backend=$started
answers "$id-inet" 5353 $backend4
answers "$id-node" 5353 10.224.0.4

# asks WHO SERVER: a name by each way in turn, and its address is used at once. As glibc asks, as musl, and by TCP.
asked() { # WHO SERVER dig's options
	local who=$1 server=$2
	shift 2
	expect "20.7.1.$((n += 1))" "$who asks $server: $*" $who dig +noedns +short +time=3 +tries=1 "$@" "@$server" \
		"h$n.wild.example" A
	expect connected "and may connect" try "$who" "20.7.1.$n" tcp:443
}
asked_unconnected() { # WHO SERVER
	expect connected "$1 asks $2, not connected, and may connect" $1 "$client" musl "h$((n += 1)).wild.example" "$2" 443
}
asks() {
	asked "$1" "$2" +notcp
	asked_unconnected "$1" "$2"
	asked "$1" "$2" +tcp
}

# --- another's programs at the hooks of calls ---
mkdir /sys/fs/bpf/service
"$bpftool" prog loadall "$service" /sys/fs/bpf/service || skip "this kernel does not load tests/dns/service.bpf.c"
hooks="connect4 connect6 sendmsg4 sendmsg6 recvmsg4 recvmsg6"
service_attach() {
	local hook
	for hook in $hooks; do
		"$bpftool" cgroup attach "$cg" $hook pinned "/sys/fs/bpf/service/service_$hook" multi || die "no $hook"
	done
}
service_detach() {
	local hook
	for hook in $hooks; do
		"$bpftool" cgroup detach "$cg" $hook pinned "/sys/fs/bpf/service/service_$hook"
	done
}
asks_service() {
	asks "pod web" $service4
	asks "pod web" $service6
	asks "pod web" $other_port4
	asked_unconnected "pod web" ::ffff:$service4
}
in_cgroup - "$id-web" ip route add unreachable $unreachable
service_attach
n=$((n + 1))
expect 20.7.1.$n "without Egret it translates" pod web dig +noedns +short @$service4 h$n.wild.example A
ungoverned nft -f - <<NFT || skip "nft does not work here"
table ip egret_aside {
	chain output {
		type nat hook output priority -100;
		ip daddr $aside4 udp dport 53 dnat to 10.224.0.4:5353
		ip daddr $aside4 tcp dport 53 dnat to 10.224.0.4:5353
	}
}
NFT
policy <<POLICY
set internal = 10.0.0.0/8 fd00::/8
resolver $service4
resolver $service6
resolver $aside4
resolver $other_port4
resolver $unreachable
resolver $silent4
allow 10.0.0.0/8 any
allow fd00::/8 any
allow $evil udp:53 tcp:53
allow *.wild.example tcp:443
POLICY
ours_go_first() { # links take flags since 6.17 (user/kernel/hook_cgroup.c)
	printf '6.17\n%s\n' "$(uname -r)" | sort -VC
}
agent_start
if ours_go_first; then
	asks_service # it was there before Egret
else
	echo "note: on this kernel what was attached before Egret goes first; only what came later is tried"
fi
service_detach
service_attach
asks_service # it came later

# --- the node's NAT, to another port ---
asks node $aside4

# --- who was not asked through them ---
talk_open pod "${pod_cgroup[web]}" "$id-web" 4 5300
talk_open failed "${pod_cgroup[web]}" "$id-web" 4 5301
talk_open turned "${pod_cgroup[web]}" "$id-web" 4 5302
talk_open told "${pod_cgroup[web]}" "$id-web" 4 5303
declare -A port=([pod]=5300 [failed]=5301 [turned]=5302 [told]=5303)
query=100
# question TALKER SERVER NAME
question() {
	query=$((query + 1)) question=$3
	expect asked "$1 asks $2 for $3" talk "$1" ask "$2" $query A "$3"
}
# forged WHAT TALKER FROM: such an answer teaches nothing.
forged() {
	tell "$2" internet bound "$3" 10.244.0.11 "${port[$2]}" $query "$question" "20.7.2.$((n += 1))"
	expect EPERM "$1" try "pod web" "20.7.2.$n" tcp:443
}
n=$((n + 1))
expect 20.7.1.$n "a backend is asked that nobody translated to" pod web dig +noedns +short @$backend4 h$n.wild.example A
denied "pod web" 20.7.1.$n tcp:443
n=$((n + 1))
expect 20.7.1.$n "by TCP" pod web dig +noedns +short +tcp @$backend4 h$n.wild.example A
denied "pod web" 20.7.1.$n tcp:443
# From now on nobody answers but the test.
stop "$backend"
question pod $service4 nobody.wild.example
forged "whom nobody was translated to answers" pod 10.244.200.54
expect sent "the backend answers" internet "$forger" answer bound $backend4 10.244.0.11 5300 $query "$question" 20.7.3.1
eventually heard_more pod $service4 0 || failed "it is read as the service's: $(cat "$work/pod.talk")"
passes "pod web" 20.7.3.1 tcp:443
expect "EHOSTUNREACH|ENETUNREACH" "connect to a resolver that fails" talk failed connect $unreachable 53
expect connected "and then elsewhere" talk failed connect $evil 53
question failed $evil failed.wild.example
forged "a call to the resolver that failed makes nobody one" failed $evil
# sendto() says another address than connect() did, and the socket turns there before the answer comes.
expect connected "connect to a resolver" talk turned connect $silent4 53
question turned $evil turned.wild.example
expect connected "the socket turns" talk turned connect $evil 53
forged "a connected socket asks elsewhere" turned $evil
expect connected "connect to a service" talk told connect $service4 53
question told $evil told.wild.example
expect connected "the socket turns" talk told connect $evil 53
forged "a translated socket asks elsewhere" told $evil
service_detach
stop "$agent"
egret_cmd detach >/dev/null

# --- Docker's resolver, in a container's namespace (libnetwork/resolver_unix.go has such rules) ---
netns_up "$id-box" -
wire "$id-box" 10.244.0.12/32 fd00:f4::12/128 "$id-node" 169.254.1.1/32 fd00:e9:1::1/128 veth-box
in_cgroup - "$id-box" sh -c "ip route add 169.254.1.1 dev eth0 && ip route add default via 169.254.1.1"
ungoverned ip route add 10.244.0.12 dev veth-box
answers "$id-box" 45353 127.0.0.11
in_cgroup - "$id-box" nft -f - <<'NFT' || skip "nft does not work here"
table ip docker {
	chain output {
		type nat hook output priority -100;
		ip daddr 127.0.0.11 udp dport 53 dnat to 127.0.0.11:45353
		ip daddr 127.0.0.11 tcp dport 53 dnat to 127.0.0.11:45353
	}
	chain postrouting {
		type nat hook postrouting priority 100;
		ip saddr 127.0.0.11 udp sport 45353 snat to :53
		ip saddr 127.0.0.11 tcp sport 45353 snat to :53
	}
}
NFT
policy "$work/box.rules" <<'POLICY'
resolver 127.0.0.11
allow *.wild.example tcp:443
POLICY
: >"$work/box.log"
start "$work/box.log" - "$id-box" "$egret" run --policy "$work/box.rules" --cgroup "$cg" --instance "$instance"
eventually logged "$work/box.log" '(enforcing|auditing):' || die "no agent in the container: $(cat "$work/box.log")"
boxed() { in_cgroup "$cg/box" "$id-box" "$@"; }
asks boxed 127.0.0.11
denied boxed 20.7.1.250 tcp:443
finish
