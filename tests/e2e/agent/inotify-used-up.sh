#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# inotify used up, as by other programs of the same user: the agent says which sysctl it is, looks at the files
# every few seconds, and does all else as ever. The errors come from a seccomp filter: the limits are the machine's.
. "$(dirname "$0")/../lib.sh"
needs_egret
refuse=$root/build/tests/refuse
[ -x "$refuse" ] || make -s -C "$root" build/tests/refuse >&2 || die "tests/tools does not build"
bed_up

program=$egret
exec_rules=$work/exec.rules
policy "$exec_rules" <<<'allow 20.2.0.1 tcp:443'

without_inotify() {
	local limit=$1 egret=$work/egret-$1 value before ticks
	printf '#!/bin/sh\nexec "%s" inotify-%s "%s" "$@"\n' "$refuse" "$limit" "$program" >"$egret"
	chmod 755 "$egret"
	value=$(cat "/proc/sys/fs/inotify/max_user_$limit")

	policy <<-'POLICY'
		allow 20.1.0.1 tcp:443
		allow 20.5.0.1 tcp:443 for cgroup /system.slice/late.service
	POLICY
	agent_start
	passes node 20.1.0.1 tcp:443
	denied node 20.2.0.1 tcp:443
	succeeds "$limit: its log" cat "$work/agent.log"
	shows "fs\.inotify\.max_user_$limit, $value, is used up" "it names the sysctl and its value"
	expect 1 "in one line" grep -c inotify "$work/agent.log"
	eventually logged "$work/agent.log" 'denied.* 20\.2\.0\.1 '
	before=$(wc -l <"$work/agent.log")
	ticks=$(awk '{ print $14 + $15 }' "/proc/$agent/stat")
	sleep 6
	expect "$before" "it says nothing more" awk 'END { print NR }' "$work/agent.log"
	succeeds "and does not run in circles" test $(($(awk '{ print $14 + $15 }' "/proc/$agent/stat") - ticks)) -lt 100
	policy <<<'allow 20.2.0.1 tcp:443'
	reloaded() { [ "$(grep -c enforcing: "$work/agent.log")" = 2 ]; }
	# Looked at every 5 s.
	eventually reloaded || eventually reloaded
	passes node 20.2.0.1 tcp:443
	denied node 20.1.0.1 tcp:443
	# By one who holds it open meanwhile, and over a folder that comes later.
	{
		echo 'allow 20.3.0.1 tcp:443'
		sleep 7
		printf 'allow 20.4.0.1 tcp:443\nallow 20.6.0.1 tcp:443\n'
	} >"$work/policy.rules"
	passed_4() { logged "$work/agent.log" 'enforcing:.* 3 rules'; }
	eventually passed_4 || eventually passed_4
	passes node 20.4.0.1 tcp:443
	expect 3 "nobody took the half" grep -c enforcing: "$work/agent.log"
	succeeds "detached" egret_cmd detach
	stands_by() { logged "$work/agent.log" 'stays open until'; }
	eventually stands_by || eventually stands_by || failed "the agent does not see that it was detached"
	stop "$agent"
	succeeds "taken down" egret_cmd detach --all
	expect connected "$limit: exec" in_cgroup "$cg" "$id-node" "$egret" exec --as-root --policy "$exec_rules" -- \
		"$probe" tcp 20.2.0.1 443
}
side_by_side without_inotify instances watches
finish
