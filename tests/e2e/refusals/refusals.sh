#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Where something is missing, Egret says what in one sentence and does nothing.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
policy <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
policy "$work/bad.rules" <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1/8 tcp:443
allow www.bad.example tcp:70000
POLICY
chmod 755 "$work"
run() { ungoverned timeout 20 "$egret" run --instance "$instance" "$@"; }
# masked DIR CMD...: DIR is an empty folder for CMD.
masked() {
	local dir=$1
	shift
	ungoverned unshare --mount --propagation private sh -c 'mount -t tmpfs none "$0" && exec timeout 20 "$@"' "$dir" "$@"
}
one_sentence() {
	expect 1 "$1: one line" sh -c "grep -c . '$work/output'"
}

fails 3 "without root" ungoverned setpriv --reuid 65534 --regid 65534 --clear-groups "$egret" run \
	--instance "$instance" --policy "$work/policy.rules" --cgroup "$cg"
shows root "it asks for root"
one_sentence "without root"
fails '[23]' "a cgroup that does not exist" run --policy "$work/policy.rules" --cgroup "$cg/nowhere"
shows nowhere "it names the path"
fails '[23]' "a folder that is no cgroup" run --policy "$work/policy.rules" --cgroup /tmp
shows /tmp "it names the folder"
fails 3 "no cgroup v2" masked "$cgroup_root" "$egret" run --instance "$instance" --policy "$work/policy.rules"
shows cgroup "it names cgroup v2"
fails 3 "no BPF file system" masked /sys/fs/bpf "$egret" run --instance "$instance" --policy "$work/policy.rules" \
	--cgroup "$cg"
shows /sys/fs/bpf "it names the mount"
fails 3 "no BTF" masked /sys/kernel/btf "$egret" run --instance "$instance" --policy "$work/policy.rules" --cgroup "$cg"
shows BTF "it names BTF"
fails 2 "no policy" run --cgroup "$cg"
fails 2 "a policy that does not exist" run --once --policy "$work/none.rules" --cgroup "$cg"
shows none.rules "it names the file"
fails 2 "a bad policy" run --once --policy "$work/bad.rules" --cgroup "$cg"
shows 'bad\.rules:2:[0-9]+: error' "the first error, by line and column"
shows 'bad\.rules:3:[0-9]+: error' "all errors in one run"
expect "" "nothing was attached" bpftool cgroup show "$cg"
expect "" "nothing was pinned" find /sys/fs/bpf -mindepth 1 -path "*egret*"
passes node 51.0.0.1 tcp:443
fails 2 "an unknown command" "$egret" frobnicate
for command in run exec check explain status rules drops detach; do
	succeeds "$command --help" "$egret" $command --help
done
fails 4 "status where nothing runs" egret_cmd status

# A policy that cannot be loaded leaves the running one alone.
agent_start
fails '[1-9]' "a second agent with a bad policy" run --policy "$work/bad.rules" --cgroup "$cg"
denied node 51.0.0.1 tcp:443
passes node 20.1.0.1 tcp:443
finish
