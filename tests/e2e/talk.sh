# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# Words of the tests that forge answers: sockets that ask and stay open, and the answers that
# reach them. Sourced behind lib.sh.

forger=$root/build/tests/forger
[ -x "$forger" ] || make -s -C "$root" build/tests/forger >&2 || die "tests/dns does not build"

# talk_open NAME CGROUP NETNS FAMILY PORT: a UDP socket that does what `talk` tells it.
declare -A talk_fd
talk_open() {
	local talker=$1 fd
	shift
	mkfifo "$work/$talker.in"
	"$enter" "$1" "$2" "$forger" talk "$3" "$4" <"$work/$talker.in" >"$work/$talker.talk" 2>&1 &
	pids+=($!)
	exec {fd}>"$work/$talker.in"
	talk_fd[$talker]=$fd
	eventually logged "$work/$talker.talk" ^ready || die "no socket: $(cat "$work/$talker.talk")"
}

# talk NAME WORD...: as `forger talk` has it; prints what became of it.
talk() {
	local talker=$1 said
	shift
	said=$(grep -vc ^got "$work/$talker.talk")
	echo "$*" >&"${talk_fd[$talker]}"
	eventually talk_has_more "$talker" "$said" && grep -v ^got "$work/$talker.talk" | tail -n 1
}

talk_has_more() {
	[ "$(grep -vc ^got "$work/$1.talk")" -gt "$2" ]
}

# heard_times NAME FROM: how many datagrams from there its application has read.
heard_times() {
	grep -cxF "got $2" "$work/$1.talk"
}

heard_more() {
	[ "$(heard_times "$1" "$2")" -gt "$3" ]
}

# tell NAME WHO HOW FROM TO PORT ID QUESTION ADDRESS: WHO (as in `node`, "pod web") sends NAME this
# answer, and it is read before this returns.
tell() {
	local talker=$1 who=$2 from=$4 times sent
	shift 2
	times=$(heard_times "$talker" "$from")
	sent=$($who "$forger" answer "$@" 2>&1)
	if [ "$sent" != sent ]; then
		failed "$talker is not told: $sent ($*)"
	elif ! eventually heard_more "$talker" "$from" "$times"; then
		failed "$talker did not hear it ($*)"
	fi
}

# is_learned ADDRESS...: any of these, by anybody.
is_learned() {
	egret_cmd learned --json | jq -e --args 'any(.[]; .address | IN($ARGS.positional[]))' "$@" >/dev/null
}

# learned_rows ADDRESS: all that `learned` says of it, on one line.
learned_rows() {
	egret_cmd learned --json | jq -c --arg address "$1" 'map(select(.address == $address))'
}
