#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `egret serve`: what it says, that it can change nothing, and that nobody can fill it up.
. "$(dirname "$0")/../lib.sh"
needs_egret
trespass=$root/build/tests/trespass
[ -x "$trespass" ] || make -s -C "$root" build/tests/trespass >&2 || die "tests/tools does not build"
command -v setpriv >/dev/null || skip "setpriv is not installed"

viewers=64964
folder=/sys/fs/bpf/egret/$instance
# The group is there, for this test alone.
with_group() {
	grep -v '^egret-view:' /etc/group >"$work/group"
	echo "egret-view:x:$viewers:" >>"$work/group"
	mount --bind "$work/group" /etc/group
}
serve() {
	: >"$work/serve.log"
	start "$work/serve.log" - "$id-node" "$@" "$egret" serve --instance "$instance" --listen 127.0.0.1:9964,10.224.0.4:9964
	serve=$started
	eventually logged "$work/serve.log" 'listens on|egret:'
}
# get PATH [CURL-OPTION...]: status and body.
get() {
	local path=$1
	shift
	ungoverned curl -sS -m 5 -w '%{http_code}\n' "$@" "http://127.0.0.1:9964$path"
}
# has SERIES VALUE WHAT: of /metrics.
has() {
	ungoverned curl -sS -m 5 http://127.0.0.1:9964/metrics >"$work/metrics"
	if grep -qxF -- "$1 $2" "$work/metrics"; then
		passed "$3: $1 $2"
	else
		failed "$3: no $1 $2 but $(grep -F -- "${1%%\{*}" "$work/metrics" | head -n 5)"
	fi
}
is_refused() {
	serve "$@"
	! eventually_ended
}

bed_up
succeeds "the last line of /metrics says so" true
fails 3 "without the group" ungoverned "$egret" serve --instance "$instance"
shows 'groupadd' "it says what to do"
with_group
govern <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
pod_up web 2
denied "pod web" 51.0.0.1 tcp:443
passes node 20.1.0.1 tcp:443

serve
expect "$viewers" "it runs as an ordinary user" awk '/^Uid:/ { print $3 }' "/proc/$serve/status"
expect 0000008000000000 "with CAP_BPF alone" awk '/^CapPrm:/ { print $2 }' "/proc/$serve/status"
expect 2 "with a list of system calls" awk '/^Seccomp:/ { print $2 }' "/proc/$serve/status"
expect 1 "and gets no others" awk '/^NoNewPrivs:/ { print $2 }' "/proc/$serve/status"
cat "$work/serve.log"
get /metrics | head -200
ls -la $folder
finish
