#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# From denial to rule: what `suggest` prints is a policy that `check` takes, and under it the same traffic passes; what
# passes by now is suggested no longer. And `drops` in 80 columns finds it, by pod, name, reason and time.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up web 13
nat_up </dev/null
dns pay.suggest.example 20.1.0.1 2603:1000::1:1
dns a.cdn.suggest.example 20.1.1.1
dns b.cdn.suggest.example 20.1.1.2
dns vault.suggest.example 10.99.0.4
internet ip route add local 10.99.0.0/24 dev lo
govern <<'POLICY'
resolver 20.0.0.53
allow half.suggest.example  tcp:80
allow 20.1.0.2              tcp:443  for host
deny  20.1.0.9
POLICY

# Who, the name that is asked for first ("-": none), where to.
cat >"$work/traffic" <<'TRAFFIC'
pod.web  pay.suggest.example    20.1.0.1         tcp:443
pod.web  pay.suggest.example    20.1.0.1         tcp:8080
node     pay.suggest.example    2603:1000::1:1   tcp:443
pod.web  a.cdn.suggest.example  20.1.1.1         tcp:443
pod.web  b.cdn.suggest.example  20.1.1.2         tcp:443
pod.web  vault.suggest.example  10.99.0.4        tcp:443
pod.web  -                      20.1.0.2         tcp:443
node     -                      51.0.0.1         udp:123
TRAFFIC
each() { # each passes|denied
	local who name addr port
	while read -r who name addr port <&3; do
		[ "$name" = - ] || ${who/./ } dig +short +time=1 +tries=1 @$resolver "$name" A "$name" AAAA >/dev/null
		"$1" "${who/./ }" "$addr" "$port"
	done 3<"$work/traffic"
}

each denied
denied node 20.1.0.9 tcp:443

# --- drops ---
eventually rows_completed
succeeds "drops" egret_cmd drops
expect 0 "each line has 80 columns at most, but for sentences" \
	bash -c "! grep -vE '^(\(and|[a-z-]+: |  )' '$work/output' | awk 'length > 81' | grep -c ."
shows '^ *#  LAST  COUNT  WHO +DESTINATION +WHY$' "its columns"
shows 'd[^ ]*web +pay[^ ]*mple tcp:8080 +(no-rule|name-not-in-policy)$' "the pod with its container, the name and the port"
shows ' app\.service +20\.1\.0\.9 tcp:443 +deny policy\.rules:4$' "the rule that denies"
shows '^for \.\.\. only \(class\): a rule allows this' "what the words mean"
json 'length == 6 and all(.[]; .namespace == "default" and .pod == "web" and .container == "web" and
	.workload == "default/web" and .hostnetwork == false)' "drops --pod" egret_cmd drops --json --pod default/web
json 'map(.address) == ["20.1.0.9"]' "drops --reason" egret_cmd drops --json --reason deny-rule
json 'map(.address) | sort == ["20.1.1.1", "20.1.1.2"]' "drops --name" egret_cmd drops -o json --name '*.cdn.suggest.example'
json 'length > 0' "drops --since" egret_cmd drops --json --since 10m
json '. == []' "drops --since the future" egret_cmd drops --json --since 2100-01-01T00:00:00Z
fails 2 "drops --reason of none" egret_cmd drops --reason nonsense

# --- suggest ---
succeeds "suggest" egret_cmd suggest
shows '^allow pay\.suggest\.example https:443 +# /.*/app\.service, 1 packet; default/web, 1 packet$' "a line once, with who asked"
shows '^allow vault\.suggest\.example https:443 private +# private: whoever answers' "private with a word of warning"
shows '^allow 51\.0\.0\.1 udp:123 +# an address, no name is known: ' "an address is marked"
shows '^# no line helps 20\.1\.0\.9 tcp:443: a deny rule takes' "what no line helps is a comment"
lacks '[*]\.' "no wildcard that nobody asked for"
cp "$work/output" "$work/suggested"
cp "$work/policy.rules" "$work/first.rules"
cat "$work/first.rules" "$work/suggested" >"$work/more.rules"
succeeds "check takes them" "$egret" check --strict "$work/more.rules"
reload <"$work/more.rules"
each passes
denied node 20.1.0.9 tcp:443
succeeds "suggest, afterwards" egret_cmd suggest
lacks '^(allow|resolver)' "nothing is left to allow"
shows '^# no line helps 20\.1\.0\.9' "but for what a rule denies"

# The same with a wildcard, of the pod's alone, under the first policy.
reload <"$work/first.rules"
each denied
succeeds "suggest --wildcards" egret_cmd suggest --wildcards --pod web
shows '^allow \*\.cdn\.suggest\.example https:443 +# all names below it, whoever has them, for 2 ' "one line for both"
lacks 'a\.cdn\.suggest' "in their place"
lacks '51\.0\.0\.1' "nothing of anybody else"
cp "$work/output" "$work/suggested"
cat "$work/first.rules" "$work/suggested" >"$work/more.rules"
succeeds "check takes them" "$egret" check --strict "$work/more.rules"
reload <"$work/more.rules"
sed -i '/^node/d' "$work/traffic"
each passes
finish
