#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# An opened instance stays open for the policy that was opened; another text, in a file that is used
# or in a definition as well, closes it, on probation. A policy that cannot rule does not.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
logs() {
	if eventually logged "$work/agent.log" "$1"; then passed "$2"; else failed "$2: no \"$1\" in $(cat "$work/agent.log")"; fi
}
is_denied() { [[ $(try node 51.0.0.1 tcp:443) == EPERM* ]]; }
is_alive_and_open() {
	passes node 51.0.0.1 tcp:443
	if agent_alive; then passed "$1: the agent is alive"; else failed "$1: the agent ended: $(cat "$work/agent.log")"; fi
}
closes() {
	if eventually is_denied; then passed "$1"; else failed "$1: it is open; $(tail -n 5 "$work/agent.log")"; fi
}
told_open() { [ "$(grep -c 'stays open until' "$work/agent.log")" -gt "$1" ]; }
opened() {
	local before
	before=$(grep -c 'stays open until' "$work/agent.log")
	succeeds "detach" egret_cmd detach
	succeeds "the agent stands by" eventually told_open "$before"
	passes node 51.0.0.1 tcp:443
}
again() {
	stop "$agent" KILL
	agent_launch "$@"
}

echo 'allow 20.1.0.2 tcp:443' >"$work/used.rules"
policy <<'POLICY'
resolver 20.0.0.53
set wanted = 20.1.0.1
use used
allow ${wanted} tcp:443
POLICY
agent_start
opened
# Comments are text as well; a policy that is wrong is none.
echo 'alow x' >>"$work/policy.rules"
logs 'unknown statement' "an error is told"
is_alive_and_open "a policy with an error"
sed -i '$d' "$work/policy.rules"
kill -HUP "$agent"
sleep 1
is_alive_and_open "the same text once more"
json '.mode == "open" and (.mark.user | length > 0) and .live and (.ready | not)' "status tells" egret_cmd status --json
fails 1 "which is not well" egret_cmd status
shows 'opened by .* with .egret detach' "by whom"
echo '# another one' >>"$work/policy.rules"
closes "a comment more"
logs 'on probation' "it begins on probation"
fails 4 "no mark is left" egret_cmd attach

opened
echo 'allow 20.1.0.3 tcp:443' >>"$work/used.rules"
closes "a used file"

opened
again
logs 'stays open until' "a new agent of the same text stands by"
again --define wanted=20.1.0.4
closes "another definition"
logs 'on probation' "it begins on probation, too"
passes node 20.1.0.4 tcp:443

# A policy that had not begun to rule when the node was opened is no reason to close it.
again
eventually agent_ready
kill -STOP "$agent"
succeeds "detach" egret_cmd detach
echo '# was about to rule' >>"$work/policy.rules"
kill -CONT "$agent"
logs 'stays open until' "the agent stands by"
sleep 1
is_alive_and_open "a text that lay there"
finish
