#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What people see: status, rules, drops, explain, check; as text and as JSON.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up web 11
nat_up </dev/null
dns www.views.example 20.1.0.1
mkdir -p "$cg/system.slice" "$cg/user.slice"
govern <<POLICY
resolver 20.0.0.53
allow www.views.example  tcp:443   # the shop
allow 20.2.0.0/16        udp:123   # time
allow *.pattern.example  tcp:443   # later
deny  51.9.9.9                     # known bad
allow 20.3.0.1           tcp:443   for cgroup /$id/system.slice
POLICY
for _ in 1 2 3; do
	passes node 20.1.0.1 tcp:443
	denied node 51.0.0.1 tcp:443
done
passes "pod web" 20.2.0.1 udp:123
denied "pod web" 51.0.0.2 udp:123
denied node 51.9.9.9 tcp:443
denied node 20.1.0.1 tcp:80

succeeds "status" egret_cmd status
expect 0 "status: maps made to the policy's size are not called full" grep -c ^FULL "$work/output"
shows enforc "status: the mode"
shows "$instance" "status: the instance"
json 'type == "object"' "status --json" egret_cmd status --json

succeeds "rules" egret_cmd rules -o wide
shows 'www\.views\.example.*443' "rules: the line as written"
shows 'the shop' "rules: its purpose"
shows '\*\.pattern\.example' "rules: the pattern"
json 'type == "array" or type == "object"' "rules --json" egret_cmd rules --json
json '[.. | objects | select(.packets_total? and .packets_total > 0)] | length > 0' "rules --json: packets are counted" \
	egret_cmd rules --json

json '.[] | select(.rule == "deny 51.9.9.9") | .packets_total == 1' "rules --json: a deny counts what it took away" \
	egret_cmd rules --json

succeeds "drops" egret_cmd drops -o wide
shows '51\.0\.0\.1.*443' "drops: the destination"
shows '51\.0\.0\.2.*123' "drops: the pod's"
shows 'pod default/web' "drops: the pod by its name"
shows 'deny' "drops: the deny rule"
json '[.. | objects | select(.kernel_reason? == "no-rule")] | length > 0' "drops --json: no-rule" egret_cmd drops --json
json '[.. | objects | select(.reason? == "deny-rule")] | length > 0' "drops --json: deny-rule" egret_cmd drops --json
json '[.. | objects | select(.reason? == "port")] | length > 0' "drops --json: port" egret_cmd drops --json

succeeds "explain: yes" "$egret" explain --policy "$work/policy.rules" www.views.example tcp:443
shows 'policy\.rules:2' "explain names the line"
fails 1 "explain: no" egret_cmd explain 51.0.0.1 tcp:443
fails 1 "explain: denied by a rule" egret_cmd explain 51.9.9.9 tcp:443
shows 'policy\.rules:5' "explain names the deny"
succeeds "explain: a pattern covers it" "$egret" explain --policy "$work/policy.rules" a.b.pattern.example tcp:443
fails 1 "explain: the pattern's apex" "$egret" explain --policy "$work/policy.rules" pattern.example tcp:443
# What runs, by name: resolved on the node, each address judged.
echo "nameserver $resolver" >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
dns elsewhere.example 51.0.0.1
on_node() { nsenter --net="/run/netns/$id-node" "$egret" "$@" --instance "$instance"; }
succeeds "explain: a name, of what runs" on_node explain www.views.example tcp:443
shows 'www\.views\.example \(20\.1\.0\.1\) tcp:443: allowed' "explain: its address"
shows 'policy\.rules:2' "explain: its rule"
fails 1 "explain: a name that no rule allows" on_node explain elsewhere.example tcp:443
shows 'no rule allows' "explain: why not"
fails 1 "explain: a name without address" on_node explain nowhere.example tcp:443
shows '^nowhere\.example tcp:443: denied: no rule' "explain: by its name"
shows "neither /etc/resolv.conf's resolvers nor this node know an address of it" "explain: says so"
json '.answers[0].address == "20.1.0.1" and .allowed' "explain --json: the addresses" \
	on_node explain www.views.example tcp:443 --json
succeeds "explain: with a policy in the environment, still what runs" \
	env EGRET_POLICY=/nonexistent nsenter --net="/run/netns/$id-node" "$egret" explain 20.1.0.1 tcp:443 \
	--instance "$instance"
fails 1 "explain: for a class of the running policy" egret_cmd explain 20.3.0.1 tcp:443
succeeds "explain: for the cgroup that a rule names" egret_cmd explain 20.3.0.1 tcp:443 for "/$id/system.slice"
succeeds "explain: and what is below it" egret_cmd explain 20.3.0.1 tcp:443 for "/$id/system.slice/app.service"
fails 1 "explain: but not beside it" egret_cmd explain 20.3.0.1 tcp:443 for "/$id/user.slice"
succeeds "check" "$egret" check "$work/policy.rules"
# A process may call itself anything: no denial is hidden by it, and no terminal is written to.
node bash -c 'printf "\xff\xfe\x1b[2J" >/proc/self/comm; exec 3<>/dev/tcp/51.0.0.66/443' >/dev/null 2>&1
succeeds "drops, of a process with a bad name" egret_cmd drops
cp "$work/output" "$work/drops.txt"
shows '51\.0\.0\.66' "drops: it is there"
fails 1 "drops: nothing for the terminal" grep -aq $'\x1b' "$work/drops.txt"
json 'any(.[]; .address == "51.0.0.66")' "drops --json: it is there, too" egret_cmd drops --json
# The container is gone when somebody asks.
ghost=${pod_cgroup[web]%/*}/ghost
in_cgroup "$ghost" "$id-node" "$probe" tcp 51.7.7.7 443 >/dev/null
eventually rmdir "$ghost"
succeeds "drops, of a container that is gone" egret_cmd drops -o wide
shows '51\.7\.7\.7.*default/web' "drops: its pod is known"
finish
