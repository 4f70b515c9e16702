#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the kernel tells of a denial without any agent: that the answer which allowed an address is over, and of which
# name; that a connection is from before the attach; which DNS server answers and is no resolver.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns last.example 20.1.0.1
dns a.wild.example 20.1.0.1 # by which `explain` finds its address
echo "nameserver $resolver" >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
short=20.0.0.54
stranger=20.0.0.55
start "$work/short.log" - "$id-inet" dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts \
	--user=root --pid-file= --bind-interfaces --listen-address=$short --log-facility=- \
	--address=/wild.example/20.1.0.1 --address=/range.example/20.1.0.2 --address=/taken.example/20.1.0.3 \
	--address=/bad.example/20.1.0.4 --address=/six.wild.example/64:ff9b::1401:a
start "$work/stranger.log" - "$id-inet" dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts \
	--user=root --pid-file= --bind-interfaces --listen-address=$stranger --log-facility=- --address=/wild.example/20.1.0.7
app=$cg/system.slice/app.service
hold_open before "$app" "$id-node" 51.0.0.1 443
hold_open other-port "$app" "$id-node" 20.1.0.9 80
govern <<'POLICY'
set min_ttl = 1s
set existing = cut
resolver 20.0.0.53
resolver 20.0.0.54
allow 20.0.0.55       udp:53 tcp:53 # may be asked, and is no resolver
allow *.wild.example  tcp:443
allow *.range.example tcp:80-90
allow *.taken.example tcp:443
deny  *.taken.example tcp:22
deny  *.bad.example
allow *.many.example  tcp:443
allow 20.1.0.9        tcp:443
POLICY
ask() { node dig +short +time=3 +tries=1 "@$1" "$2" "${3:-A}"; }
# row ADDRESS PORT REASON NAME: what the kernel had for the row.
row() {
	json "[.[] | select(.address == \"$1\" and .port == \"$2\" and .kernel_reason == \"$3\" and .name == ${4:-null})] | length == 1" \
		"$1 $2: $3 ${4:-}" egret_cmd drops --json
}
over() { egret_cmd learned --json | jq -e 'all(.[]; .name == "last.example" or .policy_name == null)'; }

expect 20.1.0.1 "an answer" ask $short a.wild.example
expect 20.1.0.1 "and one for a name of no rule" ask $resolver last.example
expect 20.1.0.2 "one for a name of other ports" ask $short a.range.example
expect 20.1.0.3 "one for a name that is denied a port" ask $short a.taken.example
expect 20.1.0.4 "one for a name that is denied" ask $short a.bad.example
expect 64:ff9b::1401:a "one behind NAT64" ask $short six.wild.example AAAA
eventually over

# Others that are learned, and look through what ended, leave it there.
for i in {1..95}; do
	echo "20.1.1.$i n$i.many.example"
	echo "n$i.many.example A" >>"$work/many"
done >>"$work/hosts"
dns n96.many.example 20.1.1.96 # and waits until all are read
many() { node dig +short +time=3 +tries=1 @$resolver -f "$work/many" | grep -c ^20.1.1; }
expect 95 "many answers" many

# The kernel has each row alone: the agent is not there to say more.
stop "$agent" KILL
denied node 20.1.0.1 tcp:443
row 20.1.0.1 tcp:443 expired '"a.wild.example"'
denied node 20.1.0.2 tcp:443
row 20.1.0.2 tcp:443 port '"a.range.example"'
denied node 20.1.0.3 tcp:22
row 20.1.0.3 tcp:22 port '"a.taken.example"'
denied node 20.1.0.3 tcp:443
row 20.1.0.3 tcp:443 expired '"a.taken.example"'
denied node 20.1.0.4 tcp:443
row 20.1.0.4 tcp:443 no-rule '"a.bad.example"'
denied node 64:ff9b::1401:a tcp:443
row 64:ff9b::1401:a tcp:443 expired '"six.wild.example"'
denied node 20.1.0.8 tcp:443
row 20.1.0.8 tcp:443 no-rule
fails 1 "explain" egret_cmd explain 20.1.0.1 tcp:443
shows "the answer that allowed this address is over" "and says what drops says"
explain() { ungoverned "$egret" explain --instance "$instance" "$@"; }
fails 1 "explain of the name" explain a.wild.example tcp:443 for cgroup "$app"
shows "denied now: the answer that .* was given is over, and it is allowed once it asks a resolver of the policy again" "says so, too"
json '.must_ask and .answers[0].reason == "expired"' "in JSON" explain a.wild.example tcp:443 for cgroup "$app" --json

# What /etc/resolv.conf does not know, the node may.
fails 1 "explain of a name that the node alone knows" explain a.taken.example tcp:443 for cgroup "$app"
shows '^a\.taken\.example \(20\.1\.0\.3\) tcp:443: denied now: the answer that .* was given is over' "by the answer that is over"
shows 'no resolver of /etc/resolv.conf gave an address: these are what this node knows' "and says whose address that is"
json '.addresses_from == "node" and .answers[0].reason == "expired"' "in JSON" explain a.taken.example tcp:443 for cgroup "$app" --json
fails 1 "explain of a name that nobody asked for" explain z.wild.example tcp:443 for cgroup "$app"
shows '^z\.wild\.example tcp:443: denied now: .* has not asked a resolver' "by its pattern"
shows 'by .*policy\.rules:6: allow \*\.wild' "which is told"
succeeds "the same for nobody in particular" explain z.wild.example tcp:443
fails 1 "explain of a name that is denied" explain z.bad.example tcp:443
shows '^z\.bad\.example tcp:443: denied: a deny rule' "by its rule"
json '.addresses_from == "nowhere" and .answers[0].address == null and .answers[0].line == 10' "in JSON" explain z.bad.example tcp:443 --json

# It is asked for again; a deny that stands is not over.
expect 20.1.0.2 "the name is asked for again" ask $short a.range.example
passes node 20.1.0.2 tcp:80
expect 20.1.0.4 "and the one that is denied" ask $short a.bad.example
denied node 20.1.0.4 tcp:443
row 20.1.0.4 tcp:443 deny-rule '"a.bad.example"'

# From before the attach.
expect "timeout|EPERM|EPIPE|ECONNRESET" "what was there before is cut" hold_say before
row 51.0.0.1 tcp:443 before-attach
denied node 51.0.0.1 tcp:443
row 51.0.0.1 tcp:443 no-rule
expect "timeout|EPERM|EPIPE|ECONNRESET" "and what the rules name for another port" hold_say other-port
row 20.1.0.9 tcp:80 port

# A server that is no resolver, by either transport.
strangers() {
	bpftool -j map dump pinned "/sys/fs/bpf/egret/$instance/map_strangers" |
		jq -r '[.[].formatted.value | (.server[].bytes | .[-4:] | join(".")) + "=\(.answers)"] | "strangers:" + join(" ")'
}
start "$work/served.log" "$app" "$id-node" "$probe" serve udp:9999
eventually logged "$work/served.log" ^ready || die "no server"
internet dig -b 20.0.0.56#53 +time=1 +tries=1 @10.224.0.4 -p 9999 b.wild.example >"$work/unasked" 2>&1
expect udp "who speaks first, from port 53" grep -m1 -o '^udp 20.0.0.56:53' "$work/served.log"
expect strangers: "is no server, and no stranger answered yet" strangers
expect 20.1.0.7 "a stranger is asked" ask $stranger b.wild.example
expect 20.1.0.7 "and by TCP" node dig +tcp +short +time=3 +tries=1 @$stranger b.wild.example A
expect strangers:20.0.0.55=2 "both answers are counted" strangers
denied node 20.1.0.7 tcp:443
row 20.1.0.7 tcp:443 no-rule
finish
