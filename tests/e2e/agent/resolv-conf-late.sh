#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# An /etc/resolv.conf that names nobody yet, as before the network is up, is no end of an agent: it governs, says what is
# missing, and asks as soon as somebody is named. Once it has resolvers, a file that is emptied takes none away.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns www.late.example 20.1.0.1

# A file of this test's own in the place of the machine's.
etc=$work/etc
mkdir "$etc"
cp -a /etc/{passwd,group,nsswitch.conf,hosts} "$etc" 2>/dev/null
mount --bind "$etc" /etc || skip "nothing can be mounted over /etc"

text='allow www.late.example tcp:443
allow 20.2.0.1 tcp:443'
problem() { json '.problems | any(.kind == "resolvers")' "status: PROBLEM: $1" egret_cmd status --json; }
content() { succeeds "status is content: $1" egret_cmd status; }
knows() { eventually logged "$work/agent.log" 'resolved 1 of 1'; }

begin() { # begin WHAT: an agent on such a machine
	policy <<<"$resolver_line$text"
	agent_start
	succeeds "$1: its log" cat "$work/agent.log"
	shows 'resolv\.conf names no nameserver yet' "it says so"
	expect 1 "in one line" grep -c resolv.conf "$work/agent.log"
	passes node 20.2.0.1 tcp:443
	denied node 20.1.0.1 tcp:443
	problem "$1"
}

appears() { # appears WHAT: with it somebody is named
	knows
	eventually egret_cmd status || true
	passes node 20.1.0.1 tcp:443
	content "$1"
}

over() {
	stop "$agent"
	egret_cmd detach --all >/dev/null 2>&1
	rm -rf /etc/resolv.conf /etc/run
}

resolver_line=$'resolver system\n'
begin "not there"
echo "nameserver $resolver" >/etc/resolv.conf
appears "not there, then written"

# Emptied again: the resolvers that it had go on being asked.
: >/etc/resolv.conf
kill -HUP "$agent"
eventually logged "$work/agent.log" 'the policy that runs goes on'
passes node 20.1.0.1 tcp:443
dns www.late.example 20.1.0.2
over

dns www.late.example 20.1.0.1
ln -s ../etc/run/resolve/resolv.conf /etc/resolv.conf
begin "a link to nowhere"
mkdir -p /etc/run
sleep 0.5
mkdir -p /etc/run/resolve
sleep 0.5
echo "nameserver $resolver" >/etc/run/resolve/resolv.conf
appears "a link to nowhere, then somebody makes it"
over

echo "search example" >/etc/resolv.conf
begin "without a nameserver"
echo "nameserver $resolver" >/etc/resolv.conf.new && mv /etc/resolv.conf.new /etc/resolv.conf
appears "without one, then renamed into place"
over

: >/etc/resolv.conf
resolver_line=""
begin "empty, of a policy that has no resolver line"
echo "nameserver $resolver" >/etc/resolv.conf
appears "empty, then filled"
over

resolver_line=$'resolver system\n'
policy <<<"$resolver_line$text"
once() { in_cgroup - "$id-node" "$egret" run --once --policy "$work/policy.rules" --cgroup "$cg" --instance "$instance"; }
succeeds "run --once attaches all the same" once
shows 'resolv\.conf names no nameserver yet' "it says so"
json '.mode == "auditing"' "it is attached" egret_cmd status --json
egret_cmd detach --all >/dev/null 2>&1
fails 125 "exec, which would wait for ever, does not begin" \
	in_cgroup "$cg" "$id-node" "$egret" exec --as-root --policy "$work/policy.rules" -- true
shows 'resolv\.conf names no nameserver' "it says so"
expect 1 "in one line" wc -l "$work/output"
fails 3 "check --resolve" "$egret" check --resolve "$work/policy.rules"
shows 'resolv\.conf name' "it says so"
succeeds "check alone needs none" "$egret" check "$work/policy.rules"

# What names no resolver and needs none is not told of it.
policy <<<'allow 20.2.0.1 tcp:443'
agent_start
fails 1 "a policy without names is not told of it" grep resolv.conf "$work/agent.log"
content "a policy without names"
over

# A policy that ruled here before: its names have the addresses of before, which stay on disk.
echo "nameserver $resolver" >/etc/resolv.conf
policy <<<"$resolver_line$text"
agent_start
passes node 20.1.0.1 tcp:443
kill_agent
rm -rf "/sys/fs/bpf/egret/$instance" /etc/resolv.conf
succeeds "run --once of what ruled here" once
denied node 51.0.0.1 tcp:443
passes node 20.1.0.1 tcp:443
agent_again
passes node 20.1.0.1 tcp:443
succeeds "its address stays on disk" grep -aq 'www.late.example [0-9]* 20.1.0.1$' "$EGRET_STATE/policy-$instance"
finish
