#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Reload after reload under load, between policies that share rules. What they share sees nothing; what
# only the other one allows is cut with the next packet, on live sockets and connections too.
#
# A reload is done when the agent says "enforcing". Each packet that was sent between that line and the
# next change of the file is judged by the policy that was loaded; in between nothing is judged, but
# for what all of them allow or deny. EGRET_RELOADS says how many.
. "$(dirname "$0")/../lib.sh"
needs_egret
reloads=${EGRET_RELOADS:-30}
bed_up
dns shared.reload.example 20.1.0.1 2603:1000::1:1
dns a.reload.example 20.6.2.1
dns b.reload.example 20.7.2.1
dns shared.wild.example 20.5.0.1
dns a.wild.example 20.5.1.1
any="tcp:7000 udp:7000"

shared_rules() {
	cat <<-POLICY
		set min_ttl = 3600
		resolver 20.0.0.53
		allow shared.reload.example $any
		allow 20.2.0.1              $any
		allow 20.3.0.0/16           $any
		deny  20.3.0.66
		allow *.wild.example        $any
	POLICY
}
{
	shared_rules
	echo "allow a.reload.example $any"
	echo "allow 20.6.0.1         $any"
	echo "allow 20.6.1.0/24      $any"
} | policy "$work/a.rules"
# Ids shift: what comes first here is not in the other.
{
	echo "allow b.reload.example $any"
	echo "allow 20.7.0.1         $any"
	shared_rules
	echo "allow 20.7.1.0/24      $any"
	echo "deny  a.wild.example"
	echo "deny  20.6.1.0/24"
} | policy "$work/b.rules"
{
	shared_rules
	echo "deny  a.wild.example"
	echo "set many = $(seq 0 99999 | awk '{ printf " 40.%d.%d.%d", $1 / 65536, $1 / 256 % 256, $1 % 256 }')"
	echo "allow \${many} tcp:443"
} | policy "$work/big.rules"

# reload_to NAME [signal]: to NAME.rules, whole at once; returns when it is done.
reload_to() {
	close_window
	cp "$work/$1.rules" "$work/next.rules"
	mv "$work/next.rules" "$work/policy.rules"
	[ -z "${2:-}" ] || kill -HUP "$agent"
	await_enforcing
	open_window "$1"
}

await_enforcing() {
	local line
	while read -r -t 30 -u "$agent_log" line; do
		[[ $line != *enforcing:* ]] || return 0
	done
	die "the reload does not come to an end: $(cat "$work/agent.log")"
}

open_window() {
	window_policy=$1
	window_from=$("$ledger" now)
}

close_window() {
	echo "$window_from $("$ledger" now) $window_policy" >>"$work/windows"
}

cp "$work/a.rules" "$work/policy.rules"
agent_start
exec {agent_log}< <(exec tail -f -n +1 --pid="$agent" "$work/agent.log")
await_enforcing
for name in shared.wild.example a.wild.example; do
	node dig +short +time=3 +tries=1 @$resolver $name A >/dev/null
done
open_window a
ledger_start allowed=20.1.0.1 denied=51.0.0.1 a=20.6.0.1 b=20.7.0.1 allowed=20.2.0.1 denied=20.3.0.66 \
	a=20.6.1.9 b=20.7.1.9 allowed=20.3.0.9 a=20.6.2.1 b=20.7.2.1 allowed=20.5.0.1 a=20.5.1.1 \
	allowed=2603:1000::1:1 denied=2603:1000:51::1
names=(a b)
for turn in $(seq "$reloads"); do
	if [ $((turn % 10)) = 0 ]; then
		reload_to "${names[turn % 2]}" # by the file alone
	else
		reload_to "${names[turn % 2]}" signal
	fi
	# Long enough, now and then, for a line that gets no answer to be given up.
	sleep "$([ $((turn % 4)) -lt 2 ] && echo 0.25 || echo 0.05)"
done
for policy in big a big b big; do
	begin=$(date +%s%N)
	reload_to $policy signal
	echo "a reload to policy $policy, with $(wc -w <"$work/$policy.rules") words: $((($(date +%s%N) - begin) / 1000000)) ms"
	sleep 0.3
done
close_window
agent_alive || failed "the agent ended: $(cat "$work/agent.log")"
ledger_end "$work/windows"
expect "$((reloads + 6))" "reloads" grep -c enforcing: "$work/agent.log"
expect 0 "no reload went wrong" grep -c "goes on" "$work/agent.log"
expect 0 "the connections that all policies allow were opened once" awk '
	$2 == "open" && $3 == "allowed" && opened[$4]++ { again++ } END { print again + 0 }' "$work/sent"
finish
