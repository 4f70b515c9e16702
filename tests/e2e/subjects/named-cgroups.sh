#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `for cgroup PATH`: names that systemd escapes, paths in each other, very deep ones, threaded cgroups; whose packet it
# is when a process moves, a socket is handed on, or the cgroup of a socket is gone.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../talk.sh"
needs_egret
newborn=$root/build/tests/newborn
[ -x "$newborn" ] || make -s -C "$root" build/tests/newborn >&2 || die "tests/subjects does not build"
internet_ports="tcp:9000 udp:9000 tcp:443"
bed_up
any="tcp:9000 udp:9000"
t=/$id/t
odd=("app@front\\x2dend.service" "dev-disk-by\\x2duuid-4f0b.swap" "dienst-ü.service" "a,b=c;d.service" "w%i:7~[x].scope" "..hidden" "#1.service" "$(printf 'n%.0s' $(seq 150)).service")
{
	cat <<-POLICY
		allow 20.1.0.1 $any
		allow 20.1.0.2 $any for cgroup $t/s
		deny  20.1.0.2      for cgroup $t/s/inner/x
		deny  20.1.0.1      for cgroup $t/s/inner
		allow 20.1.0.3 $any for cgroup $t/s/inner
		allow 20.1.0.4 $any for cgroup /$id
		allow 20.1.0.5 $any for cgroup $t/chosen.service
		deny  20.1.0.1      for cgroup $t/barred.service
		allow 20.1.0.5 $any for cgroup $t/twin.service
	POLICY
	for i in "${!odd[@]}"; do
		echo "allow 20.2.0.$i $any for cgroup $t/odd/${odd[i]}"
		echo "deny  20.1.0.1      for cgroup $t/odd/${odd[i]}"
	done
} | policy
mkdir -p "$cg/t/odd/..hidden/.stands"
agent_start
stands() { in_cgroup "$cg/t/odd/..hidden/.stands" "$id-node" "$@"; }
passes stands 20.2.0.5 tcp:9000
denied stands 20.1.0.1 tcp:9000
rmdir "$cg/t/odd/..hidden/.stands" "$cg/t/odd/..hidden"

# is PATH ADDR=COUNT...: what passes of a datagram and a connection of a process that is born there. 2 = all.
is() {
	local path=$1 dest targets=()
	shift
	for dest; do
		targets+=("${dest%=*}" 9000)
	done
	expect "$(echo "$*" | sed 's/\./[.]/g; s/ /,/g')" "$when: ${path::50}" born "$path" "${targets[@]}"
}
born() {
	in_cgroup - "$id-node" nice -n -15 "$newborn" ${keep:+"$keep"} "$cg/$1" 1 "${@:2}" 2>&1 |
		awk '/sent/ { list = list (list ? "," : "") $1 "=" $3; next } /newborn:/ { list = $0 } END { print list }'
}

all_names() {
	local i
	when=$1
	for i in "${!odd[@]}"; do
		is "t/odd/${odd[i]}" "20.2.0.$i=2" "20.1.0.1=0"
	done
	is "t/odd/${odd[0]}/below/it" "20.2.0.0=2" "20.1.0.1=0"
	is "t/odd/${odd[0]}x" 20.2.0.0=0 20.1.0.1=2
	is "t/odd/x${odd[0]}" 20.2.0.0=0 20.1.0.1=2
	is "t/odd/${odd[0]%e}" 20.2.0.0=0 20.1.0.1=2
	is "t/app@front-end.service" 20.2.0.0=0 20.1.0.1=2
	# In each other: what all of them say adds up, and each deny takes away.
	is t/s/a.service 20.1.0.1=2 20.1.0.2=2 20.1.0.3=0 20.1.0.4=2
	is t/s/inner/y 20.1.0.1=0 20.1.0.2=2 20.1.0.3=2 20.1.0.4=2
	is t/s/inner/x 20.1.0.1=0 20.1.0.2=0 20.1.0.3=2 20.1.0.4=2
	is t/s/inner/x/z/s/inner 20.1.0.1=0 20.1.0.2=0 20.1.0.3=2 20.1.0.4=2
	is t/s/innermost 20.1.0.1=2 20.1.0.2=2 20.1.0.3=0 20.1.0.4=2
	is s/inner/x 20.1.0.1=2 20.1.0.2=0 20.1.0.3=0 20.1.0.4=2
	is t/barred.service/kubepods/pod0a1b2c3d/c 20.1.0.1=0 20.1.0.4=2
	clear_away
}
# What was made on the way to them.
clear_away() { find "$cg/t" -mindepth 2 -depth -type d -exec rmdir {} + 2>/dev/null; }
all_names alive

# A path of 1,300 octets below a named cgroup: the kernel tells programs no more than 1,024. What it may not reach stays so.
deep=t/barred.service$(printf "/$(printf 'p%.0s' $(seq 99))%.0s" $(seq 13))
when="very deep" is "$deep" 20.1.0.1=0
clear_away

stop "$agent" KILL
all_names "no agent"
agent_again
all_names "a new agent"

# --- who sends ---

# A datagram socket that is told when to send; its process moves.
moves_to() {
	mkdir -p "$cg/$2" && echo "$1" >"$cg/$2/cgroup.procs"
}
talk_open chosen "$cg/t/chosen.service" "$id-node" 4 5301
chosen=${pids[-1]}
expect sent "the socket of a service" talk chosen send 20.1.0.5 9000
moves_to "$chosen" t/other.service
expect EPERM "both must be allowed" talk chosen send 20.1.0.5 9000
expect sent "its process went to another, and both are allowed" talk chosen send 20.1.0.1 9000
moves_to "$chosen" t/barred.service
expect EPERM "it went to one that is denied it" talk chosen send 20.1.0.1 9000
moves_to "$chosen" t/chosen.service
expect sent "it came back" talk chosen send 20.1.0.5 9000
talk_open barred "$cg/t/barred.service" "$id-node" 4 5302
barred=${pids[-1]}
moves_to "$barred" t/other.service
expect EPERM "a socket that was made where it is denied" talk barred send 20.1.0.1 9000
moves_to "$barred" t/chosen.service
expect EPERM "and is used where more is allowed" talk barred send 20.1.0.5 9000
moves_to "$barred" t/other.service
# After connect() no call says who sends.
talk_open given "$cg/t/chosen.service" "$id-node" 4 5303
given=${pids[-1]}
expect connected "a datagram socket is connected by its own service" talk given connect 20.1.0.5 9000
expect connected "to what its rules do not allow, which sends nothing" talk given connect 20.1.0.3 9000
moves_to "$given" t/barred.service
expect EPERM "by one that is denied it" talk given connect 20.1.0.1 9000
expect EPERM "by one for whom no rule is" talk given connect 20.1.0.5 9000
moves_to "$given" t/other.service
expect connected "by another that may go there, too" talk given connect 20.1.0.1 9000
moves_to "$given" t/chosen.service

# The cgroup of a socket goes, as when a service is restarted whose socket systemd keeps.
hold_open kept "$cg/t/chosen.service" "$id-node" 20.1.0.5 9000
kept=${pids[-1]}
moves_to "$chosen" t/twin.service
moves_to "$kept" t/twin.service
moves_to "$given" t/twin.service
eventually rmdir "$cg/t/chosen.service" || failed "the service's cgroup does not go"
expect ok "a connection of a cgroup that is gone" hold_say kept
expect sent "a datagram from its socket" talk chosen send 20.1.0.5 9000
mkdir "$cg/t/chosen.service"
expect sent "the same when its name is there again" talk chosen send 20.1.0.5 9000
eventually rmdir "$cg/t/barred.service" || failed "the barred service's cgroup does not go"
expect EPERM "what was denied to one that is gone" talk barred send 20.1.0.1 9000
# The next policy cannot know whose it was: no rule for a cgroup allows it, each deny stands.
enforced() { [ "$(grep -c enforcing: "$work/agent.log")" -gt 1 ]; }
echo "allow 20.9.0.1 tcp:443" >>"$work/policy.rules"
kill -HUP "$agent"
eventually enforced || die "no reload: $(cat "$work/agent.log")"
expect EPERM "after a reload nobody's rules are its own" talk chosen send 20.1.0.5 9000
expect EPERM "nor does a deny end" talk barred send 20.1.0.1 9000

# Threads of one process in several cgroups.
mkdir -p "$cg/t/s/inner/workers" "$cg/t/s/inner/workers/x"
if echo threaded >"$cg/t/s/inner/workers/cgroup.type" 2>/dev/null && echo threaded >"$cg/t/s/inner/workers/x/cgroup.type"; then
	in_thread() {
		(echo "$BASHPID" >"$cg/t/s/inner/cgroup.procs" && echo "$BASHPID" >"$cg/t/s/inner/workers/x/cgroup.threads" &&
			exec nsenter --net="/run/netns/$id-node" "$@")
	}
	passes in_thread 20.1.0.3 tcp:9000 send:9000
	denied in_thread 20.1.0.1 tcp:9000 send:9000
else
	echo "note: no threaded cgroups here"
fi
finish
