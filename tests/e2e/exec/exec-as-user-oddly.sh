#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `exec` of an ordinary user where something is odd: words that are no text, no streams, no HOME, no sudo, an exec
# around it, signals.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../person.sh"
needs_egret
bed_up
person_up
policy <<'POLICY'
allow 20.1.0.1 tcp:443
POLICY
chmod 644 "$work/policy.rules"

fails 126 "a command that is none" run_as_dev -- /tmp
for signal in HUP USR1 KILL; do
	fails $((128 + $(kill -l $signal))) "a command that SIG$signal ended" run_as_dev -- sh -c "kill -$signal \$\$"
done
printf 'a\377\376b' >"$work/octets"
bytes() { run_as_dev -- printf %s $'a\377\376b' | cmp - "$work/octets"; }
succeeds "words that are no UTF-8" bytes
expect 100000 "a hundred thousand words" run_as_dev -- sh -c 'echo $#' - $(seq 100000)
closed() { run_as_dev -- true <&- >&- 2>&-; }
succeeds "without standard streams" closed
expect "$work/home" "HOME is not set: that of /etc/passwd" in_cgroup "$cg/caller" "$id-node" \
	setpriv --reuid=54321 --regid=54321 --groups=54321 env -i PATH=/usr/bin:/bin \
	"$work/egret" exec --policy "$work/policy.rules" -- sh -c 'echo $HOME'
fails 125 "exec in a user's exec" run_as_dev -- "$work/egret" exec --policy "$work/policy.rules" -- true
shows "^egret: this runs under .egret exec. already .instance exec-" "it tells why, and what to do"
fails 125 "a user who may not sudo, without a terminal" in_cgroup "$cg/caller" "$id-node" setsid -w \
	setpriv --reuid=65534 --regid=65534 --clear-groups env -i PATH=/usr/bin:/bin \
	"$work/egret" exec --policy "$work/policy.rules" -- true
fails 125 "without sudo" in_cgroup "$cg/caller" "$id-node" setpriv --reuid=54321 --regid=54321 --clear-groups \
	env -i PATH=/nowhere "$work/egret" exec --policy "$work/policy.rules" -- /bin/true
shows "call it as root" "it tells what to do"

# Signals to the user's egret.
for signal in HUP USR1; do
	rm -f "$work/home/up"
	as_user 54321 54321 "$work/egret" exec --policy "$work/policy.rules" -- sh -c "trap 'exit 8' $signal
		touch \$HOME/up; while :; do sleep 0.1; done" >/dev/null 2>&1 &
	shell=$!
	eventually test -e "$work/home/up"
	kill -$signal "$(pgrep -u 54321 -f "^$work/egret exec" | head -n 1)"
	wait "$shell"
	expect 8 "SIG$signal, too" echo $?
done
finish
