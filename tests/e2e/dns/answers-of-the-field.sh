#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Answers as servers give them and clients use them: records in any order, answers that are cut short, HTTPS records with
# hints, records that nobody asked for.
# Reports: alpinelinux/docker-alpine#326, netty/netty#9127, UndernetIRC/ircu2#81, systemd/systemd#22882 (cut short, and
# used all the same); buildkite/cleanroom#168, PowerDNS/pdns#16935, timothymiller/cloudflare-ddns#107 (hints).
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns exact.example 20.1.0.5
long=$(printf '%03800d' 0)   # 1,900 octets in hexadecimal
chain() {                    # chain NAME LENGTH ADDRESS: its aliases stand in the wrong order
	local i
	printf '%s A - | c%s.%s A %s' "$1" "$2" "$1" "$3"
	for ((i = $2; i > 1; i--)); do printf ' | c%d.%s CNAME c%d.%s' $((i - 1)) "$1" "$i" "$1"; done
	printf ' | @ CNAME c1.%s\n' "$1"
}

# What counts is in 20.2.1.0/24, what does not in 20.2.2.0/24.
{
	cat <<-ANSWERS
		behind.wild.example A - | c2.cdn.test A 20.2.1.1 | c1.cdn.test CNAME c2.cdn.test | @ CNAME c1.cdn.test
		between.wild.example A - | @ CNAME c1.cdn.test | C2.cdn.TEST A 20.2.1.2 | x.evil.test A 20.2.2.2 | c1.CDN.test CNAME c2.cdn.test | c2.cdn.test A 20.2.1.3
		own.wild.example AAAA - | @ AAAA 2603:1000:2:1::4 | @ CNAME c1.cdn.test | c1.cdn.test AAAA 2603:1000:2:1::5
		twice.wild.example A - | c1.cdn.test A 20.2.1.6 | c2.cdn.test A 20.2.1.7 | @ CNAME c2.cdn.test | @ CNAME c1.cdn.test
		ring.wild.example A - | c1.cdn.test CNAME c2.cdn.test | c2.cdn.test CNAME ring.wild.example | c2.cdn.test A 20.2.1.8 | @ CNAME c1.cdn.test
		self.wild.example A - | @ CNAME self.wild.example | @ A 20.2.1.9
		sub.dname.wild.example A - | sub.d.test A 20.2.1.10 | @ CNAME sub.d.test | dname.wild.example DNAME d.test
		class.wild.example A - | @ chCNAME c1.evil.test | c1.evil.test A 20.2.2.11
		astray.wild.example A - | c1.evil.test CNAME c2.evil.test | c2.evil.test A 20.2.2.12 | @ A 20.2.1.12
		back.wild.example A - | c1.evil.test CNAME back.wild.example | c1.evil.test A 20.2.2.13 | @ A 20.2.1.13
		cut.wild.example A tc | @ A 20.2.1.20 | @ A 20.2.1.21 | @ A 20.2.1.22
		within.wild.example A tc:2 | @ CNAME c1.cdn.test | c1.cdn.test A 20.2.1.23 | c1.cdn.test A 20.2.2.23
		head.wild.example A tc:25 | @ A 20.2.1.24 | @ A 20.2.2.24 | @ A 20.2.2.25
		alias.wild.example A tc:3 | c1.cdn.test A 20.2.2.26 | @ CNAME c1.cdn.test
		many.wild.example A x300 | @ A 20.2.3.0
		hint.wild.example HTTPS - | @ HTTPS 1 . 1=026832026833 4=20.2.1.40,20.2.1.41 6=2603:1000:2:1::40
		target.wild.example HTTPS - | @ HTTPS 1 svc.cdn.test 3=20fb 4=20.2.1.42 | @ HTTPS 2 . 4=20.2.1.43
		alias.wild.example HTTPS - | c1.cdn.test HTTPS 1 . 6=2603:1000:2:1::44 | @ CNAME c1.cdn.test
		stranger.wild.example HTTPS - | x.evil.test HTTPS 1 stranger.wild.example 4=20.2.2.45 | @ HTTPS 1 . 4=20.2.1.45
		aliasmode.wild.example HTTPS - | @ HTTPS 0 svc.cdn.test 4=20.2.2.46
		order.wild.example HTTPS - | @ HTTPS 1 . 6=2603:1000:2:2::47 4=20.2.2.47 | @ HTTPS 1 . 4=20.2.1.47
		double.wild.example HTTPS - | @ HTTPS 1 . 4=20.2.2.48 4=20.2.2.49
		odd.wild.example HTTPS - | @ HTTPS 1 . 4=20.2.2.50,00
		empty.wild.example HTTPS - | @ HTTPS 1 . 4= 6=2603:1000:2:2::51
		cut.wild.example HTTPS tc:1 | @ HTTPS 1 . 4=20.2.1.52 | @ HTTPS 1 . 4=20.2.2.52
		special.wild.example HTTPS - | @ HTTPS 1 . 4=169.254.169.254,20.2.1.53 6=fd00::53
		large.wild.example HTTPS - | @ HTTPS 1 . 4=20.2.1.54 | @ HTTPS 1 . 65000=$long | @ HTTPS 1 . 4=20.2.1.55 65000=$long | @ HTTPS 1 . 4=20.2.2.55 65000=$long
		_8443._https.exact.example HTTPS - | @ HTTPS 1 other.test 4=20.2.1.56
		_65535._HTTPS.sub.wild.example HTTPS - | @ CNAME c1.cdn.test | c1.cdn.test HTTPS 1 . 4=20.2.1.57
		_dns.wild.wild.example SVCB - | @ SVCB 1 . 4=20.2.1.58 | @ HTTPS 1 . 4=20.2.2.58
		_853._dns.exact.example SVCB - | @ SVCB 1 . 4=20.2.1.59
		_acme-challenge.exact.example SVCB - | @ CNAME x.acme.test | x.acme.test SVCB 1 . 4=20.2.2.59
		other.wild.example A - | @ AAAA 2603:1000:2:2::60 | @ HTTPS 1 . 4=20.2.2.61 | @ A 20.2.1.60
		other.wild.example AAAA - | @ A 20.2.2.62 | @ AAAA 2603:1000:2:1::62
		other.wild.example HTTPS - | @ A 20.2.2.63 | @ AAAA 2603:1000:2:2::63 | @ SVCB 1 . 4=20.2.2.64 | @ HTTPS 1 . 4=20.2.1.64
		any.wild.example ANY - | @ A 20.2.1.65 | @ AAAA 2603:1000:2:1::65 | @ HTTPS 1 . 4=20.2.1.66
	ANSWERS
	chain longest.wild.example 31 20.2.1.70
	chain longer.wild.example 32 20.2.2.71
} >"$work/answers"

start "$work/parrot.log" - "$id-inet" "$root/build/tests/parrot" 20.0.0.54 "$work/answers"
eventually logged "$work/parrot.log" ^ready || die "no server: $(cat "$work/parrot.log")"
govern <<'POLICY'
set dns_names = policy
resolver 20.0.0.53
resolver 20.0.0.54
allow *.wild.example tcp:443
allow exact.example  tcp:443
POLICY

# What is asked for is the beginning of each line.
mapfile -t questions < <(grep -oE '^[^ ]+ [A-Z]+' "$work/answers" | tr ' ' '\n')
node dig +noedns +ignore +notcp +time=3 +tries=1 @20.0.0.54 "${questions[@]}" >"$work/dig" 2>&1
succeeds "learned" egret_cmd learned --json
jq -r '.[] | .address' "$work/output" | sort >"$work/learned"
grep -oE '20\.2\.1\.[0-9]+|2603:1000:2:1::[0-9]+' "$work/answers" | sort -u >"$work/right"
expect "" "all that counts is learned" comm -13 "$work/learned" "$work/right"
expect "" "and nothing else" sh -c "grep -v '^20\.2\.3\.' '$work/learned' | comm -23 - '$work/right'"
expect 96 "as many records of an answer as are read" grep -c '^20\.2\.3\.' "$work/learned"
json '[.[] | select(.address | IN("20.2.1.56", "20.2.1.59")) | .name] == ["exact.example", "exact.example"]' \
	"learned --json: what is found for a service is its host's" egret_cmd learned --json

passes node 20.2.1.1 tcp:443
passes node 20.2.1.22 tcp:443
passes node 20.2.1.40 tcp:443
passes node 2603:1000:2:1::40 tcp:443
passes node 20.2.1.56 tcp:443
denied node 20.2.1.1 tcp:80
denied node 20.2.2.61 tcp:443
denied node 20.2.2.12 tcp:443
denied node 169.254.169.254 tcp:443
for lesson in truncated:5 stray:7 other_type:7 parameters:4 rebinding:2 unread:3; do
	json ".dns_total[\"${lesson%:*}\"] >= ${lesson#*:}" "status --json counts: ${lesson%:*}" egret_cmd status --json
done
json '.dns_total | .malformed + .mismatch + .unasked == 0' "status --json: every answer was read" egret_cmd status --json
finish
