#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A reload while thousands of addresses are learned: each is matched with the new policy, the last one
# too, however many of the others go.
. "$(dirname "$0")/../lib.sh"
needs_egret
soak=$root/build/tests/soak
[ -x "$soak" ] || make -s -C "$root" build/tests/soak >&2 || die "tests/soak does not build"
internet_ports="tcp:80 udp:123"
bed_up
start "$work/answer.log" - "$id-inet" "$soak" answer 20.0.0.54
eventually logged "$work/answer.log" ^ready || die "no answers: $(cat "$work/answer.log")"
govern <<POLICY
set min_ttl = 3600
resolver 20.0.0.54
allow *.gone.example  udp:9
allow *.wild.example  udp:9
POLICY

# learn DOMAIN: as many addresses as one subject may have. A subject is what is above the service.
learn() {
	mkdir -p "$cg/$1.slice/app"
	start "$work/ask-$1.log" "$cg/$1.slice/app" "$id-node" "$soak" ask 20.0.0.54 "$1.example" 10000 "$cg/$1.slice/app"
}

# addresses_of DOMAIN: of the names right below it, in the order in which the map has them.
addresses_of() {
	egret_cmd learned --json |
		jq -r --arg domain "$1.example" '.[] | select((.name | split(".")[1:] | join(".")) == $domain).address'
}

count_of() {
	addresses_of "$1" | wc -l
}

is_full() {
	[ "$(count_of "$1")" -ge 1000 ]
}

# let_out ADDR...: how many of these a datagram gets out to. No answers are waited for.
let_out() {
	node "$probe" -t 1 udp-each 9 "$@" | grep -vc EPERM
}

# learn_all DOMAIN FIRST: the same numbers have the same addresses, so each domain begins elsewhere.
learn_all() {
	export SOAK_FIRST=$2
	learn "$1"
	eventually is_full "$1" || die "only $(count_of "$1") of $1 are learned"
	stop "$started" KILL
	mapfile -t "$3" < <(addresses_of "$1" | awk 'NR % 10 == 0')
}

learn_all gone 0 gone
learn_all wild 500000 kept
learn_all secret.wild 700000 taken
echo "learned: $(count_of gone) of a rule that will go, $(count_of wild) that stay, $(count_of secret.wild) of these denied"
expect "${#taken[@]}" "before: what will be denied is allowed" let_out "${taken[@]}"
expect "${#gone[@]}" "before: what will go is allowed" let_out "${gone[@]}"
policy <<POLICY
set min_ttl = 3600
resolver 20.0.0.54
allow *.wild.example  udp:9
deny  *.secret.wild.example
POLICY
enforcing_again() { [ "$(grep -c enforcing: "$work/agent.log")" = 2 ]; }
eventually enforcing_again || die "no reload: $(cat "$work/agent.log")"
expect 0 "names that are denied now" let_out "${taken[@]}"
expect 0 "names whose rule is gone" let_out "${gone[@]}"
expect "${#kept[@]}" "names that are allowed still" let_out "${kept[@]}"
finish
