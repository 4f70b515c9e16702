#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `exec` and the commands that clean up after it take down what an `exec` made and what has
# ended, and nothing else: whatever it is named, and whatever namespaces they run in.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pins=/sys/fs/bpf/egret
policy <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
echo 'allow 20.1.0.1 tcp:70000' | policy "$work/bad.rules"
agent_start

# still_governed WHAT: the instance of the agent is as it was.
still_governed() {
	denied node 51.0.0.1 tcp:443
	json '.mode == "enforcing" and .attached and .agent.alive' "$1: the agent's instance rules on" egret_cmd status --json
}
caller() { in_cgroup "$cg-caller" "$id-node" "$@"; }
exec_in() { caller "$egret" exec --policy "$work/policy.rules" "$@"; }
leave() {
	local code=$?
	find "$cg-caller" -depth -type d -exec rmdir {} + 2>/dev/null
	(exit $code)
	cleanup
}
trap leave EXIT

fails 125 "exec that names an instance in use" exec_in --instance "$instance" -- true
shows "in use|is held" "and it says so"
still_governed "--instance"
EGRET_INSTANCE=$instance fails 125 "the same by EGRET_INSTANCE" exec_in -- true
still_governed "EGRET_INSTANCE"
EGRET_INSTANCE=$instance fails 125 "with a policy that has an error" \
	caller "$egret" exec --policy "$work/bad.rules" -- true
still_governed "bad policy"
EGRET_INSTANCE=$instance fails 125 "where no cgroup is found" \
	caller "$egret" exec --cgroup "$work" --policy "$work/policy.rules" -- true
still_governed "no cgroup"
stop "$agent" KILL
fails 125 "exec that names one without an agent" exec_in --instance "$instance" -- true
denied node 51.0.0.1 tcp:443
expect "" "no cgroup is left of it" find "$cg-caller" -mindepth 1 -type d

# Two `exec`, each process 1 of a PID namespace of its own, at the same time.
in_pid_namespace() {
	# shellcheck disable=SC2016
	caller unshare --pid --fork --kill-child --mount-proc "$egret" exec --policy "$work/policy.rules" -- \
		sh -c "touch '$work/$1.up'; for i in \$(seq 200); do [ -e '$work/$2.up' ] && break; sleep 0.05; done
			'$probe' tcp 51.0.0.1 443; '$probe' tcp 20.1.0.1 443; touch '$work/$1.done'
			for i in \$(seq 200); do [ -e '$work/$2.done' ] && break; sleep 0.05; done" >"$work/$1.log" 2>&1
}
in_pid_namespace a b &
first=$!
in_pid_namespace b a
wait "$first"
words() { awk '/^(connected|EPERM|timeout)/ { printf "%s,", $1 }' "$work/$1.log"; }
expect EPERM,connected, "the first of two process 1" words a
expect EPERM,connected, "the second of two process 1" words b

# A killed `exec` whose command goes on in its cgroup, made as root: nobody frees it.
start "$work/orphan.log" "$cg-caller" "$id-node" "$egret" exec --policy "$work/policy.rules" -- \
	sh -c "trap '' TERM; setsid '$probe' hold 20.1.0.1 443 <>'$work/never' & sleep 300 & wait"
mkfifo "$work/never"
killed=$started
left=exec-$killed
eventually test -e "$pins/$left/link_egress" || die "no instance $left: $(cat "$work/orphan.log")"
eventually logged "$work/orphan.log" ^connected || failed "the orphan does not run: $(cat "$work/orphan.log")"
stop "$killed" KILL
governed() { expect "[0-9]+" "$1: $left is still attached" sh -c "ls '$pins/$left' | grep -c link_"; }
orphans=$(cat "$cg-caller/egret-$left/cgroup.procs")
succeeds "the killed exec's command goes on" test -n "$orphans"
for command in status rules drops detach; do
	fails '[0-9]+' "egret $command from elsewhere" "$egret" $command --instance nobody
done
governed "commands of the same namespaces"
container() {
	unshare --pid --fork --kill-child --mount-proc --cgroup --mount -- sh -c \
		"umount -l '$cgroup_root' 2>/dev/null; mount -t cgroup2 none '$cgroup_root' && exec \"\$@\"" - "$@"
}
fails '[0-9]+' "a command in a container" container "$egret" status --instance nobody
governed "a container with its own PID and cgroup namespaces"
fails '[0-9]+' "a command in a container that may not open cgroups by id" container \
	setpriv --bounding-set=-dac_read_search "$egret" status --instance nobody
governed "a container without CAP_DAC_READ_SEARCH"
masked() { unshare --mount --propagation private sh -c "mount -t tmpfs none '$cgroup_root' && exec \"\$@\"" - "$@"; }
fails '[0-9]+' "a command that sees no cgroups" masked "$egret" status --instance nobody
governed "where no cgroup can be seen"
succeeds "an exec in a container" container "$egret" exec --policy "$work/policy.rules" --cgroup / -- true
governed "another exec"
# shellcheck disable=SC2086
kill -KILL $orphans
eventually grep -q "populated 0" "$cg-caller/egret-$left/cgroup.events"
fails 4 "the next command, after the end of the command" "$egret" status --instance nobody
succeeds "has removed the instance" test ! -e "$pins/$left"
succeeds "and the cgroup" test ! -e "$cg-caller/egret-$left"
denied node 51.0.0.1 tcp:443
finish
