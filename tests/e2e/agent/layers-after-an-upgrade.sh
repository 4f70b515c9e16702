#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A node that comes from a release without layers audits them until its policy says what they do: after a restart, a
# reload and a reboot too, whatever else changes in its files. What was said once holds when the line is gone.
. "$(dirname "$0")/../lib.sh"
needs_egret
between=$("$root/tests/tools/release" 5-last) || skip "the last layout cannot be built here"
bed_up
instance=node
this=$egret
layers() { # layers MODE WHAT
	local told=false
	[ "$1" != audit ] || told=true
	json '.layers[1].mode == "'"$1"'" and .layers[2].mode == "'"$1"'" and (.layers_only_audit != null) == '$told \
		"$2" egret_cmd status --json
}
reload_with() { reload < <(cat "$work/policy.rules" && echo "$1"); }

policy <<'POLICY'
set floor = off
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
egret=$between
agent_start
egret=$this
stop "$agent" KILL
agent_again
layers audit "from a release without layers: they audit"
succeeds "the second line says so, and what to write" sh -c \
	"'$egret' status --instance node | sed -n 2p | grep -q '^layers .*only audit.*set layers = enforce'"
stop "$agent" KILL
agent_again
layers audit "after a restart too"
reload_with "allow 20.1.0.2 tcp:443"
layers audit "and by other rules, since lists change with a release"
# Pins go with a reboot.
stop "$agent"
"$this" detach --instance node >/dev/null 2>&1
rm -f "$EGRET_STATE"/mark-* "$EGRET_STATE"/attach-*
agent_again
layers audit "after a reboot"
reload_with "set layers = enforce"
layers enforce "a policy that says it has them"
sed -i '/^set layers/d' "$work/policy.rules"
reload_with "allow 20.1.0.3 tcp:443"
layers enforce "also when the line is gone"
stop "$agent"
"$this" detach --instance node >/dev/null 2>&1
rm -f "$EGRET_STATE"/mark-* "$EGRET_STATE"/attach-*
agent_again
layers enforce "and after a reboot"
finish
