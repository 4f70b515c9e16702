#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Twelve denials that whoever is on call meets, each told by its row alone: the reason, the name, the rule that comes
# nearest, the line to write; and the same in 80 columns.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up shop 11
pod_up web 12
nat_up </dev/null
short=20.0.0.54 stranger=20.0.0.55 life=3
# Where an answer has to be over, it lives for as long as a loaded machine needs to use it first; others for longer than
# all of this takes: of a name that no rule has, nothing is kept once its answer is over.
for at in $short $stranger; do
	start "$work/$at.log" - "$id-inet" dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts \
		--user=root --pid-file= --bind-interfaces --listen-address=$at --log-facility=- --local-ttl=300 --cache-size=0 \
		--cname=files.contoso.example,b.cdn.contoso.example --host-record=b.cdn.contoso.example,20.2.0.2,$life \
		--host-record=plain.example,20.2.0.2 --host-record=ttl.cdn.contoso.example,20.2.0.1,$life --host-record=other.cdn.contoso.example,20.2.0.5 \
		--host-record=partner.example,40.1.0.1,2603:1000::9 --host-record=data.mcr.example,20.2.0.8 \
		--host-record=vault.azure.example,10.99.0.4 --host-record=pay.contoso.example,20.1.0.4 '--local=/#/'
	eventually internet dig +time=1 +tries=1 @$at localhost. || die "no DNS at $at"
done
dns paste.example 51.0.0.4
internet ip route add local 10.99.0.0/24 dev lo
app=$cg/system.slice/app.service
hold_open before "$app" "$id-node" 51.0.0.1 443
policy <<'POLICY'
set min_ttl = 1s
set existing = cut
resolver 20.0.0.54
allow 20.0.0.55               udp:53 tcp:53   # may be asked, and is no resolver
allow pay.contoso.example     https:443 tcp:5432
allow *.cdn.contoso.example   https:443
allow 40.1.0.0/16             tcp:443
allow *.mcr.example           https:443
allow *.azure.example         https:443
allow 169.254.169.254         tcp:80  for host
deny  20.9.0.0/16                             # incident 42
POLICY
agent_start

ask() { # ask WHO SERVER NAME [TYPE]
	$1 dig +short +time=3 +tries=1 "@$2" "$3" "${4:-A}" >/dev/null
}
over() { egret_cmd learned --json | jq -e 'all(.[]; .name | IN("ttl.cdn.contoso.example", "b.cdn.contoso.example") | not)'; }

# 1 a port (also of what another pod was given: asking would not help), 4 the other family, 8 an address that another pod was given, 9 for others, 11 private, 12 a deny
ask "pod shop" $short pay.contoso.example
denied "pod shop" 20.1.0.4 tcp:8443
ask "pod shop" $short partner.example
ask "pod shop" $short partner.example AAAA
denied "pod shop" 2603:1000::9 tcp:443
ask "pod web" $short data.mcr.example
passes "pod web" 20.2.0.8 tcp:443
denied "pod shop" 20.2.0.8 tcp:443 tcp:8443
denied "pod shop" 169.254.169.254 tcp:80
ask "pod shop" $short vault.azure.example
denied "pod shop" 10.99.0.4 tcp:443
denied "pod shop" 20.9.0.1 tcp:443
# 3 an alias, 6 a server that may not be asked, 10 from before the attach
ask "pod shop" $short files.contoso.example
denied "pod shop" 20.2.0.2 tcp:443
denied "pod shop" 20.0.0.53 udp:53
expect "timeout|EPERM|EPIPE|ECONNRESET" "what was there before is cut" hold_say before
# 5 a server that is no resolver
ask "pod shop" $stranger other.cdn.contoso.example
denied "pod shop" 20.2.0.5 tcp:443
# What no rule with a name allows is no matter of that server.
denied "pod shop" 51.0.0.77 tcp:22
# 2 an answer that is over
ask "pod web" $short b.cdn.contoso.example
ask "pod shop" $short ttl.cdn.contoso.example
passes "pod shop" 20.2.0.1 tcp:443
eventually over
denied "pod shop" 20.2.0.1 tcp:443
denied "pod web" 20.2.0.2 tcp:443
# 7 below, under another policy

eventually rows_completed
succeeds "drops, wide" egret_cmd drops --json
cp "$work/output" "$work/rows.json"
json 'all(.[]; .completed or (.kernel_reason | IN("special-address", "deny-rule", "before-attach")))' "the agent completed them" cat "$work/rows.json"
succeeds "drops" egret_cmd drops
cp "$work/output" "$work/table"

# tells ADDRESS PORT FILTER WHY-PATTERN: by the row in JSON, and by its WHY in 80 columns.
tells() {
	json ".[] | select(.address == \"$1\" and .port == \"$2\") | $3" "$1 $2" cat "$work/rows.json"
	cp "$work/table" "$work/output"
	shows "$4" "$1 $2 in a row"
}
tells 20.1.0.4 tcp:8443 '.reason == "port" and .name == "pay.contoso.example" and .nearest_line == 5 and
	.nearest_allows == "https:443 tcp:5432" and .suggestion == "allow pay.contoso.example tcp:8443"' \
	'tcp:8443 +port \(allowed: 443,5432\)$'
tells 20.2.0.1 tcp:443 '.reason == "expired" and .name == "ttl.cdn.contoso.example" and .ttl_seconds == 3 and
	.policy_name == "*.cdn.contoso.example" and .nearest_line == 6 and .suggestion == "set min_ttl = 60"' \
	'expired [0-9]+s \(TTL 3s\)$'
tells 20.2.0.2 tcp:443 '.reason == "alias" and .name == "files.contoso.example" and .nearest_line == 6 and
	.policy_name == "b.cdn.contoso.example" and .suggestion == "allow files.contoso.example https:443"' \
	'alias of b\.cdn.*\.example$'
tells 2603:1000::9 tcp:443 '.reason == "name-not-in-policy" and .name == "partner.example" and .nearest_line == 7 and
	.nearest_allows == "40.1.0.1" and .suggestion == "allow partner.example https:443"' \
	'part.*mple tcp:443 +name-not-in-policy$'
tells 20.2.0.5 tcp:443 '.reason == "untrusted-resolver" and .name == null and .server == "20.0.0.55" and
	.nearest_rule == "resolver 20.0.0.54" and .suggestion == "resolver 20.0.0.55  # a guess, or else: allow 20.2.0.5 tcp:443"' \
	'20\.2\.0\.5 tcp:443 +untrust[^ ]*resolver 20\.0\.0\.55$'
tells 51.0.0.77 tcp:22 '.reason == "address-not-in-policy" and .suggestion == "allow 51.0.0.77 tcp:22"' \
	'51\.0\.0\.77 tcp:22 +address-not-in-policy$'
tells 20.2.0.8 tcp:8443 '.reason == "port" and .policy_name == "*.mcr.example" and .nearest_line == 8 and
	.suggestion == "allow 20.2.0.8 tcp:8443"' '20\.2\.0\.8 tcp:8443 +port \(allowed: 443\)$'
tells 20.0.0.53 udp:53 '.reason == "address-not-in-policy" and .nearest_rule == "resolver 20.0.0.54" and
	.suggestion == "resolver 20.0.0.53"' \
	'20\.0\.0\.53 udp:53 +no resolver \(20\.0\.0\.54 is\)$'
tells 20.2.0.8 tcp:443 '.reason == "not-asked" and .policy_name == "*.mcr.example" and .given_to == "default/web" and
	.nearest_line == 8 and .suggestion == "allow 20.2.0.8 tcp:443"' \
	'20\.2\.0\.8 tcp:443 +not-asked \(given to d[^ ]*b\)$'
tells 169.254.169.254 tcp:80 '.reason == "class" and .nearest_line == 10 and .nearest_allows == "for host" and
	.suggestion == "allow 169.254.169.254 tcp:80 for pods"' \
	'169\..* tcp:80 +for host only pol[^ ]*:10$'
tells 51.0.0.1 tcp:443 '.reason == "before-attach" and .suggestion == "allow 51.0.0.1 tcp:443"' \
	'51\.0\.0\.1 tcp:443 +before-attach$'
tells 10.99.0.4 tcp:443 '.reason == "special-address" and .name == "vault.azure.example" and .line == 9 and
	.suggestion == "allow 10.99.0.4 https:443"' \
	'vault.* tcp:443 +spec[^ ]*ress pol[^ ]*:9$'
tells 20.9.0.1 tcp:443 '.reason == "deny-rule" and .line == 11 and .suggestion == null' 'deny policy\.rules:11$'

shows '^no resolver \(address-not-in-policy\): a DNS server' "the word under WHY below, and of --reason"
# As sentences, of the wide rows.
succeeds "drops -o wide" egret_cmd drops -o wide
shows 'policy\.rules:5 `allow pay\.contoso.*`; allowed: https:443 tcp:5432' "a port, as a sentence"
shows 'over for [0-9]+s \(TTL 3s\): whoever uses it must ask' "time"
shows 'files\.contoso\.example is an alias of b\.cdn\.contoso\.example, which .*policy\.rules:6 allows' "an alias"
shows 'another address of it, 40\.1\.0\.1, is allowed by .*policy\.rules:7' "the other family"
shows 'may have it from the DNS server 20\.0\.0\.55, which is no `resolver`' "another server"
shows 'no trusted resolver; the policy has resolver 20\.0\.0\.54' "one that may not be asked"
shows 'it was given to default/web, and this subject did not ask' "somebody else's"

succeeds "suggest" egret_cmd suggest
shows '^resolver 20\.0\.0\.55 +# a guess: ' "a server, as a guess"
shows '^allow 20\.2\.0\.5 tcp:443 +# an address, in place of trust' "and the address beside it"

# 2, then 3: the name's answer is over, and what was asked for since is its alias.
web='.[] | select(.address == "20.2.0.2" and .pod == "web")'
json "$web | .reason == \"expired\" and .name == \"b.cdn.contoso.example\"" "over, before" cat "$work/rows.json"
ask "pod web" $short files.contoso.example
denied "pod web" 20.2.0.2 tcp:443
fails 1 "explain of the alias" egret_cmd explain files.contoso.example tcp:443 for pod default/web
shows 'tcp:443: denied: no rule' "does not say that it must be asked for"
shows 'to allow it: allow files\.contoso\.example https:443' "and has the line"
is_alias() { egret_cmd drops --json | jq -e "$web | select(.reason == \"alias\")" >"$work/alias"; }
eventually is_alias || die "no alias: $(egret_cmd drops --json | jq "$web")"
json '.kernel_reason == "expired" and .packets_total == 2 and .name == "files.contoso.example" and .nearest_line == 6 and
	.ttl_seconds == null and .policy_name == "b.cdn.contoso.example" and .suggestion == "allow files.contoso.example https:443"' \
	"and an alias of it since" cat "$work/alias"
# Nor does it help whoever was answered since for a name of its own, that no rule has.
ask "pod web" $short plain.example
denied "pod web" 20.2.0.2 tcp:443
is_plain() { egret_cmd drops --json | jq -e "$web | select(.name == \"plain.example\")" >"$work/plain"; }
eventually is_plain || die "the row is of no other name: $(egret_cmd drops --json | jq "$web")"
json '.reason == "name-not-in-policy" and .kernel_reason == "expired" and .ttl_seconds == null and .packets_total == 3 and
	.suggestion == "allow plain.example https:443"' "and another name since" cat "$work/plain"

# 7 a question that is held back; and without an agent the kernel's word stands. Nor is a server said to be none that is
# a resolver by now.
cat - "$work/policy.rules" >"$work/names.rules" <<<$'set dns_names = policy\nresolver 20.0.0.55'
cp "$work/names.rules" "$work/policy.rules"
twice() { [ "$(grep -c enforcing: "$work/agent.log")" = 2 ]; }
eventually twice || die "no reload: $(cat "$work/agent.log")"
denied "pod shop" 20.2.0.66 tcp:443
eventually rows_completed
json '.[] | select(.address == "20.2.0.66") | .reason == "address-not-in-policy"' "no server is called untrusted that is trusted" \
	egret_cmd drops --json
stop "$agent" KILL
fails 9 "a name of no rule" pod shop dig +time=1 +tries=1 @$short paste.example A
denied "pod shop" 51.0.0.7 tcp:443
json '.[] | select(.reason == "dns-name") | .name == "paste.example" and .suggestion == "resolver 20.0.0.54 paste.example"' \
	"a question, its name and its line" egret_cmd drops --json
json '.[] | select(.address == "51.0.0.7") | .reason == "no-rule" and (.completed | not)' "without an agent" egret_cmd drops --json
finish
