#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Policies that take turns under a tight sender: enforce and audit, the settings, rules. Each packet's fate is the same
# under all of them, by other lines of each; tables of one with settings of another give another fate.
#
# EGRET_SWITCHES times each by what the agent itself calls, EGRET_MIXED_RELOADS by an agent.
. "$(dirname "$0")/../lib.sh"
needs_egret
switches=${EGRET_SWITCHES:-60}
reloads=${EGRET_MIXED_RELOADS:-10}
internet_ports="udp:9000"
tight=$root/build/tests/tight switcher=$root/build/tests/switcher
for tool in "$tight" "$switcher"; do
	[ -x "$tool" ] || make -s -C "$root" "${tool#"$root/"}" >&2 || die "tests/subjects does not build"
done
bed_up
second=20.0.0.54 # a server of DNS that not every policy allows; nobody is there
dns asked.mix.example 20.1.0.40
# The senders' packets, which have a TTL of their own, go no further.
internet nft -f - <<-NFT || die "no nft"
	table ip egret_wire {
		chain in {
			type filter hook prerouting priority -300;
			ip ttl 33 ip daddr { 20.1.0.7, $second } counter drop comment "never"
			ip ttl 33 drop
		}
	}
NFT
never_arrived() { internet nft -j list table ip egret_wire | jq '.nftables[].rule? | select(.comment == "never") | .expr[].counter.packets // empty'; }

# What all allow: 20.1.0.1, by an address, a CIDR, or an audit that has no such line; a question for
# asked.mix.example to the resolver, since it is named or since all may be asked. What none allows but the audit: 20.1.0.7,
# denied or named by nobody; another question to the second server, which is not allowed or must not hear that name.
policy "$work/address.rules" <<POLICY
set floor = off
set dns_names = policy
resolver $resolver
resolver $second
allow asked.mix.example udp:9000
allow 20.1.0.1 udp:9000
POLICY
policy "$work/cidr.rules" <<POLICY
set floor = off
resolver $resolver
allow 20.1.0.0/28 udp:9000
deny  20.1.0.7
POLICY
policy "$work/again.rules" <<POLICY
set floor = off
set min_ttl = 30
resolver $resolver
allow 20.1.0.0/29 udp:9000
deny  20.1.0.6/31
allow 51.0.0.1 udp:9000
POLICY
policy "$work/audit.rules" <<POLICY
set floor = off
set mode = audit
resolver $second
allow 51.0.0.1 udp:9000
POLICY
policy "$work/audit-names.rules" <<POLICY
set mode = audit
set floor = off
set dns_names = policy
allow 20.1.0.9 udp:9000
deny  20.1.0.1
POLICY
for file in "$work"/*.rules; do
	succeeds "${file##*/} is a policy" "$egret" check "$file"
done

always=(passes udp 20.1.0.1 9000 passes ask "$resolver" asked.mix.example)
never=(refused udp 20.1.0.7 9000 refused ask "$second" other.mix.example)

# tight_start FATE...: two of them.
tight_start() {
	senders=()
	for each in 1 2; do
		start "$work/tight$each.log" "$cg/system.slice/app.service" "$id-node" "$tight" "$@"
		senders+=("$started")
		eventually logged "$work/tight$each.log" ^ready || die "no sender: $(cat "$work/tight$each.log")"
	done
}

tight_end() {
	local each
	for each in 1 2; do
		if stop "${senders[each - 1]}"; then
			passed "$1: $(grep sent "$work/tight$each.log" | tr '\n' ';')"
		else
			failed "$1: $(cat "$work/tight$each.log")"
		fi
		rm "$work/tight$each.log"
	done
}

# turns WHAT POLICY...: at random, with the fates in $fates.
turns() {
	local what=$1 seed=$RANDOM
	shift
	tight_start "${fates[@]}"
	in_cgroup - "$id-node" nice -n -15 "$switcher" "$instance" "$cg" "$switches" "$seed" "${@/#/$work/}" >"$work/switcher.log" 2>&1 ||
		failed "$what: $(cat "$work/switcher.log")"
	tight_end "$what, $(cat "$work/switcher.log"), seed $seed"
}

# An agent, told to by a signal.
cp "$work/address.rules" "$work/policy.rules"
agent_start
reload_to() {
	local done_before
	done_before=$(grep -cE '(enforcing|auditing):' "$work/agent.log")
	cp "$work/$1.rules" "$work/next.rules"
	mv "$work/next.rules" "$work/policy.rules"
	kill -HUP "$agent"
	eventually ruled_more_than "$done_before" || die "no reload: $(cat "$work/agent.log")"
}
ruled_more_than() { [ "$(grep -cE '(enforcing|auditing):' "$work/agent.log")" -gt "$1" ]; }
names=(address cidr again audit audit-names)
tight_start "${always[@]}" "${never[@]}"
for _ in $(seq "$reloads"); do
	reload_to "${names[RANDOM % 3]}"
done
reload_to address
tight_end "reloads of an agent"
expect 0 "nothing arrived that every policy refuses" never_arrived
tight_start "${always[@]}"
for _ in $(seq "$reloads"); do
	reload_to "${names[RANDOM % 5]}"
done
reload_to address
tight_end "reloads of an agent, with audits"

stop "$agent" KILL
fates=("${always[@]}" "${never[@]}")
turns "settings and rules" address.rules cidr.rules again.rules
expect 0 "nothing arrived that every policy refuses" never_arrived
fates=("${always[@]}")
turns "audits" address.rules cidr.rules audit.rules again.rules audit-names.rules
finish
