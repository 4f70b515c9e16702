#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# No part of a policy's files is ever taken for the policy, however slowly somebody writes them: each way of writing ends in
# one reload, of the whole. The number of its rules tells which text was taken.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up

file=$work/policy.rules
rules() { seq -f "allow 20.$1.0.%g tcp:443" "$2"; } # rules NET COUNT
taken() { sed -nE 's/.*(enforcing|auditing):.* ([0-9]+) rules.*/\2/p' "$work/agent.log" | tail -n +2 | xargs; }
is_taken() { [[ " $(taken)" == *" $1" ]]; }
# one_reload RULES WHAT: the agent took the text of so many rules, and no other after the last one.
expected=""
one_reload() {
	eventually is_taken "$1"
	sleep 0.3 # what follows is in the way of the next one
	expected="${expected:+$expected }$1"
	were_taken "$2"
}
were_taken() {
	if [ "$(taken)" = "$expected" ]; then passed "$1"; else failed "$1: taken were $(taken), not $expected"; fi
}

rules 1 2 >"$file"
echo 'set floor = off' >>"$file"
agent_start

{
	for i in $(seq 15); do
		echo "allow 20.2.0.$i tcp:443"
		touch "$work/another-file" # events of the folder
		sleep 0.2
	done
} >"$file"
one_reload 15 "a line each 200 ms, for 3 s, by one who holds the file open"

{
	rules 3 4
	sleep 2
	rules 4 4
	touch "$work/another-file"
	sleep 2
	rules 5 4
} >"$file"
one_reload 12 "a piece each 2 s, by one who holds the file open"

: >"$file"
sleep 2
rules 6 20 >"$file"
one_reload 20 "emptied, and filled 2 s later"

rm "$file"
for i in $(seq 18); do
	echo "allow 20.7.0.$i tcp:443" >>"$file"
	sleep 0.15
done
one_reload 18 "a line each 150 ms, opened anew for each"

for net in $(seq 60); do seq -f "allow 20.8.$net.%g tcp:443" 200; done >"$work/big"
dd if="$work/big" of="$file" bs=512 status=none
one_reload 12000 "a big file, in blocks of 512 bytes"

{
	echo "use part-one"
	echo "use part-two"
} >"$work/parts.new"
rules 9 5 >"$work/part-one.rules"
rules 10 6 >"$work/part-two.rules"
mv "$work/parts.new" "$file"
one_reload 11 "two files that it uses"
rules 9 7 >"$work/part-one.rules"
sleep 0.2
rules 10 9 >"$work/part-two.rules"
one_reload 16 "one of them 200 ms after the other"
finish_two() {
	exec 9>"$work/part-one.rules"
	rules 9 3 >&9
	rules 10 5 >"$work/part-two.rules"
	sleep 2
	rules 9 10 | tail -n +4 >&9
	exec 9>&-
}
finish_two
one_reload 15 "one of them while somebody still writes the other"

# As the kubelet does it for a ConfigMap: files are links to ..data/FILE, ..data is a link to a folder, and swapped.
config=$work/config
mkdir "$config" "$config/..one" "$config/..two"
for n in one two; do printf 'use extra\nallow 20.11.0.1 tcp:443\n' >"$config/..$n/policy.rules"; done
rules 12 3 >"$config/..one/extra.rules"
rules 12 40 >"$config/..two/extra.rules"
ln -s ..one "$config/..data"
ln -s ..data/policy.rules "$config/policy.rules"
ln -s ..data/extra.rules "$config/extra.rules"
ln -s "$config/extra.rules" "$work/extra.rules"
ln -sfn "$config/policy.rules" "$file.new" && mv -T "$file.new" "$file"
one_reload 4 "a link to a ConfigMap in its place"
ln -s ..two "$config/..data_tmp" && mv -T "$config/..data_tmp" "$config/..data"
one_reload 41 "the ConfigMap's files are swapped"

# Open for ever, but nothing was written for a minute: that is at rest.
rules 13 23 >"$file.new"
touch -d '2 minutes ago' "$file.new"
exec 8>>"$file.new"
mv -T "$file.new" "$file"
one_reload 23 "a file that somebody holds open and does not write"
exec 8>&-
sleep 1.5
were_taken "and nothing more is taken"
stop "$agent"
egret_cmd detach --all >/dev/null 2>&1

# From the start on.
rm -rf "$EGRET_STATE"
: >"$work/agent.log"
exec 7>"$file"
rules 14 3 >&7
start "$work/agent.log" - "$id-node" "$egret" run --policy "$file" --cgroup "$cg" --instance "$instance" 7>&- # it would hold the file open itself
eventually logged "$work/agent.log" 'still writes this file' || failed "it does not say that the file is being written"
fails 1 "the half is not enforced" grep -E 'enforcing:.* 3 rules' "$work/agent.log"
rules 14 9 | tail -n +4 >&7
exec 7>&-
[ -d "/proc/$started" ] || start "$work/agent.log" - "$id-node" "$egret" run --policy "$file" --cgroup "$cg" --instance "$instance"
for _ in 1 2 3; do eventually logged "$work/agent.log" 'enforcing:.* 9 rules' && break; done
logged "$work/agent.log" 'enforcing:.* 9 rules' || failed "the whole is not enforced"
fails 1 "the half never was" grep -E 'enforcing:.* 3 rules' "$work/agent.log"
stop "$started"

exec 7>"$work/exec.rules"
rules 15 2 >&7
fails 125 "exec does not run a command under a half" in_cgroup "$cg" "$id-node" "$egret" exec --as-root --policy "$work/exec.rules" -- true
shows 'exec.rules.*still writes this file' "it says so"
exec 7>&-
succeeds "exec, when it is done" in_cgroup "$cg" "$id-node" "$egret" exec --as-root --policy "$work/exec.rules" -- true
finish
