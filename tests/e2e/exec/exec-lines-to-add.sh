#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What `exec` denied is followed by the line that would allow it: these lines are a policy that `check` takes, and
# under it the same traffic passes. Where no line helps there is none.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns web.example 20.1.0.1 2603:1000::1:1
dns time.example 20.1.0.2
dns half.example 20.1.0.3
dns inside.example 10.224.0.1
dns rule.example 203.0.113.7
dns odd.example 203.0.113.8
dns bad.example 20.1.0.9
start "$work/dns2.log" - "$id-inet" dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts \
	--user=root --pid-file= --bind-interfaces --listen-address=20.0.0.54 --addn-hosts="$work/hosts" '--local=/#/'
eventually internet dig +time=1 +tries=1 @20.0.0.54 web.example || die "no second DNS: $(cat "$work/dns2.log")"
mkdir -p "$cg/caller"

# Each line: what is asked of DNS first ("-": nothing), what is tried then, and the line to add.
cat >"$work/traffic" <<'TRAFFIC'
web.example     tcp 20.1.0.1 443            allow web.example https:443
web.example     tcp 2603:1000::1:1 80       allow web.example http:80
web.example     tcp 20.1.0.1 8080           allow web.example tcp:8080
time.example    udp 20.1.0.2 123            allow time.example udp:123
half.example    tcp 20.1.0.3 443            allow half.example https:443
inside.example  tcp 10.224.0.1 443          allow inside.example https:443 private  # private: whoever answers for the name may lead it to any private address
rule.example    tcp 203.0.113.7 443         allow 203.0.113.7 https:443
odd.example     tcp 203.0.113.8 8080        allow 203.0.113.8 tcp:8080
-               tcp 203.0.113.9 8080        allow 203.0.113.9 tcp:8080
-               tcp 2603:1000::2 443        allow 2603:1000::2 tcp:443
-               udp-send 51.0.0.1 9000      allow 51.0.0.1 udp:9000
-               icmp 51.0.0.2               allow 51.0.0.2 icmp
TRAFFIC
cat >"$work/traffic.sh" <<SH
while read -r name how to port line; do
	[ "\$how" = icmp ] && port=
	[ "\$name" = - ] || dig +short +time=1 +tries=1 @$resolver \$name A \$name AAAA >/dev/null
	echo "\$("$probe" "\$how" "\$to" \$port 2>&1 | head -n 1) \$how \$to \$port"
done <"$work/traffic"
dig +short +time=1 +tries=1 @20.0.0.54 web.example A
SH
policy <<'POLICY'
resolver 20.0.0.53
allow half.example  tcp:80
allow rule.example  https:443
POLICY
run() { in_cgroup "$cg/caller" "$id-node" env -u SUDO_UID "$egret" exec --as-root --policy "$work/$@"; }
lines() { sed -n 's/^    add: //p' "$work/output" | sort; }

fails 9 "all of it, under a list without it, ends as dig does without an answer" run policy.rules --report "$work/report.json" -- bash "$work/traffic.sh"
lacks '^(connected|answered)' "nothing passes"
{
	sed -E 's/.* (allow .*)/\1/' "$work/traffic"
	echo "resolver 20.0.0.54"
} | sort >"$work/wanted"
lines | sort -u >"$work/lines"
if diff "$work/wanted" "$work/lines" >"$work/diff"; then
	passed "each has its line"
else
	failed "lines to add: $(cat "$work/diff" "$work/output")"
fi
json 'length > 0 and ([.[].suggestion] | all(. != null))' "each has it in the report" cat "$work/report.json"
json '.[] | select(.address == "203.0.113.9") | .suggestion == "allow 203.0.113.9 tcp:8080"' "the same" cat "$work/report.json"
cat "$work/policy.rules" "$work/lines" >"$work/more.rules"
succeeds "with them, check takes the list" "$egret" check --strict "$work/more.rules"
succeeds "all of it again" run more.rules -- bash "$work/traffic.sh"
lacks '^(EPERM|egret)' "everything passes, and nothing is told"
expect "$(wc -l <"$work/traffic")" "as many connections and answers" grep -cE '^(connected|answered)' "$work/output"

# Names that may not be asked for.
cat - "$work/policy.rules" >"$work/names.rules" <<<"set dns_names = policy"
succeeds "a name that nobody may ask for" run names.rules -- sh -c "dig +time=1 +tries=1 @$resolver web.example; :"
shows '^    add: resolver 20\.0\.0\.53 web\.example$' "its line"
{
	cat "$work/names.rules"
	lines
} >"$work/names2.rules"
succeeds "with it" run names2.rules -- dig +short +time=1 +tries=1 @$resolver web.example
shows '^20\.1\.0\.1' "it is answered"

# No line.
cat - "$work/policy.rules" >"$work/deny.rules" <<<"deny 20.1.0.9"
fails 1 "what a rule denies" run deny.rules -- "$probe" tcp 20.1.0.9 443
shows 'a deny rule takes this destination away: .*/deny\.rules:1 `deny 20\.1\.0\.9`$' "is told, and by which rule"
lacks "add:" "without a line to add"
finish
