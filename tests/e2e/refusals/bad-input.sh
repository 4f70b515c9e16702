#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Bad input: one clear error, and nothing changed. What runs goes on; what was not there is not there.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns www.bad.example 20.1.0.1
policy <<'POLICY'
resolver 20.0.0.53
allow www.bad.example tcp:443
POLICY
# An agent that stays waits for a better policy: tests/e2e/agent/broken-start.sh.
run() { ungoverned timeout 60 "$egret" run --once --instance "$instance" --cgroup "$cg" "$@"; }
left() { find /sys/fs/bpf -mindepth 1 -path "*egret*"; }
untouched() {
	expect "" "$1: nothing was attached" bpftool cgroup show "$cg"
	expect "" "$1: nothing was pinned" left
}

# Files.
truncate -s 100M "$work/huge.rules"
fails 2 "a file of 100 MB" run --policy "$work/huge.rules"
shows 'huge\.rules: error: is larger than 16777216 bytes' "it names the limit"
printf 'allow a.example tcp:1\nallow b\0c.example tcp:1\n' >"$work/nul.rules"
fails 2 "a NUL byte" run --policy "$work/nul.rules"
shows 'nul\.rules:2:[0-9]+: error' "it names the place"
fails 2 "a folder" run --policy "$work"
shows 'is not a regular file|is a (folder|directory)' "it says what it is"
for i in $(seq 1000); do
	echo "use deep$((i + 1))" >"$work/deep$i.rules"
done
echo "allow a.example tcp:1" >"$work/deep1001.rules"
fails 2 "a use 1000 deep" run --policy "$work/deep1.rules"
shows '16' "it names the limit"
echo "use circle" >"$work/circle.rules"
fails 2 "a use in a circle" run --policy "$work/circle.rules"
shows 'circle' "it shows the circle"
label=$(printf 'a%.0s' $(seq 64))
cat >"$work/wrong.rules" <<RULES
allow $label.example tcp:1
allow $(for _ in $(seq 30); do printf 'aaaaaaaaa.'; done)example tcp:1
allow 10.0.0.1/8 tcp:1
allow a.example tcp:70000
RULES
fails 2 "four errors" run --policy "$work/wrong.rules"
for line in 1 2 3 4; do
	shows "wrong\.rules:$line:[0-9]+: error" "the error of line $line"
done
seq 10000 | sed 's/.*/alow a.example tcp:&/' >"$work/many.rules"
fails 2 "10,000 errors" run --policy "$work/many.rules"
shows 'many\.rules:10000:1: error' "all are told"
{
	echo "set all = $(seq 1 70 | sed 's/.*/tcp:&0/' | tr '\n' ' ')"
	echo "allow a.example \${all}"
} >"$work/over.rules"
fails 2 "over a limit" run --policy "$work/over.rules"
shows 'limit of 64' "it names the limit"
untouched "files"
echo 'allow a.example tcp:1' >"$work/right.rules"
# shellcheck disable=SC2016
fails 3 "nowhere to write to" sh -c '"$1" check "$2" >/dev/full' - "$egret" "$work/right.rules"
shows 'standard output: No space left' "it says so"
# shellcheck disable=SC2016
fails 3 "nor for the list of commands" sh -c '"$1" --help >/dev/full' - "$egret"

# Memory and descriptors.
{
	echo -n "set all ="
	seq 0 900000 | awk '{ printf " 20.%d.%d.%d", $1 / 65536, $1 / 256 % 256, $1 % 256 }'
	echo
	echo "allow \${all} tcp:1"
} >"$work/big.rules"
limited() { ungoverned prlimit "$1" timeout 60 "$egret" run --instance "$instance" --cgroup "$cg" --policy "$2"; }
fails 3 "a memory limit" limited --as=100000000 "$work/big.rules"
shows 'memory' "it says that memory ran out"
fails 3 "too few descriptors for the maps" limited --nofile=12 "$work/policy.rules"
shows 'Too many open files|descriptor' "it says so"
untouched "limits"

# Resolvers.
{
	echo "resolver 51.0.0.53"
	echo "allow www.bad.example tcp:443"
} >"$work/silent.rules"
start "$work/silent.log" - "$id-node" "$egret" run --instance "$instance" --cgroup "$cg" --policy "$work/silent.rules"
silent=$started
eventually logged "$work/silent.log" enforcing || failed "it does not begin: $(cat "$work/silent.log")"
shows_log() { grep -qE "$1" "$work/silent.log" && passed "$2" || failed "$2: $(cat "$work/silent.log")"; }
shows_log 'www\.bad\.example|0 of 1 names|not (been )?(resolved|answered)' "it says that a name has no address"
denied node 20.1.0.1 tcp:443
stop "$silent"
succeeds "detach" egret_cmd detach
seq 1 1000 | awk '{ printf "20.7.%d.%d many.bad.example\n", $1 / 250, $1 % 250 }' >>"$work/hosts"
echo "169.254.169.254 liar.bad.example" >>"$work/hosts"
kill -HUP "$dns_pid"
eventually dns_serves many.bad.example 20.7.0.1
govern <<'POLICY'
resolver 20.0.0.53
allow many.bad.example tcp:443
allow liar.bad.example tcp:80
POLICY
passes node 20.7.0.1 tcp:443
passes node 20.7.3.249 tcp:443
passes node 20.7.4.0 tcp:443
denied node 169.254.169.254 tcp:80

# While it runs.
echo "allow 20.1.0.1/8 tcp:443" >"$work/bad.rules"
stop "$agent"
succeeds "a bad policy where one runs" run --policy "$work/bad.rules"
passes node 20.7.0.1 tcp:443
denied node 51.0.0.1 tcp:443
passes node 20.7.0.1 tcp:443
denied node 51.0.0.1 tcp:443
agent_start
umount -l /sys/fs/bpf
eventually logged "$work/agent.log" 'pins of instance .* are gone' ||
	failed "the agent does not see that bpffs is gone: $(cat "$work/agent.log")"
denied node 51.0.0.1 tcp:443
passes node 20.7.0.1 tcp:443
mount -t bpf bpf /sys/fs/bpf
stop "$agent"

# The cgroup file system.
read_only() {
	ungoverned unshare --mount --propagation private sh -c 'mount -o bind "$0" "$0" && mount -o remount,ro,bind "$0" &&
		exec timeout 20 "$@"' "$cgroup_root" "$@"
}
fails 125 "exec on a read-only cgroup file system" read_only "$egret" exec --policy "$work/policy.rules" -- true
shows 'Read-only' "it says so"
mkdir "$cg/gone"
start "$work/gone.log" - "$id-node" "$egret" run --instance "$instance" --cgroup "$cg/gone" --policy "$work/policy.rules"
gone=$started
eventually logged "$work/gone.log" enforcing || failed "it does not begin: $(cat "$work/gone.log")"
rmdir "$cg/gone"
eventually logged "$work/gone.log" 'cgroup .* was removed' || failed "it does not say: $(cat "$work/gone.log")"
{ wait "$gone"; } 2>/dev/null
expect 4 "and ends" echo $?
succeeds "detach takes away what is left" egret_cmd detach
expect "" "nothing is pinned" left
finish
