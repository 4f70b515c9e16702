#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `set mode = off`: one line opens, whatever state the file is in, and the agent stays alive.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
logs() {
	if eventually logged "$work/agent.log" "$1"; then passed "$2"; else failed "$2: no \"$1\" in $(cat "$work/agent.log")"; fi
}
is_denied() { [[ $(try node 51.0.0.1 tcp:443) == EPERM* ]]; }
is_open() { [ -z "$(bpftool cgroup show "$cg")" ] && [ ! -e "/sys/fs/bpf/egret/$instance" ]; }
opens() {
	if eventually is_open; then passed "$1"; else failed "$1: it is governed; $(tail -n 5 "$work/agent.log")"; fi
	passes node 51.0.0.1 tcp:443
	if agent_alive; then passed "$1: the agent is alive"; else failed "$1: the agent ended: $(cat "$work/agent.log")"; fi
}
closes() {
	if eventually is_denied; then passed "$1"; else failed "$1: it is open; $(tail -n 5 "$work/agent.log")"; fi
}
rules() { printf 'resolver 20.0.0.53\nallow 20.1.0.1 tcp:443\n'; }

rules | policy
agent_start
denied node 51.0.0.1 tcp:443
{ rules; echo "set mode = off"; } | policy
opens "a running agent that reads off"
logs 'says `set mode = off`' "it says so"
json '.mode == "off" and .ready and .live and .mark == null and .problems == []' "status says off" egret_cmd status --json
succeeds "all is well" egret_cmd status --ready --live
rules | policy
closes "back to what it was"
{ echo "set mode = audit"; rules; echo "alow x"; echo "allow a*.b any"; echo "set mode = off"; } | policy
opens "off wins over errors and over another mode"
{ echo "set mode = audit"; rules; } | policy
logs 'auditing:' "back to audit"
passes node 51.0.0.1 tcp:443
echo "set mode = off" | policy
opens "off alone, which needs neither rule nor resolver"
rules | policy
closes "back again"
# Its agent is dead when it is switched off: the next one detaches.
stop "$agent" KILL
echo "set mode = off" | policy
denied node 51.0.0.1 tcp:443
rm "$work/agent.log"
start "$work/agent.log" - "$id-node" "$egret" run --policy "$work/policy.rules" --cgroup "$cg" --instance "$instance"
agent=$started
opens "a starting agent takes down what ruled"
stop "$agent" TERM
if agent_alive; then failed "it does not end"; else passed "it ends when asked to"; fi
# In a file that is used, and by a definition.
echo "set mode = off" >"$work/used.rules"
{ rules; echo "use used"; } | policy
rm -f "$work/agent.log"
start "$work/agent.log" - "$id-node" "$egret" run --policy "$work/policy.rules" --cgroup "$cg" --instance "$instance"
agent=$started
logs 'says `set mode = off`' "a starting agent attaches nothing"
opens "off in a used file"
echo "# nothing" >"$work/used.rules"
closes "which is taken out again"
stop "$agent" KILL
rm -f "$work/agent.log"
start "$work/agent.log" - "$id-node" "$egret" run --policy "$work/policy.rules" --cgroup "$cg" --instance "$instance" -D mode=off
agent=$started
opens "by a definition"
stop "$agent" TERM

echo "set mode = off" | policy
fails 125 "exec refuses it" in_cgroup "$cg/exec" "$id-node" "$egret" exec --policy "$work/policy.rules" -- true
shows 'set mode = off' "and says why"
succeeds "check takes it" "$egret" check "$work/policy.rules"
shows 'mode = off' "and prints it"
echo "alow x" >>"$work/policy.rules"
succeeds "also with errors" "$egret" check "$work/policy.rules"
shows 'policy.rules:2:1: warning: unknown statement' "which it still shows"
json '.mode == "off"' "as JSON, too" "$egret" check --json "$work/policy.rules"
succeeds "explain passes everything" "$egret" explain --policy "$work/policy.rules" 51.0.0.1 tcp:443
finish
