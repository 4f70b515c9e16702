# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# Words for tests of what no hook of a socket sees. Each datagram carries a text of its own, and the internet's end of the
# node's link writes down which texts came through, whatever was around them. A test defines a function of `way` and `fine`
# lines and gives it to `rounds`: with `set layers = off` all get out, which shows that they are ways; with `enforce`
# only the fine ones do.

astray=$root/build/tests/astray
round=off
round_number=0
declare -A is_fine

# wire_listen: after bed_up.
wire_listen() {
	[ -x "$astray" ] || make -s -C "$root" build/tests/astray >&2 || die "tests/layers does not build"
	start "$work/wire.log" - "$id-inet" "$astray" listen eth0
	eventually logged "$work/wire.log" ^ready || die "nobody listens: $(cat "$work/wire.log")"
}

# mac_of NETNS DEVICE
mac_of() {
	in_cgroup - "$1" ip -j link show "$2" | jq -r '.[0].address'
}

seen() {
	logged "$work/wire.log" "^seen $1\$"
}

# text NAME: what this round's datagram of that name carries. send NAME WHO... CMD is told by its $EGRET_TEXT.
text() {
	echo "$round_number-$1"
}

# way NAME WHO ARG...: `astray` with these arguments, but the text, by WHO (as in `node`, "pod web").
way() {
	local name=$1 who=$2
	shift 2
	is_fine[$name]=no
	echo "     $name: $($who timeout 5 "$astray" "$@" "$(text "$name")" 2>&1)"
}

fine() {
	way "$@"
	is_fine[$1]=yes
}

# way_of_socket NAME WHO ADDR PORT: by an ordinary socket, whose packets something changes behind its hook.
way_of_socket() {
	is_fine[$1]=no
	echo "     $1: $($2 "$probe" -t 50 -d $'astray:'"$(text "$1")"$'\n' udp-send "$3" "$4" 2>&1)"
}

fine_of_socket() {
	way_of_socket "$@"
	is_fine[$1]=yes
}

# layers_are MODE: in the policy of this test, from now on.
layers_are() {
	local before
	before=$(grep -cE '(enforcing|auditing):' "$work/agent.log")
	{
		grep -v '^set layers' "$work/policy.rules"
		echo "set layers = $1"
	} >"$work/policy.next"
	cmp -s "$work/policy.next" "$work/policy.rules" && return
	mv "$work/policy.next" "$work/policy.rules"
	ruled_again() { [ "$(grep -cE '(enforcing|auditing):' "$work/agent.log")" -gt "$before" ]; }
	eventually ruled_again || eventually ruled_again || die "no reload: $(cat "$work/agent.log")"
}

# rounds FUNCTION [MODE...]: its ways with the layers off, and with them on.
rounds() {
	local function=$1
	shift
	for round in ${*:-off enforce}; do
		layers_are "$round"
		one_round "$function"
	done
}

last_is_seen() {
	ungoverned "$probe" -t 50 -d $'astray:'"$(text last)"$'\n' udp-send 20.1.0.1 9
	seen "$(text last)"
}

# When the last datagram is there, which nobody may deny, so are those before it.
one_round() {
	local name
	round_number=$((round_number + 1))
	is_fine=()
	"$1"
	eventually last_is_seen || failed "the wire is silent"
	for name in "${!is_fine[@]}"; do
		one_verdict "$name"
	done
}

one_verdict() {
	local where=in wanted=out
	seen "$(text "$1")" && where=out
	[ "$round" = enforce ] && [ "${is_fine[$1]}" = no ] && wanted=in
	if [ $where = $wanted ]; then passed "layers $round: $1 is $where"; else failed "layers $round: $1 is $where"; fi
}
