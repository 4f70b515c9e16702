#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Where what runs cannot be seen, every command says so, and never that no instance is running; and
# what others than root may have moved is taken back, or refused.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
policy <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
chmod 755 "$work"
chmod 644 "$work/policy.rules"
cp "$egret" "$work/egret"
pins=/sys/fs/bpf/egret
as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups -- "$@"; }
masked() {
	local what=$1
	shift
	unshare --mount --propagation private sh -c "$what && exec \"\$@\"" - "$@"
}
# each_command PATTERN WHAT PREFIX...: all of them say PATTERN, in one line, and nothing of "no instance".
each_command() {
	local pattern=$1 what=$2 words
	shift 2
	for words in status rules drops learned "explain 20.1.0.1 tcp:443" detach "status --json" \
		"run --policy $work/policy.rules --cgroup $cg" "exec --policy $work/policy.rules"; do
		# shellcheck disable=SC2086
		case $words in
		exec*) fails 125 "$what: exec" "$@" "$work/egret" $words --instance "$instance" -- true ;;
		*) fails 3 "$what: $words" "$@" timeout 20 "$work/egret" $words --instance "$instance" ;;
		esac
		shows "$pattern" "$what: $words says it"
		succeeds "$what: $words does not say that nothing runs" sh -c "! grep -i 'no instance' '$work/output'"
	done
}

for runs in "while it runs" "when nothing runs"; do
	[ "$runs" = "while it runs" ] && agent_start
	each_command "/sys/fs/bpf" "no BPF file system, $runs" masked "while umount -l /sys/fs/bpf 2>/dev/null; do :; done; true"
	each_command "/sys/fs/bpf" "another file system there, $runs" masked "mount -t tmpfs none /sys/fs/bpf"
	chmod 700 /sys/fs/bpf
	each_command "root" "a normal user, $runs" as_nobody
	chmod 1777 /sys/fs/bpf
	[ "$runs" = "while it runs" ] || continue
	each_command "root" "a normal user where the BPF file system is everybody's, $runs" as_nobody
	denied node 51.0.0.1 tcp:443
	stop "$agent"
	succeeds "detach" "$egret" detach --all
done
fails 4 "root is told that nothing runs" egret_cmd status

# An ordinary user was there first.
as_nobody mkdir "$pins"
agent_start
shows_log() { if grep -qE -- "$1" "$work/agent.log"; then passed "$2"; else failed "$2: $(cat "$work/agent.log")"; fi; }
shows_log "uid 65534" "the intruder is told"
expect "root:700" "the folder is root's" stat -c %U:%a "$pins"
fails '[1-9]' "the intruder cannot move the instance" as_nobody mv "$pins/$instance" "$pins/gone"
json '.attached' "status finds it" egret_cmd status --json
denied node 51.0.0.1 tcp:443

# Somebody made it writable, or another's: readers do not believe it, the next start takes it back.
for change in "chmod 777" "chmod 770" "chown 65534"; do
	$change "$pins"
	for words in status rules drops learned detach; do
		fails 3 "$change: $words" egret_cmd "$words"
		shows "$pins" "$change: $words says where"
	done
	stop "$agent" KILL
	agent_start
	shows_log "belonged to uid" "$change: the next start says it"
	expect "root:700" "$change: and takes it back" stat -c %U:%a "$pins"
done
stop "$agent"
succeeds "detach" "$egret" detach --all

# A link in its place leads nowhere.
mkdir -m 700 /sys/fs/bpf/elsewhere
ln -s /sys/fs/bpf/elsewhere "$pins"
for words in status detach "run --policy $work/policy.rules --cgroup $cg"; do
	# shellcheck disable=SC2086
	fails 3 "a link: $words" timeout 20 "$egret" $words --instance "$instance"
	shows "$pins is a link" "a link: $words says it"
done
rm "$pins"
mkdir -m 700 "$pins"
ln -s /sys/fs/bpf/elsewhere "$pins/$instance"
for words in detach "run --policy $work/policy.rules --cgroup $cg"; do
	# shellcheck disable=SC2086
	fails 3 "an instance that is a link: $words" timeout 20 "$egret" $words --instance "$instance"
	shows "is a link" "an instance that is a link: $words says it"
done
expect "" "nothing was made where it leads" find /sys/fs/bpf/elsewhere -mindepth 1
rm "$pins/$instance"
# Without the sticky bit everybody may rename what is root's.
chmod 777 /sys/fs/bpf
fails 3 "everybody may rename it" timeout 20 "$egret" run --policy "$work/policy.rules" --cgroup "$cg" --instance "$instance"
shows "chmod 700" "and what to do is told"
passes node 51.0.0.1 tcp:443
finish
