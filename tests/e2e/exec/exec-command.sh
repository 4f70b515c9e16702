#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `exec`: one command under a policy.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns www.exec.example 20.1.0.1 2603:1000::1:1
cp "$probe" "$work/probe"
chmod 755 "$work" "$work/probe"
policy <<'POLICY'
resolver 20.0.0.53
allow www.exec.example tcp:443
POLICY
echo 'allow 20.1.0.1 tcp:70000' | policy "$work/bad.rules"
run() { in_cgroup "$cg/caller" "$id-node" "$egret" exec --policy "$work/policy.rules" "$@"; }

succeeds "an allowed connect" run -- "$work/probe" tcp 20.1.0.1 443
shows ^connected "the command's output comes through"
succeeds "an allowed connect, IPv6" run -- "$work/probe" tcp 2603:1000::1:1 443
fails 1 "a denied connect" run -- "$work/probe" tcp 51.0.0.1 443
shows ^EPERM "denied at once"
shows '51\.0\.0\.1' "what was denied is told at the end"
passes ungoverned 51.0.0.1 tcp:443
fails 7 "the exit code comes back" run -- sh -c 'exit 7'
fails 143 "a signal's code comes back" run -- sh -c 'kill -TERM $$'
fails 127 "no such command" run -- /nonexistent/command
fails 126 "not a program" run -- "$work/policy.rules"
fails 125 "no command" run
fails 125 "a policy with an error" ungoverned "$egret" exec --policy "$work/bad.rules" -- true

# Signals reach the command.
start "$work/signal.log" - "$id-node" "$egret" exec --policy "$work/policy.rules" -- \
	sh -c 'trap "exit 5" TERM; echo running; while :; do sleep 0.1; done'
eventually logged "$work/signal.log" running || failed "the command does not run: $(cat "$work/signal.log")"
kill -TERM "$started"
wait "$started"
expect 5 "SIGTERM reaches the command" echo $?

# The user who called sudo, no new privileges, no inherited sockets.
sudo_run() { SUDO_UID=65534 SUDO_GID=65534 SUDO_USER=nobody run -- "$@"; }
succeeds "the user who called sudo" sudo_run sh -c 'echo "user $(id -u)"; echo "group $(id -g)"; echo "groups $(id -G)"
	cat /proc/self/status'
shows '^user 65534$' "the command is that user's"
shows '^group 65534$' "and of that user's group"
shows '^groups 65534$' "and of no group of root's"
shows '^NoNewPrivs:[[:space:]]1$' "no new privileges"
shows '^CapEff:[[:space:]]0000000000000000$' "no capabilities"
# shellcheck disable=SC2016
inherits() {
	ungoverned bash -c 'exec 2>/dev/null 9<>/dev/tcp/51.0.0.1/443 || exit 99; exec "$@"' - "$egret" exec \
		--policy "$work/policy.rules" -- sh -c 'readlink /proc/self/fd/9 || echo closed'
}
expect closed "an inherited socket is closed" inherits

# Children are governed, also those that outlive their parent.
run -- sh -c "(sleep 0.3; '$work/probe' tcp 51.0.0.2 443 >'$work/orphan.out' 2>&1; :) & exit 0" >/dev/null 2>&1
sleep 1
nothing_arrived ' 51\.0\.0\.2:'
succeeds "the next command" run -- true
succeeds "nothing is left of finished runs" sh -c "! find '$cg' -name 'egret-exec*' | grep ."
succeeds "no pins are left" sh -c "! find /sys/fs/bpf -path '*egret*' | grep ."
finish
