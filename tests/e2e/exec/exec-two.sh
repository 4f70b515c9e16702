#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Two `exec` at once, each under its own policy.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
for who in a b; do
	[ $who = a ] && addr=20.1.0.1 || addr=20.2.0.1
	printf 'resolver 20.0.0.53\nallow %s tcp:443\n' $addr | policy "$work/$who.rules"
done
# Both run their probes while the other one lives.
together() {
	start "$work/$1.log" - "$id-node" "$egret" exec --policy "$work/$1.rules" -- sh -c "
		touch '$work/$1.up'
		for i in \$(seq 200); do [ -e '$work/$2.up' ] && break; sleep 0.05; done
		'$probe' tcp 20.1.0.1 443; '$probe' tcp 20.2.0.1 443; '$probe' tcp 51.0.0.1 443
		touch '$work/$1.done'
		for i in \$(seq 200); do [ -e '$work/$2.done' ] && break; sleep 0.05; done"
}
together a b
first=$started
together b a
wait "$first" "$started"
words() { awk '/^(connected|EPERM|timeout)/ { printf "%s,", $1 }' "$work/$1.log"; }
expect connected,EPERM,EPERM, "the first one's policy" words a
expect EPERM,connected,EPERM, "the second one's policy" words b
passes ungoverned 51.0.0.1 tcp:443
finish
