#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What an option refuses, the variable that stands in for it refuses, by its name; and no slip in the
# environment opens.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up

# The policy does not exist: what is not refused for its words is refused for that, and nothing is attached.
none=$work/none.rules
with() { # with VARIABLE=VALUE COMMAND...: "variable", "file" or what else became of it
	local variable=$1
	shift
	env "$variable" "$egret" "$@" >"$work/output" 2>&1 </dev/null
	echo "$? $(cat "$work/output")" >>"$work/all"
	if grep -q "${variable%%=*}" "$work/output"; then echo variable; elif grep -qE "none.rules|leave --detach-on-exit out" "$work/output"; then echo file; else cat "$work/output"; fi
}
# --once: an agent that stays would wait for a better policy.
run() { with "$1" run --once --policy "$none" --cgroup "$cg" --instance "$instance"; }
refused() { expect variable "refused: ${1@Q}" run "$1"; }
taken() { expect file "taken: ${1@Q}" run "$1"; }

for value in "" maybe n y disabled 2 "on " " on" truee $'1\n'; do
	refused "EGRET_AUDIT=$value"
	refused "EGRET_DETACH_ON_EXIT=$value"
done
for value in 1 0 true True FALSE false yes Yes NO No on ON off Off; do
	taken "EGRET_AUDIT=$value"
	taken "EGRET_DETACH_ON_EXIT=$value"
done
for value in "" 2min "2 min" "2 m" 2x -5 +5 " 5" 0 0s 1e3 0x5 99999999999s 4294967296h 1.5h $'2m\n'; do
	refused "EGRET_PROBATION=$value"
	fails 2 "and by the option: ${value@Q}" "$egret" run --policy "$none" --cgroup "$cg" --probation="$value"
	shows '[-]-probation' "it names the option"
done
for value in 90 90s 2m 1h; do
	taken "EGRET_PROBATION=$value"
done
for value in "mode audit" location =x "a=1;location" "a=1;=2" "a=1; location ;b=2"; do
	refused "EGRET_DEFINE=$value"
done
for value in "" ";" " ; " a=1 "a=1;b=2" " a=1 ; b=2 3 ;" a= ; do
	expect 'file|none.rules.*|.*value.*' "taken: EGRET_DEFINE='$value'" run "EGRET_DEFINE=$value"
done
for variable in EGRET_POLICY EGRET_CGROUP EGRET_INSTANCE EGRET_RULES_PATH EGRET_STATE; do
	refused "$variable="
done
refused EGRET_STATE=var/lib/egret
for option in policy cgroup instance rules-path; do
	fails 2 "an empty --$option" "$egret" run --policy "$none" --cgroup "$cg" --"$option="
	shows "[-]-$option is empty" "it says so"
done
fails 125 "exec: an empty --cgroup" "$egret" exec --policy "$none" --cgroup "" -- true
fails 125 "exec: EGRET_CGROUP is empty" env EGRET_CGROUP= "$egret" exec --policy "$none" -- true
fails 125 "exec: EGRET_AUDIT" env EGRET_AUDIT=maybe "$egret" exec --policy "$none" -- true
shows EGRET_AUDIT "exec: it names the variable"
for inflight in "" 0 -1 +5 " 5" 0x5 65536 5s 99999999999999999999; do
	fails 2 "--resolve-inflight='$inflight'" "$egret" run --policy "$none" --cgroup "$cg" --resolve-inflight="$inflight"
	shows 'resolve-inflight' "it names the option"
done

for rate in "" 0 -1 1000001 0x5 5/s 1k 1.5 99999999999999999999; do
	refused "EGRET_RESOLVE_RATE=$rate"
	fails 2 "and by the option: ${rate@Q}" "$egret" run --policy "$none" --cgroup "$cg" --resolve-rate="$rate"
	shows '[-]-resolve-rate' "it names the option"
done
taken EGRET_RESOLVE_RATE=1
taken EGRET_RESOLVE_RATE=1000000

# A letter too few is no other meaning; what the kubelet sets for a service named egret is none of Egret's.
expect variable "refused: a misspelt variable" run EGRET_AUDTI=1
shows 'did you mean EGRET_AUDIT' "it says which was meant"
taken EGRET_PORT=tcp://10.0.0.1:80
taken EGRET_SERVICE_HOST=10.0.0.1
# Commands that do not have the option do their work all the same; --help always answers.
fails 4 "status with a bad EGRET_PROBATION" env EGRET_PROBATION=2x EGRET_AUDIT=maybe "$egret" status --instance "$instance"
succeeds "run --help with a bad variable" env EGRET_AUDIT=maybe "$egret" run --help

# What they mean.
policy <<'POLICY'
allow 20.1.0.1 tcp:443
set floor = off
POLICY
EGRET_AUDIT=No agent_start
denied node 51.0.0.1 tcp:443
succeeds "it is taken down" egret_cmd detach
stop "$agent"
EGRET_AUDIT=TRUE agent_start
passes node 51.0.0.1 tcp:443
succeeds "it is taken down" egret_cmd detach
stop "$agent"
policy <<'POLICY'
set floor = off
set shop = 20.9.9.9
allow ${shop} tcp:443
POLICY
shop() { "$egret" explain 20.1.0.1 tcp:443 --policy "$work/policy.rules" "$@"; }
fails 1 "the file's own" shop
succeeds "EGRET_DEFINE goes over the file" env EGRET_DEFINE=' shop=20.1.0.1 ;' "$egret" explain 20.1.0.1 tcp:443 --policy "$work/policy.rules"
succeeds "the option goes over EGRET_DEFINE" env EGRET_DEFINE='shop=20.8.8.8' "$egret" explain 20.1.0.1 tcp:443 --policy "$work/policy.rules" -D shop=20.1.0.1
succeeds "check reads the file that it is given" env EGRET_POLICY="$none" "$egret" check "$work/policy.rules"
finish
