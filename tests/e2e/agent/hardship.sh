#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Hard times for the agent: no memory, a full disk, a log that nobody reads, rules that are gone for a
# while, a clock that jumps. It may die of them; what is enforced is enforced, and both ends of the
# traffic account for every packet from the first hardship to the last.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns www.hard.example 20.1.0.1 2603:1000::1:1
dns a.wild.example 20.5.0.1
dns b.wild.example 20.5.0.3
any="tcp:7000 udp:7000"
mkdir "$work/rules"

# write_policy FILE MARK: with a rule that tells one from the other. Whole at once: half a file is
# a policy, too.
write_policy() {
	policy "$1.new" <<-POLICY
		set min_ttl = 3600
		resolver 20.0.0.53
		allow www.hard.example  $any
		allow 20.2.0.1          $any
		allow *.wild.example    $any tcp:443
		allow 20.9.0.$2         tcp:443
	POLICY
	mv "$1.new" "$1"
}

is_allowed() {
	[[ $(node "$probe" tcp "$1" 443) == connected* ]]
}

enforced_times() {
	[ "$(grep -c enforcing: "$work/agent.log")" -ge "$1" ]
}

# begin [CMD...]: an agent, run by CMD; returns when it enforces or has ended.
begin() {
	rm -f "$work/agent.log"
	start "$work/agent.log" - "$id-node" "$@" "$egret" run --policy "$work/rules/node.rules" --cgroup "$cg" \
		--instance "$instance"
	agent=$started
	settle
}

# Half a minute, where others keep the machine busy.
settle() {
	eventually agent_settled || eventually agent_settled || eventually agent_settled
}

# alive_or_dead WHAT: either will do.
alive_or_dead() {
	if agent_alive; then
		passed "$1: it goes on"
	else
		passed "$1: it ended: $(tail -n 1 "$work/agent.log")"
	fi
}

# What the numbers of the account are held against.
phase() {
	echo "--- $* (from $("$ledger" now) ns)"
}

# --- memory: of cgroup v2, of v1, or of the address space ---

memory_up() {
	if grep -qw memory "$cgroup_root/cgroup.controllers" 2>/dev/null &&
		echo +memory >"$cgroup_root/cgroup.subtree_control" 2>/dev/null; then
		memory=$cgroup_root/$id-memory memory_file=memory.max memory_used=memory.current
	elif [ -w /sys/fs/cgroup/memory/memory.limit_in_bytes ]; then
		memory=/sys/fs/cgroup/memory/$id memory_file=memory.limit_in_bytes memory_used=memory.usage_in_bytes
	else
		memory=
		echo "note: no memory controller here; the limit is of the address space"
		return
	fi
	mkdir "$memory" || die "no memory cgroup"
}

memory_down() {
	[ -z "$memory" ] || eventually rmdir "$memory"
}

# within KB CMD...
within() {
	local kb=$1
	shift
	if [ -z "$memory" ]; then
		ulimit -v $((kb * 4))
		exec "$@"
	fi
	echo $((kb * 1024)) >"$memory/$memory_file" && echo "$BASHPID" >"$memory/cgroup.procs" || exit 126
	exec "$@"
}

begin_within() {
	rm -f "$work/agent.log"
	(within "$1" nsenter --net="/run/netns/$id-node" -- "$egret" run --policy "$work/rules/node.rules" \
		--cgroup "$cg" --instance "$instance") >>"$work/agent.log" 2>&1 </dev/null &
	agent=$!
	pids+=("$agent")
	settle
}

write_policy "$work/rules/node.rules" 1
begin
agent_ready || die "the agent does not begin: $(cat "$work/agent.log")"
node dig +short +time=3 +tries=1 @$resolver a.wild.example A >/dev/null
ledger_start allowed=20.1.0.1 denied=51.0.0.1 allowed=2603:1000::1:1 denied=2603:1000:51::1 \
	allowed=20.2.0.1 denied=20.1.0.2 allowed=20.5.0.1 denied=20.5.0.2
memory_up

phase too little memory
# Too little for a start, and for a policy of a quarter of a million addresses.
stop "$agent" KILL
{
	cat "$work/rules/node.rules"
	echo "set many = $(seq 0 249999 | awk '{ printf " 40.%d.%d.%d", $1 / 65536, $1 / 256 % 256, $1 % 256 }')"
	echo "allow \${many} tcp:443"
} >"$work/big.rules"
cp "$work/big.rules" "$work/rules/node.rules"
for kb in 500 2000 8000 16000 24000 32000 48000 64000; do
	begin_within $kb
	alive_or_dead "a start within $kb kB"
	stop "$agent" KILL
done
# What sockets and answers need is charged to the agent, too: at its limit nobody else may suffer.
phase at the limit
write_policy "$work/rules/node.rules" 10
begin_within 65536
[ -z "$memory" ] || cat "$memory/$memory_used" >"$memory/$memory_file"
node dig +short +time=3 +tries=1 @$resolver b.wild.example A >/dev/null
expect connected "what is learned at the limit is allowed" node "$probe" tcp 20.5.0.3 443
sleep 1
alive_or_dead "at the limit"
stop "$agent" KILL

phase a reload with too little memory
write_policy "$work/rules/node.rules" 2
begin_within 65536
if agent_ready; then
	cp "$work/big.rules" "$work/rules/node.rules"
	reloaded_or_not() { enforced_times 2 || logged "$work/agent.log" 'goes on' || ! agent_alive; }
	eventually reloaded_or_not || failed "nothing came of the reload: $(cat "$work/agent.log")"
	alive_or_dead "a reload that finds no memory"
else
	failed "64 MB are too little for a small policy: $(cat "$work/agent.log")"
fi
stop "$agent" KILL
memory_down

# --- a full disk: what it writes is what it says ---

phase a full disk
write_policy "$work/rules/node.rules" 3
mkdir "$work/small"
mount -t tmpfs -o size=64k small "$work/small"
begin_full() {
	(cd "$work/small" && TMPDIR=$work/small exec "$enter" - "$id-node" "$egret" run --policy "$work/rules/node.rules" \
		--cgroup "$cg" --instance "$instance") >>"$work/small/agent.log" 2>&1 </dev/null &
	agent=$!
	pids+=("$agent")
}
begin_full
eventually is_allowed 20.9.0.3 || failed "no start: $(cat "$work/small/agent.log")"
head -c 1M /dev/zero >"$work/small/filler" 2>/dev/null
write_policy "$work/rules/node.rules" 4
eventually is_allowed 20.9.0.4 && passed "a reload with a full disk" || failed "no reload with a full disk"
agent_alive && passed "it goes on with a full disk" || failed "it ended of a full disk"
stop "$agent" KILL
write_policy "$work/rules/node.rules" 5
begin_full
eventually is_allowed 20.9.0.5 && passed "a start with a full disk" || failed "no start with a full disk"
stop "$agent" KILL
umount -l "$work/small"

# --- a log whose reader is gone ---

phase nobody to tell
mkfifo "$work/log"
exec {reader}<>"$work/log"
(exec {reader}<&- && exec "$enter" - "$id-node" "$egret" run --policy "$work/rules/node.rules" --cgroup "$cg" --instance "$instance") \
	2>"$work/log" </dev/null >/dev/null &
agent=$!
pids+=("$agent")
read -r -t 10 -u "$reader" _ || failed "it says nothing"
exec {reader}<&-
write_policy "$work/rules/node.rules" 6
eventually is_allowed 20.9.0.6 && passed "a reload with nobody to tell" || failed "no reload after the log's reader went away"
agent_alive && passed "it goes on with nobody to tell" || failed "it ended when the log's reader went away"
stop "$agent" KILL

# --- rules that are gone ---

phase rules that are gone
write_policy "$work/rules/node.rules" 7
begin
eventually is_allowed 20.9.0.7 || failed "no start: $(cat "$work/agent.log")"
rm -r "$work/rules"
eventually logged "$work/agent.log" 'node\.rules: error: .*No such file' || failed "it does not say that the rules are gone"
eventually logged "$work/agent.log" 'the policy that runs goes on' || failed "it does not say that it goes on"
expect 0 "the old policy is the policy still" sh -c "'$egret' explain 20.9.0.7 tcp:443 --instance '$instance' >/dev/null; echo \$?"
sleep 2
expect 1 "that is said once" grep -c 'No such file' "$work/agent.log"
mkdir "$work/rules"
sleep 1
write_policy "$work/rules/node.rules" 8
eventually is_allowed 20.9.0.8 && passed "rules that come back are loaded" || failed "rules that came back are not loaded"
mv "$work/rules" "$work/rules.away"
sleep 1
write_policy "$work/rules.away/node.rules" 9
mv "$work/rules.away" "$work/rules"
eventually is_allowed 20.9.0.9 && passed "a folder that comes back under its name is loaded" ||
	failed "a folder that came back under its name is not loaded"
stop "$agent" KILL

# --- clocks ---

phase a wall clock that jumps
echo 0 >"$work/jump"
begin env LD_PRELOAD="$root/build/tests/clock_jump.so" EGRET_CLOCK_JUMP="$work/jump"
mark=10
for jump in 315360000 -315360000 0; do
	echo $jump >"$work/jump.new"
	mv "$work/jump.new" "$work/jump"
	mark=$((mark + 1))
	write_policy "$work/rules/node.rules" $mark
	eventually is_allowed 20.9.0.$mark && passed "a reload $jump s off" || failed "no reload $jump s off: $(cat "$work/agent.log")"
	succeeds "status, $jump s off" egret_cmd status
	succeeds "rules, $jump s off" egret_cmd rules
	succeeds "learned, $jump s off" egret_cmd learned
done
stop "$agent" KILL
phase a monotonic clock ahead
if unshare --time --monotonic 1000000 true 2>/dev/null; then
	begin unshare --time --fork --kill-child --monotonic 1000000
	agent_ready && passed "a monotonic clock that is 11 days ahead" || failed "no start 11 days ahead: $(cat "$work/agent.log")"
	succeeds "status, 11 days ahead" egret_cmd status
	passes node 20.5.0.1 tcp:443 # what was learned lasts as long as the kernel's clock says
	# The agent is the child of unshare, and dies with it.
	stop "$agent" KILL
	begin
	agent_ready && passed "and 11 days back" || failed "no start 11 days back: $(cat "$work/agent.log")"
	succeeds "status, 11 days back" egret_cmd status
	stop "$agent" KILL
else
	echo "note: no time namespaces here; the monotonic clock was not moved"
fi

phase end
ledger_end
begin
agent_ready && passed "an agent without hardship takes over" || failed "$(cat "$work/agent.log")"
denied node 51.0.0.1 tcp:443
finish
