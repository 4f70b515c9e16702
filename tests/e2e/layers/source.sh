#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What may not begin, by the hooks of the cgroup, which every kernel has. What is traced is tried in tests/kernels/guest:
# not every machine that builds lets such programs be loaded.
. "$(dirname "$0")/../lib.sh"
needs_egret
begin=$root/build/tests/begin
bed_up
pod_up web 2

# option WANTED WHO WHAT LEVEL NAME VALUE [FAMILY]
option() { expect "$1" "$2 sets $3" $2 "$begin" option "${7:-2}" "$4" "$5" "$6"; }
freebind="IP_FREEBIND 0 15"
# shellcheck disable=SC2086
others() { # others WANTED WHO: each option that is about addresses of others
	option "$1" "$2" $freebind 1
	option "$1" "$2" IP_TRANSPARENT 0 19 1
	option "$1" "$2" IPV6_FREEBIND 41 78 1 10
	option "$1" "$2" IPV6_TRANSPARENT 41 75 1 10
	option "$1" "$2" "IP_FREEBIND of IPv6" 0 15 1 10
}
rule="allow 20.1.0.1 tcp:443"

govern <<<"$rule"
stands() { egret_cmd status --json | jq -e '.layers[] | select(.layer == "source") | .standing == "stands"'; }
succeeds "the layer stands" eventually stands
json '.layers[] | select(.layer == "source") | .programs | map(select(.program | startswith("hook")) | .standing) ==
	["stands", "stands"]' "both hooks were proved" egret_cmd status --json
others EPERM "pod web"
others "done" node
option EPERM "pod web" PACKET_QDISC_BYPASS 263 20 1 17
option EPERM "pod web" "PACKET_QDISC_BYPASS 0" 263 20 0 17
option "done" node PACKET_QDISC_BYPASS 263 20 1 17
option "done" "pod web" "IP_FREEBIND 0" 0 15 0
option "done" "pod web" SO_BROADCAST 1 6 1
expect EPERM "pod web makes a socket of protocol 115" pod web "$begin" socket 2 3 115
expect "done" "node makes a socket of protocol 115" node "$begin" socket 2 3 115
# What is longer than a page is no program's to see, and goes on.
expect "done" "pod web sets a value of 8192 octets" pod web "$begin" long 1 7 8192
expect "done" "node sets a value of 8192 octets" node "$begin" long 1 7 8192
expect EPERM "pod web sets IP_FREEBIND with 8192 octets" pod web "$begin" long 0 15 8192
# The hook is the socket's: whose it is counts, not who calls.
expect "done" "pod web sets IP_FREEBIND of the host's socket" node "$begin" -c "${pod_cgroup[web]}" option 2 0 15 1

json 'map(select(.reason == "option" and .layer == "source" and (.subject // "" | test("^pod default/web")) and .process == "begin" and
	.address == null and .port == null and (.audited | not)) | .call) | sort ==
	["option IPV6_FREEBIND", "option IPV6_TRANSPARENT", "option IP_FREEBIND", "option IP_TRANSPARENT",
	"option PACKET_QDISC_BYPASS"]' "each has a row" egret_cmd drops --json
json 'any(.[]; .call == "protocol l2tp" and .reason == "family" and .packets_total == 1 and .suggestion == null)' \
	"so has the protocol" egret_cmd drops --json
json 'any(.[]; .call == "option IP_FREEBIND" and .packets_total == 3 and .suggestion == "set foreign_sources = all")' \
	"a row says what to write" egret_cmd drops --json
succeeds "drops" egret_cmd drops
shows "default/web.* option IP_FREEBIND +option" "drops says the option"
succeeds "drops are cleared" egret_cmd drops --clear
json 'length == 0' "none is left" egret_cmd drops --json

# --- audit, and off ---

govern_again() { policy && kill -HUP "$agent"; }
mode_is() { egret_cmd status --json | jq -e --arg mode "$1" 'any(.layers[]; .layer == "source" and .mode == $mode)'; }
govern_again <<<"set layers = audit
$rule"
succeeds "layers audit" eventually mode_is audit
others "done" "pod web"
json 'map(select(.audited and (.call | test("FREEBIND|TRANSPARENT"))) | .packets_total) | add == 5' "each is counted" \
	egret_cmd drops --json
egret_cmd drops --clear >"$work/cleared"
govern_again <<<"set layers = off
$rule"
succeeds "layers are off" eventually mode_is off
others "done" "pod web"
json 'length == 0' "nothing is counted" egret_cmd drops --json

finish
