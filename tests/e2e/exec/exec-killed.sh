#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# SIGKILL of `exec`: its command dies with it or stays governed, never free.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
policy <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
start "$work/exec.log" - "$id-node" "$egret" exec --policy "$work/policy.rules" -- sh -c \
	"while :; do '$probe' tcp 20.1.0.1 443; '$probe' tcp 51.0.0.1 443; '$probe' udp 51.0.0.1 123; sleep 0.05; done"
eventually logged "$work/exec.log" ^EPERM || die "the command does not run: $(cat "$work/exec.log")"
stop "$started" KILL
sleep 1
nothing_arrived ' 51\.'
expect 0 "no attempt went through" grep -cE '^(answered|timeout)' "$work/exec.log"
# What a killed run left behind is collected by the next one.
succeeds "the next run works" ungoverned "$egret" exec --policy "$work/policy.rules" -- "$probe" tcp 20.1.0.1 443
finish
