#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Addresses are learned from DNS answers, as the application reads them, and from no others.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up web 11
nat_up <<NFT
table ip egret_dns {
	chain services { type nat hook prerouting priority -100; ip daddr 10.0.0.10 dnat to $resolver; }
	chain own { type nat hook output priority -100; ip daddr 10.0.0.11 dnat to 20.0.0.57; }
}
NFT
dns a.wild.example 20.1.0.1 2603:1000::1:1
dns b.c.wild.example 20.1.0.2
dns wild.example 20.1.0.3
dns other.example 20.1.0.4
dns exact.example 20.1.0.5
dns late.wild.example 20.1.0.6
dns rebind.wild.example 169.254.169.254 10.0.0.1 127.0.0.1 ::1 fe80::1
dns denied.wild.example 20.1.0.7
dns pod.wild.example 20.1.0.8

# Trusted, so that only what it says is wrong.
start "$work/liar.log" - "$id-inet" "$root/build/tests/liar" 20.0.0.54
eventually logged "$work/liar.log" ^ready || die "no liar: $(cat "$work/liar.log")"
start "$work/fake.log" - "$id-inet" dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts \
	--user=root --pid-file= --bind-interfaces --listen-address=20.0.0.55 --log-facility=- --address=/wild.example/20.4.0.1
start "$work/backend.log" - "$id-inet" dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts \
	--user=root --pid-file= --bind-interfaces --listen-address=20.0.0.57 --log-facility=- --address=/wild.example/20.4.0.2
govern <<'POLICY'
set min_ttl = 1s
resolver 20.0.0.53
resolver 20.0.0.54
resolver 10.0.0.10
resolver 10.0.0.11
allow 20.0.0.57       udp:53     # what the node's own NAT makes of 10.0.0.11; not trusted by itself
allow *.wild.example  tcp:443
deny  denied.wild.example
allow *.r1.nine.example tcp:8001
allow *.r2.nine.example tcp:8002
allow *.r3.nine.example tcp:8003
allow *.r4.nine.example tcp:8004
allow *.r5.nine.example tcp:8005
allow *.r6.nine.example tcp:8006
allow *.r7.nine.example tcp:8007
allow *.r8.nine.example tcp:8008
allow *.r9.nine.example tcp:8009
allow exact.example   tcp:80
allow 20.0.0.55       udp:53     # may be asked, is not trusted
allow 20.9.0.1        tcp:443
POLICY
ask() { node dig +short +time=3 +tries=1 @$resolver "$@"; }
liar() { node dig +noedns +ignore +short +time=3 +tries=1 @20.0.0.54 "$@" >/dev/null 2>&1; }
taught() { egret_cmd learned --json | jq -r '.[] | "\(.address) \(.name) \(.policy_name)"'; }

# What is meant.
denied node 20.1.0.1 tcp:443
expect 20.1.0.1 "an answer is read" ask a.wild.example A
passes node 20.1.0.1 tcp:443
denied node 20.1.0.1 tcp:80
denied node 2603:1000::1:1 tcp:443
expect 2603:1000::1:1 "an AAAA answer is read" ask a.wild.example AAAA
passes node 2603:1000::1:1 tcp:443
expect 20.1.0.2 "two labels below" ask b.c.wild.example A
passes node 20.1.0.2 tcp:443
expect 20.1.0.3 "the apex" ask wild.example A
denied node 20.1.0.3 tcp:443
expect 20.1.0.6 "in mixed case" ask LaTe.WiLd.ExAmPlE A
passes node 20.1.0.6 tcp:443
expect 20.1.0.4 "a name of no rule" ask other.example A
denied node 20.1.0.4 tcp:443
succeeds "drops" egret_cmd drops -o wide
shows '20\.1\.0\.4 .*other\.example' "drops: the name that was resolved to it"
dns newer.example 20.1.0.4
expect 20.1.0.4 "another name of the same" ask newer.example A
denied node 20.1.0.4 tcp:443
succeeds "drops" egret_cmd drops -o wide
shows '20\.1\.0\.4 .*newer\.example' "drops: the name that was resolved to it last"
expect 20.1.0.7 "a denied name" ask denied.wild.example A
denied node 20.1.0.7 tcp:443
succeeds "learned" egret_cmd learned -o wide
shows '20\.1\.0\.1 .*a\.wild\.example .*\*\.wild\.example' "learned: address, name, pattern"
shows 'late\.wild\.example' "learned: names in lower case"
json 'all(.[]; .left_seconds >= 0 and .left_seconds <= 61)' "learned --json: the time left" egret_cmd learned --json

echo "nameserver $resolver" >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
explain() { nsenter --net="/run/netns/$id-node" "$egret" explain --instance "$instance" "$@"; }
dns never.asked.wild.example 20.1.0.30
succeeds "explain: a name below a wildcard, before anybody asked" explain never.asked.wild.example tcp:443
shows 'allow \*\.wild\.example' "explain: by the pattern"
fails 1 "explain: another port" explain never.asked.wild.example tcp:80
fails 1 "explain: the apex" explain wild.example tcp:443
fails 1 "explain: what it resolves to is not learned" explain rebind.wild.example tcp:443
fails 1 "explain: a denied name" explain denied.wild.example tcp:443

# For whom.
denied "pod web" 20.1.0.1 tcp:443
expect 20.1.0.8 "a pod asks a ClusterIP" pod web dig +short +time=3 +tries=1 @10.0.0.10 pod.wild.example A
passes "pod web" 20.1.0.8 tcp:443
denied node 20.1.0.8 tcp:443

# The node's own NAT: egress sees the backend only. Connected, and unconnected as musl asks.
denied node 20.4.0.2 tcp:443
expect "connected" "the node asks a ClusterIP from an unconnected socket" \
	node "$root/build/tests/client" musl musl.wild.example 10.0.0.11 443
expect 20.4.0.2 "and from a connected one" node dig +short +time=3 +tries=1 @10.0.0.11 own.wild.example A
json '[.[] | select(.address == "20.4.0.2") | .name] | sort == ["musl.wild.example", "own.wild.example"]' "both taught" \
	egret_cmd learned --json
json '.dns_total.mismatch == 0 and .dns_total.unasked == 0' "no answer was a stranger's" egret_cmd status --json

# A shorter TTL, of another resolver: what the first answer gave lasts.
dns twice.wild.example 20.4.0.2
expect 20.4.0.2 "a minute" ask twice.wild.example A
expect 20.4.0.2 "and a second" node dig +short +time=3 +tries=1 @10.0.0.11 twice.wild.example A
json '[.[] | select(.name == "twice.wild.example") | .left_seconds] | length == 1 and .[0] > 30' "the minute is left" \
	egret_cmd learned --json

# More names on one address than are remembered of it: the one that ends first gives way, and that is counted.
for i in 1 2 3 4 5 6 7 8 9; do
	dns x.r$i.nine.example 20.1.0.60
done
for i in 1 2 3 4 5 6 7 8; do
	expect 20.1.0.60 "one of another rule" ask x.r$i.nine.example A
done
expect ECONNREFUSED "its first name counts" try node 20.1.0.60 tcp:8001 # nobody listens
expect ECONNREFUSED "and the eighth" try node 20.1.0.60 tcp:8008
json '.dns_total.names == 0' "status --json: nothing was lost" egret_cmd status --json
sleep 1.1 # times are kept in seconds
expect 20.1.0.60 "the eighth again" ask x.r8.nine.example A
expect 20.1.0.60 "a ninth" ask x.r9.nine.example A
denied node 20.1.0.60 tcp:8001
expect ECONNREFUSED "the second name counts" try node 20.1.0.60 tcp:8002
expect ECONNREFUSED "and the ninth" try node 20.1.0.60 tcp:8009
json '.dns_total.names == 1' "status --json: a name found no room" egret_cmd status --json

# What the agent resolved of an exact name, and what applications were answered.
expect 20.1.0.5 "an exact name" ask exact.example A
json '.dns_total.exact == 2 and .dns_total.differs == 0' "status --json: the same, here and for the denied name" egret_cmd status --json
sed -i '/ exact.example$/d' "$work/hosts"
echo "20.1.0.55 exact.example" >>"$work/hosts"
kill -HUP "$dns_pid"
eventually dns_serves exact.example 20.1.0.55
expect 20.1.0.55 "another address" ask exact.example A
json '.dns_total.exact == 3 and .dns_total.differs == 1' "status --json: how often they differ" egret_cmd status --json
passes node 20.1.0.55 tcp:80
fails 1 "explain an address of a name that no rule has" explain 20.1.0.4 tcp:443
shows 'it was resolved as newer\.example, and no rule has that name' "it tells the name"
fails 1 "explain an address that a pod learned" explain 20.1.0.8 tcp:443
shows 'but allowed for .*, which learned it as pod\.wild\.example, [0-9]+ s more' "it tells for whom it is allowed"

# What must teach nothing.
expect 20.4.0.1 "a server that is not trusted" node dig +short +time=3 +tries=1 @20.0.0.55 x.wild.example A
denied node 20.4.0.1 tcp:443
ask rebind.wild.example A >/dev/null
ask rebind.wild.example AAAA >/dev/null
denied node 169.254.169.254 tcp:443
denied node 10.0.0.1 tcp:443
for lie in badid question stray additional broken cut loop; do
	liar $lie.wild.example A
done
liar 'dot\.wild\.example' A
for host in 1 2 3 4 6 8 9 11; do
	denied node 20.2.0.$host tcp:443
done
expect "" "nothing of it was learned" sh -c "$(declare -f egret_cmd taught); egret='$egret' instance='$instance'; taught | grep -E '^(20\.2\.0\.([123468]|9|11)|169|10|127|::1|fe80)'"

for lesson in mismatch:2 stray:2 malformed:2 rebinding:3; do
	json ".dns_total[\"${lesson%:*}\"] >= ${lesson#*:}" "status --json counts what it did not learn: ${lesson%:*}" \
		egret_cmd status --json
done

# What a liar says rightly.
liar tc.wild.example A
passes node 20.2.0.10 tcp:443
liar chain.wild.example A
passes node 20.2.0.5 tcp:443
liar many.wild.example A
passes node 20.3.0.1 tcp:443
passes node 20.3.0.33 tcp:443
passes node 20.3.0.64 tcp:443
denied node 20.3.0.65 tcp:443

# What follows is of the policy, not of a TTL of a minute.
ask a.wild.example A >/dev/null
ask late.wild.example A >/dev/null

# A TTL ends; a live connection does not.
liar short.wild.example A
hold_open live "$cg/system.slice/app.service" "$id-node" 20.2.0.7 443
is_denied() { [[ $(try node 20.2.0.7 tcp:443) == EPERM* ]]; }
eventually is_denied
denied node 20.2.0.7 tcp:443
expect ok "a live connection goes on" hold_say live
passes node 20.1.0.1 tcp:443

# No agent: learning goes on. Another policy: what was learned is matched anew.
stop "$agent" KILL
dns after.wild.example 20.1.0.9
expect 20.1.0.9 "an answer without an agent" ask after.wild.example A
passes node 20.1.0.9 tcp:443
policy <<'POLICY'
resolver 20.0.0.53
allow *.wild.example      tcp:443
deny  after.wild.example
POLICY
agent_start
denied node 20.1.0.9 tcp:443
passes node 20.1.0.6 tcp:443
finish
