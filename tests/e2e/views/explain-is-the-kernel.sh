#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What `explain` says of a name is what becomes of a packet to its address, also where the address is a resolver's,
# the floor's, denied, or learned by another name. tests/e2e/model/decisions.sh has the random states.
. "$(dirname "$0")/../lib.sh"
needs_egret
internet_ports="udp:9002"
bed_up
dns resolver.b.example 20.0.0.53
dns listed.b.example 20.1.0.9
dns denied.b.example 20.1.0.8
dns no.b.example 20.1.0.7
dns shared.c.example 20.1.0.6
echo "nameserver $resolver" >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
explain() { ungoverned "$egret" explain --instance "$instance" "$@"; }
ask() { node dig +short +time=3 +tries=1 @$resolver "$1" A >/dev/null; }
govern <<POLICY
set floor = off
resolver 20.0.0.53
allow *.b.example udp:9002
allow 20.1.0.9 tcp:443
deny  20.1.0.8
deny  no.b.example
deny  *.c.example
allow 20.1.0.6 udp:9002
POLICY

# agree VERDICT NAME ADDRESS: both halves say so of udp:9002, when the name was asked for.
agree() {
	local verdict=$1 name=$2 address=$3
	ask "$name"
	if [ "$verdict" = allowed ]; then
		passes node "$address" udp:9002
		succeeds "explain allows $name" explain "$name" udp:9002
	else
		denied node "$address" udp:9002
		fails 1 "explain denies $name" explain "$name" udp:9002
		shows ": $verdict" "and says why"
	fi
}

agree allowed resolver.b.example 20.0.0.53 # which a resolver line has, for DNS alone
agree allowed listed.b.example 20.1.0.9    # which a rule has, for another port
agree "a deny rule" denied.b.example 20.1.0.8
agree "a deny rule" no.b.example 20.1.0.7
agree "a deny rule" shared.c.example 20.1.0.6 # which a rule allows, and the name's deny takes away
finish
