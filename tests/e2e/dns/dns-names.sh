#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `set dns_names = policy`: what is asked of DNS can carry data out, so only names of the policy
# may be asked for.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns www.exact.example 20.1.0.1
dns a.wild.example 20.1.0.2
dns wild.example 20.1.0.3
dns db.default.svc.cluster.local 20.1.0.4
dns cluster.local 20.1.0.5
dns c2vjcmv0.evil.example 20.1.0.6
dns x.denied.wild.example 20.1.0.7
start "$work/liar.log" - "$id-inet" "$root/build/tests/liar" 20.0.0.54
eventually logged "$work/liar.log" ^ready || die "no liar: $(cat "$work/liar.log")"
rules() {
	cat <<POLICY
$1
resolver 20.0.0.53 *.cluster.local *.ip6.arpa
allow www.exact.example   tcp:443
allow *.wild.example      tcp:443
deny  *.denied.wild.example
allow 20.0.0.54           any       # not a resolver, but may be sent anything
POLICY
}
rules 'set dns_names = policy' | policy
agent_start
ask() { node dig +short +time=1 +tries=1 "$@"; }
asks() { expect "$1" "may be asked for: $2" ask @$resolver "${@:2}"; }
refuses() {
	json "map(select(.reason == \"dns-name\" and .name == \"$1\")) == []" "not asked for so far: $1" egret_cmd drops --json
	fails 9 "may not be asked for: $*" ask @$resolver "$@"
	json "map(select(.reason == \"dns-name\" and .name == \"$1\" and .packets_total >= 1)) | length == 1" \
		"drops --json: $1" egret_cmd drops --json
}

asks 20.1.0.1 www.exact.example
asks 20.1.0.1 wWw.ExAcT.example
asks 20.1.0.2 a.wild.example
asks 20.1.0.4 db.default.svc.cluster.local
passes node 20.1.0.2 tcp:443
denied node 20.1.0.4 tcp:443
succeeds "an IPv6 address, of 34 labels" ask @$resolver -x 2603:1000::1:1
json 'map(select(.reason == "dns-name")) == []' "drops --json: none of these" egret_cmd drops --json
refuses c2vjcmv0.evil.example
refuses wild.example
refuses cluster.local
refuses xwww.exact.example TXT
refuses x.denied.wild.example
refuses 1.0.1.20.in-addr.arpa PTR
expect 20.1.0.1 "by TCP, what may be asked for" ask +tcp @$resolver www.exact.example
fails "9|1" "by TCP, what may not" ask +tcp @$resolver mnopq.evil.example
json 'map(select(.name == "mnopq.evil.example" and .port == "tcp:53")) | length == 1' "drops --json: by TCP" egret_cmd drops --json
# Segments as a client may cut them, and as one that means harm does.
stream() { node "$root/build/tests/forger" stream $resolver "$@" | paste -sd' '; }
said() { local want=$1 what=$2; shift 2; expect 0 "$what" bash -c "[ '$want' = '$(stream "$@")' ]; echo \$?"; }
said answered "by TCP, length and question apart" length:www.exact.example question:www.exact.example hear
# lossy IN DIRECTION COMMAND...: the first long segment of it to (dport) or from (sport) a server is lost, once.
lossy() {
	local in=$1 direction=$2
	shift 2
	$in nft -f - <<-NFT
		table ip egret_loss {
			chain in {
				type filter hook prerouting priority -300;
				tcp $direction 53 ip length > 64 limit rate over 1/hour burst 1 packets accept
				tcp $direction 53 ip length > 64 drop
			}
		}
	NFT
	"$@"
	$in nft delete table ip egret_loss
}
lossy internet dport said answered "by TCP, the question lost once" length:www.exact.example question:www.exact.example hear
lossy internet dport said "answered answered" "by TCP, the first of three lost" \
	length:www.exact.example question:www.exact.example both:a.wild.example both:www.exact.example hear both:a.wild.example hear
lossy internet dport said answered "by sendfile, lost once" page:www.exact.example hear
lossy internet dport said silence "by sendfile, written to before it is sent again" \
	page:www.exact.example rewrite:ttt.evil.examples hear
said "answered answered" "by TCP, twenty at once" both:www.exact.example hear many:20:p:.wild.example hear
said "silence" "what is refused is refused again, whatever is sent behind it" \
	length:www.exact.example question:sss.evil.examples question:www.exact.example hear
said "answered answered" "a connection anew" both:www.exact.example hear both:s.evil.example again both:www.exact.example hear
json '.dns_total.gap == 0' "status --json: a new connection is no gap" egret_cmd status --json
# Answers that come early are kept: the agent has nothing to ask.
lossy ungoverned sport stream both:y.denied.wild.example again many:20:p:.wild.example hear >/dev/null
json '.dns_total.gap == 0 and .dns_total.asked_anew == 0' "status --json: an answer lost is no gap" egret_cmd status --json
succeeds "drops" egret_cmd drops -o wide
shows 'c2vjcmv0\.evil\.example' "drops: the name"

# Whoever may be reached on port 53 is no way around it.
fails 9 "of a server that is no resolver" ask @20.0.0.54 f1.evil.example
expect 20.7.0.2 "of that server, a name of the policy" ask @20.0.0.54 f1.wild.example
expect sent "two datagrams by one call, without the setting for names" internet "$root/build/tests/forger" segments \
	20.0.0.54 f1.wild.example f2.wild.example
expect EPERM "a question behind another one, in one call (UDP_SEGMENT)" node "$root/build/tests/forger" segments \
	$resolver www.exact.example s.evil.example
expect EPERM "what is no question" node "$probe" -d "not a question, but data" udp 20.0.0.54 53
nothing_was_asked() { ! grep -E 'query.*(evil|xwww|denied|in-addr)' "$work/dns.log" | grep -v "from 20.0.0.53"; }
succeeds "none of it reached the resolver" nothing_was_asked

# Audit counts, and lets it pass.
rules $'set dns_names = policy\nset mode = audit' >"$work/policy.rules"
auditing() { egret_cmd status --json | jq -e '.mode == "auditing"'; }
eventually auditing
expect 20.1.0.6 "audit: what may not be asked for is answered" ask @$resolver c2vjcmv0.evil.example

rules '' >"$work/policy.rules"
enforcing() { egret_cmd status --json | jq -e '.mode == "enforcing"'; }
eventually enforcing
expect 20.1.0.6 "without the setting, any name may be asked for" ask @$resolver c2vjcmv0.evil.example
finish
