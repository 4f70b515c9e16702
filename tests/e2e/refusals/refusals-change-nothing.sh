#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What `run`, `exec` and `detach` refuse has changed nothing of an instance that runs: no map, no
# link, no pin, no cgroup. Its agent is stopped meanwhile, so that nothing changes by itself.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
bpftool=$(command -v bpftool /usr/sbin/bpftool | head -n 1)
[ -n "$bpftool" ] || skip "no bpftool"
chmod 755 "$work"
cp "$egret" "$work/egret"
mkdir -p "$cg/system.slice/app.service" "$cg/other"
govern <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
allow *.wild.example tcp:443
POLICY
pins=/sys/fs/bpf/egret/$instance
denied node 51.0.0.1 tcp:443

# Another policy than the one that rules, so that what is written shows; and what is wrong with some.
policy "$work/other.rules" <<<$'resolver 20.0.0.53\nset mode = audit\nallow 51.0.0.0/8 any'
policy "$work/enforced.rules" <<<$'resolver 20.0.0.53\nallow 51.0.0.0/8 any'
policy "$work/syntax.rules" <<<$'allow 20.1.0.1 tcp:70000'
policy "$work/compile.rules" <<<$'set floor = on\nresolver 20.0.0.53\nallow nobody.example tcp:443\nallow ${undefined} any'
policy "$work/no-resolver.rules" <<<$'allow www.exact.example tcp:443'
policy "$work/system.rules" <<<$'resolver system\nallow 51.0.0.0/8 any'
policy "$work/uses.rules" <<<$'use nowhere/nothing'
policy "$work/many.rules" < <(for i in $(seq 40); do echo "resolver 20.0.1.$i"; done; echo "allow *.x.example tcp:1")
chmod 644 "$work"/*.rules

# bpftool cannot list what is kept with sockets, a ring or a queue; the kernel's own packets (to neighbours) are
# counted on whatever goes on, and cgroups come and go elsewhere on the machine. The big tables are compared at the end.
unlisted='sockets|sockets_before|queries|streams|windows|wanted|denied|spare|turns|culprit_order|counters|looks|subjects|audiences|late|completions|strangers'
dump() {
	find "$pins" -name 'map_*' | sort | grep -E "$@" | sed 's/^/map dump pinned /' >"$work/batch"
	find "$pins" -name 'link_*' | sort | sed 's/^/link show pinned /' >>"$work/batch"
	echo "cgroup tree $cg" >>"$work/batch"
	# It calls a leftover errno a failure to read the file; the attached programs come last.
	"$bpftool" batch file "$work/batch" 2>/dev/null
	# Policy tables: what stands in each of their slots.
	"$bpftool" -j map show pinned "$pins/map_addrs"
	for inner in $("$bpftool" -j map dump pinned "$pins/map_addrs" | jq -r '.[].inner_map_id? // empty'); do
		"$bpftool" map dump id "$inner"
	done
	find /sys/fs/bpf/egret -printf '%p %i %u %m\n' | sort
	find "$cg" -type d | sort
}
state() { dump -v "map_($unlisted|hits)\$"; }
all() { dump -v "map_($unlisted)\$"; }

kill -STOP "$agent"
all >"$work/all.before"
state >"$work/before"
[ "$(grep -c egret_egress "$work/before")" -gt 0 ] || die "nothing to compare: $(cat "$work/before")"

leave() {
	local code=$?
	find "$cg-caller" -depth -type d -exec rmdir {} + 2>/dev/null
	(exit $code)
	cleanup
}
trap leave EXIT

# refused CODE WHAT CMD...: CMD ends with CODE, and nothing has changed.
refused() {
	fails "$@"
	unchanged "$2"
}
unchanged() {
	local what=$1
	state >"$work/after"
	if cmp -s "$work/before" "$work/after"; then
		passed "$what: nothing has changed"
	else
		failed "$what has changed: $(diff "$work/before" "$work/after" | head -n 20)"
		cp "$work/after" "$work/before"
	fi
}
run() { ungoverned timeout 90 "$egret" run --instance "$instance" "$@"; }
run_here() { run --policy "$work/other.rules" --cgroup "$cg" "$@"; }
exec_() { in_cgroup "$cg-caller" "$id-node" timeout 90 "$egret" exec --policy "$work/other.rules" "$@"; }
as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups -- timeout 90 "$work/egret" "$@"; }
masked() {
	local dir=$1
	shift
	unshare --mount --propagation private sh -c "mount -t tmpfs none $dir && exec timeout 90 \"\$@\"" - "$egret" "$@"
}
no_nameserver() {
	ungoverned unshare --mount --propagation private sh -c \
		"mount --bind /dev/null /etc/resolv.conf && exec timeout 90 \"\$@\"" - "$egret" "$@"
}
here=(--instance "$instance" --policy "$work/other.rules" --cgroup "$cg")

walk() {
	local with=$1 held=$2
	refused "$held" "$with: run, as it is" run_here
	refused '5' "$with: run for another cgroup" run --policy "$work/other.rules" --cgroup "$cg/other"
	refused '5' "$with: run for the parent of the cgroup" run --policy "$work/other.rules" --cgroup "$cg/system.slice"
	refused '5' "$with: run in audit for another cgroup" run --audit --policy "$work/other.rules" --cgroup "$cg/other"
	refused 125 "$with: exec of its name" exec_ --instance "$instance" -- true
	EGRET_INSTANCE=$instance refused 125 "$with: exec of its name, by the environment" exec_ -- true
}

walk "an agent holds it" 5
fails 2 "run, an unknown option" run_here --frobnicate
fails 2 "run, one word too many" run_here word
fails 2 "run, no policy" run --cgroup "$cg"
fails 2 "run, a time that is none" run_here --probation nonsense
fails 2 "run, a number that is none" run_here --resolve-inflight 0
fails 2 "run, a definition that is none" run_here --define nonsense
fails "[25]" "run, no such file" run --policy "$work/none.rules" --cgroup "$cg"
fails "[25]" "run, a folder as policy" run --policy "$work" --cgroup "$cg"
unchanged "wrong words of run"
for wrong in syntax compile no-resolver uses many; do
	fails '[2-5]' "run, $wrong.rules" run --policy "$work/$wrong.rules" --cgroup "$cg"
	fails 125 "exec, $wrong.rules" in_cgroup "$cg-caller" "$id-node" timeout 90 "$egret" exec \
		--instance "$instance" --policy "$work/$wrong.rules" -- true
	unchanged "$wrong.rules"
done
refused '[2-5]' "run, no name server" no_nameserver run --instance "$instance" --policy "$work/system.rules" --cgroup "$cg"
fails '[23]' "run, no such cgroup" run --policy "$work/other.rules" --cgroup "$cg/nowhere"
fails '[23]' "run, a folder that is no cgroup" run --policy "$work/other.rules" --cgroup "$work"
fails 3 "run, as a normal user" as_nobody run "${here[@]}"
fails 3 "run, no BPF file system" masked /sys/fs/bpf run "${here[@]}"
fails 3 "run, no cgroups" masked "$cgroup_root" run "${here[@]}"
fails 3 "run, no BTF" masked /sys/kernel/btf run "${here[@]}"
unchanged "run where something is missing"
for name in ../x "" a/b . .. "a b" "$(printf 'x%.0s' $(seq 64))"; do
	fails '[2-5]' "run, instance \"$name\"" ungoverned timeout 90 "$egret" run --instance "$name" \
		--policy "$work/other.rules" --cgroup "$cg"
	fails '2|125' "exec, instance \"$name\"" exec_ --instance "$name" -- true
	fails '[2-5]' "detach, instance \"$name\"" "$egret" detach --instance "$name"
done
unchanged "names that are none"
fails 125 "exec, no command" exec_
fails '2|125' "exec, an unknown option" exec_ --frobnicate -- true
fails 125 "exec, no such cgroup" exec_ --cgroup "$cg/nowhere" -- true
fails 125 "exec, a folder that is no cgroup" exec_ --cgroup "$work" -- true
fails 125 "exec, as a normal user" as_nobody exec --policy "$work/other.rules" -- true
fails 125 "exec, no BPF file system" masked /sys/fs/bpf exec --policy "$work/other.rules" -- true
unchanged "exec where something is missing"
# shellcheck disable=SC2016
refused 125 "exec, a network socket as its input" ungoverned bash -c 'exec "$@" </dev/tcp/20.1.0.1/443' - \
	"$egret" exec --policy "$work/other.rules" -- true
SUDO_UID=nonsense SUDO_GID=1 refused 125 "exec, a caller that is none" exec_ -- true
refused 127 "exec, no such command" exec_ -- /nonexistent
fails 2 "detach, an unknown option" egret_cmd detach --frobnicate
fails 2 "detach, one word too many" egret_cmd detach "$instance"
fails 4 "detach, of what is not there" "$egret" detach --instance nobody
fails 3 "detach, as a normal user" as_nobody detach --instance "$instance"
fails 3 "detach, no BPF file system" masked /sys/fs/bpf detach --instance "$instance"
unchanged "detach"

# Without its agent.
kill -KILL "$agent"
wait "$agent" 2>/dev/null
refused '5' "nobody holds it: run for another cgroup" run --policy "$work/other.rules" --cgroup "$cg/other"
refused '5' "nobody holds it: run in audit for another cgroup" run --audit --policy "$work/other.rules" --cgroup "$cg/other"
refused 0 "nobody holds it: a bad policy at boot" run --once --policy "$work/compile.rules" --cgroup "$cg"
refused 125 "nobody holds it: exec of its name" exec_ --instance "$instance" -- true
all >"$work/all.after"
if cmp -s "$work/all.before" "$work/all.after"; then
	passed "nothing of the big tables has changed"
else
	failed "the big tables have changed: $(diff "$work/all.before" "$work/all.after" | head)"
fi
denied node 51.0.0.1 tcp:443
passes node 20.1.0.1 tcp:443

# A start that fails where nobody could know it before: no cgroup can be made for the proof.
echo 0 >"$cg/cgroup.max.descendants"
fails 3 "a start that cannot be proved" run --policy "$work/enforced.rules" --cgroup "$cg"
succeeds "its policy does not rule" sh -c "! '$egret' rules --instance '$instance' | grep 51.0.0.0"
json '.mode == "enforcing" and .attached and .policy.rules_count == 3' "what ruled rules on" egret_cmd status --json
denied node 51.0.0.1 tcp:443
passes node 20.1.0.1 tcp:443
fails 3 "a first start that cannot be proved" timeout 90 "$egret" run --instance "$instance-2" \
	--policy "$work/policy.rules" --cgroup "$cg/other"
succeeds "leaves nothing" test ! -e "/sys/fs/bpf/egret/$instance-2"
echo max >"$cg/cgroup.max.descendants"
agent_start
denied node 51.0.0.1 tcp:443
finish
