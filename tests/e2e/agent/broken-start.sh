#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A start with a broken policy is no end: the agent stays, `status` says what is wrong and where, and a better
# file is taken as soon as it is there. What was found in force goes on; where nothing was, --fallback says what
# holds meanwhile.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
broken() { printf 'resolver 20.0.0.53\nallow 20.1.0.1 tcp:443\nallow 20.1.0.2 443\n'; }
better() { printf 'resolver 20.0.0.53\nallow 20.1.0.1 tcp:443\nallow 20.1.0.2 tcp:443\n'; }
# begin [ARG...]: an agent of a policy that it cannot read.
begin() {
	: >"$work/agent.log"
	start "$work/agent.log" - "$id-node" "$egret" run --policy "$work/policy.rules" --cgroup "$cg" \
		--instance "$instance" --rules-path "$root/rules" "$@"
	agent=$started
}
# By words: jq 1.6 is content with no input at all.
problem() { [ "$(egret_cmd status --json | jq "any(.problems[]; .kind == \"policy\" and (.text | test(\"$1\")))")" = true ]; }
told() { if eventually problem "$1" || eventually problem "$1"; then passed "$2"; else failed "$2: $(cat "$work/agent.log")"; fi; }
enforces() { [ "$(egret_cmd status --json | jq '.mode == "enforcing" and .problems == []')" = true ]; }
mended() { if eventually enforces || eventually enforces; then passed "$1"; else failed "$1: $(cat "$work/agent.log")"; fi; }
lives() { if agent_alive; then passed "the agent lives"; else failed "the agent ended: $(cat "$work/agent.log")"; fi; }

# A fresh node: nothing is denied, and what would be is counted.
broken | policy
begin
told 'policy.rules:3:16: ' "status says what is wrong, with line and column"
lives
json '.mode == "auditing" and .attached and .live and (.ready | not)' "nothing is enforced" egret_cmd status --json
passes node 51.0.0.1 tcp:443
json 'any(.[]; .address == "51.0.0.1" and .audited)' "and what would be denied is counted" egret_cmd drops --json
expect 1 "the finding is logged once" grep -c 'policy.rules:3:16: error' "$work/agent.log"
told '^--fallback audit: nothing is denied .*policy.rules:3:16: ' "status says what holds meanwhile"
broken | sed 's/443$/444x/' | policy
told '^--fallback audit: nothing is denied .*policy.rules:[0-9:]* .*444x' "it does after another error, too"
better | policy
mended "a better file is taken at once"
denied node 51.0.0.1 tcp:443
passes node 20.1.0.2 tcp:443

# What an agent finds in force goes on, and it looks after it, also where no good policy is kept.
stop "$agent" KILL
rm -rf "$EGRET_STATE"
broken | policy
begin
told 'policy.rules:3:16: ' "with an instance in force, too, status says what is wrong"
grep -q 'nothing is governed' "$work/agent.log" && failed "it says that nothing is governed: $(cat "$work/agent.log")"
logged "$work/agent.log" 'what was found in force goes on' && passed "so does the log" || failed "$(cat "$work/agent.log")"
lives
json ".agent.pid == $agent and .agent.heartbeat_age_seconds <= 1 and .mode == \"enforcing\"" "it is the agent of what is in force" \
	egret_cmd status --json
denied node 51.0.0.1 tcp:443
passes node 20.1.0.2 tcp:443
better | policy
mended "and a better file is taken"
json 'any(.[]; .rule == "allow 20.1.0.2 tcp:443" and .packets_total > 0)' "what was counted is there still" egret_cmd rules --json

# The error is in another file, and then that file is not there.
stop "$agent"
echo "allow 20.1.0.3 443" >"$work/team.rules"
(better && echo "use team") | policy
begin
told 'team.rules:1:16: ' "an error in a file that is used"
mv "$work/team.rules" "$work/away.rules"
told 'policy.rules:4:[0-9]*: ' "then it is not there"
echo "allow 20.1.0.3 tcp:443" >"$work/team.rules"
mended "then it is there and right"
passes node 20.1.0.3 tcp:443

# A person's opening holds.
succeeds "detach" egret_cmd detach
stop "$agent"
broken | policy
begin
eventually logged "$work/agent.log" 'was opened by'
lives
passes node 51.0.0.1 tcp:443
[ -e "/sys/fs/bpf/egret/$instance" ] && failed "it was attached" || passed "nothing is attached"
succeeds "attach" egret_cmd attach
told 'policy.rules:3:16: ' "after egret attach the fallback holds"
stop "$agent"
succeeds "detach all of it" "$egret" detach --all

# The floor alone.
broken | policy
begin --fallback closed
told '^--fallback closed: linux/node alone is enforced .*policy.rules:3:16: ' "--fallback closed"
json '.mode == "enforcing"' "it enforces" egret_cmd status --json
denied node 51.0.0.1 tcp:443
denied node 20.1.0.1 tcp:443
stop "$agent"
fails 2 "a fallback that is none" "$egret" run --policy "$work/policy.rules" --fallback open
finish
