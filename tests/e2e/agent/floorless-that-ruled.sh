#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Release 0.1.0 asked no node for a floor. A policy without one that rules there goes on under this version, over
# restarts and a version in between too, and `status` says what is missing. Another policy without a floor does not begin.
. "$(dirname "$0")/../lib.sh"
needs_egret
earlier=$("$root/tests/tools/release" 0.1.0) || skip "release 0.1.0 cannot be built here"
between=$("$root/tests/tools/release" 5-last) || skip "the last layout cannot be built here"
bed_up
instance=node
this=$egret
floor='any(.problems[]; .kind == "floor" and (.text | test("no floor.*use linux/node.*set floor = off")))'
begin() { # begin EGRET: as agent_start, by that program
	egret=$1
	agent_start
	egret=$this
}
stays() { # stays: enforced, by the rules of before
	denied node 51.0.0.1 tcp:443
	passes node 20.1.0.1 tcp:443
}

policy <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443 # what it is for
POLICY
begin "$earlier"
stop "$agent" KILL
begin "$between"
stop "$agent" KILL
begin "$this"
stays
json "$floor"' and .mode == "enforcing"' "after two upgrades it goes on, and status says what is missing" egret_cmd status --json
stop "$agent" KILL
begin "$this"
stays
json "$floor" "after a restart too" egret_cmd status --json
kill -HUP "$agent"
reread() { [ "$(grep -c "enforcing: instance" "$work/agent.log")" -gt 1 ]; }
eventually reread
json "$floor"' and (.problems | length == 1)' "and after a reload" egret_cmd status --json

# At boot too, and when its file is broken by then: it ruled.
stop "$agent" KILL
once() {
	in_cgroup - "$id-node" "$this" run --once --policy "$work/policy.rules" --cgroup "$cg" --instance node
}
cp "$work/policy.rules" "$work/good.rules"
for broken in "" "allow nonsense"; do
	rm -rf /sys/fs/bpf/egret/node
	echo "$broken" >>"$work/policy.rules"
	sed -i '/^$/d' "$work/policy.rules"
	succeeds "at boot${broken:+, when its file is broken}" once
	stays
	json "$floor"' and .mode == "enforcing"' "status says what is missing" egret_cmd status --json
done
cp "$work/good.rules" "$work/policy.rules"
begin "$this"

# Another one does not begin: neither by a reload, nor by a start.
echo "allow 20.1.0.2 tcp:443" >>"$work/policy.rules"
problem() { egret_cmd status --json | jq -e 'any(.problems[]; .kind == "policy" and (.text | test("no floor")))'; }
if eventually problem; then passed "a reload of another one is refused"; else failed "a reload of another one is refused"; fi
denied node 20.1.0.2 tcp:443
stop "$agent"
# refused WHAT: by an agent that stays, with what is in force or the last good policy, and waits for a better one.
refused() {
	: >"$work/agent.log"
	start "$work/agent.log" - "$id-node" "$this" run --cgroup "$cg" --instance node --policy "$work/policy.rules"
	if eventually logged "$work/agent.log" 'no floor.*' && eventually logged "$work/agent.log" '(goes on|the last good policy rules)'; then
		passed "$1"
	else
		failed "$1: $(cat "$work/agent.log")"
	fi
	stays
	stop "$started"
}
refused "a start with another one"
stays

# With a floor the problem ends, and cannot come back.
echo "allow 20.1.0.3 tcp:443" >"$work/node.rules"
sed -i -e 1iuse\ node -e '/20.1.0.2/d' "$work/policy.rules"
begin "$this"
stays
json '.problems == []' "a floor ends it" egret_cmd status --json
stop "$agent"
sed -i '/^use/d' "$work/policy.rules"
refused "the old text is refused from now on"
stays
finish
