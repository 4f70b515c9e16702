#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A policy that changes while it runs: replaced whole or not at all.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns kept.reload.example 20.1.0.1
dns gone.reload.example 20.1.0.2
dns new.reload.example 20.1.0.3
dns a.wild.example 20.1.0.4
app=$cg/system.slice/app.service
# As a ConfigMap is mounted: the file is a link into a folder that is swapped as a whole.
mkdir "$work/config" "$work/config/..1" "$work/config/..2"
ln -s ..1 "$work/config/..data"
ln -s ..data/policy.rules "$work/config/policy.rules"
cat >"$work/config/..1/policy.rules" <<'POLICY'
resolver 20.0.0.53
allow gone.reload.example tcp:443
allow kept.reload.example tcp:443
allow *.wild.example      tcp:443
POLICY
start "$work/agent.log" - "$id-node" "$egret" run --instance "$instance" --cgroup "$cg" \
	--policy "$work/config/policy.rules"
agent=$started
eventually logged "$work/agent.log" enforcing || die "it does not begin: $(cat "$work/agent.log")"
enforcing_times() { [ "$(grep -c '^egret: enforcing' "$work/agent.log")" -ge "$1" ]; }
packets() { egret_cmd rules --json | jq "[.[] | select(.rule == \"$1\")][0].packets_total"; }

node dig +short +time=3 +tries=1 @$resolver a.wild.example A >/dev/null
passes node 20.1.0.4 tcp:443
hold_open kept "$app" "$id-node" 20.1.0.1 443
hold_open gone "$app" "$id-node" 20.1.0.2 443
expect ok "before: the one that stays" hold_say kept
expect ok "before: the one that goes" hold_say gone
denied node 20.1.0.3 tcp:443
before=$(packets "allow kept.reload.example tcp:443")

# Another policy: ids shift, one rule comes, one goes.
cat >"$work/config/..2/policy.rules" <<'POLICY'
resolver 20.0.0.53
allow new.reload.example  tcp:443
allow *.wild.example      tcp:443
allow kept.reload.example tcp:443
POLICY
ln -s ..2 "$work/config/..next"
mv -T "$work/config/..next" "$work/config/..data"
eventually enforcing_times 2 || failed "no reload: $(cat "$work/agent.log")"
passes node 20.1.0.3 tcp:443
denied node 20.1.0.2 tcp:443
expect ok "a live connection whose rule stays" hold_say kept
said=$(wc -l <"$work/gone.hold")
echo "cut" >&"${hold_fd[gone]}"
sleep 0.5
expect "$said" "a live connection whose rule is gone is cut" sh -c "wc -l <'$work/gone.hold'"
passes node 20.1.0.4 tcp:443
succeeds "what was counted follows its rule" test "$(packets "allow kept.reload.example tcp:443")" -ge "$before"
json 'any(.[]; .rule == "allow new.reload.example tcp:443" and .packets_total < 10)' "a new rule has its own counter" \
	egret_cmd rules --json

# An error changes nothing, and is told with its place.
echo "allow 20.1.0.1/8 tcp:443" >>"$work/config/..2/policy.rules"
eventually logged "$work/agent.log" 'policy\.rules:5:[0-9]+: error' || failed "no error: $(cat "$work/agent.log")"
eventually logged "$work/agent.log" 'the policy that runs goes on' || failed "it does not say that it goes on"
passes node 20.1.0.3 tcp:443
denied node 51.0.0.1 tcp:443
expect ok "the live connection goes on" hold_say kept

# Mended, and told by a signal.
sed -i '$d' "$work/config/..2/policy.rules"
echo "allow 51.0.0.1 tcp:443" >>"$work/config/..2/policy.rules"
kill -HUP "$agent"
eventually enforcing_times 3 || failed "no reload on SIGHUP: $(cat "$work/agent.log")"
passes node 51.0.0.1 tcp:443
passes node 20.1.0.4 tcp:443
expect ok "the live connection goes on" hold_say kept
stop "$agent" TERM
passes node 51.0.0.1 tcp:443
denied node 51.0.0.2 tcp:443

# The system's resolvers are others: resolv.conf is a file of the policy, where it says so.
cp -a /etc "$work/etc"
mount --bind "$work/etc" /etc
resolv_conf() { echo "nameserver $1" >"$work/etc/resolv.new" && mv "$work/etc/resolv.new" "$work/etc/resolv.conf"; }
resolv_conf 20.0.0.53
# As git-sync leaves it, too: behind a link to a worktree, which is put in another one's place. Reports:
# openshift/release#73906, openshift/ci-tools#2805, kubernetes/git-sync#6; kubernetes/kubernetes#40123 (a mount).
mkdir -p "$work/repo/.worktrees/abc" "$work/repo/.worktrees/def" "$work/mounted"
ln -s .worktrees/abc "$work/repo/link"
policy "$work/repo/.worktrees/abc/policy.rules" <<'POLICY'
resolver system
allow *.reload.example tcp:443
POLICY
ln -s repo/link/policy.rules "$work/policy.rules"
agent_start
may_ask() { egret_cmd explain "$1" udp:53; }
succeeds "the system's resolver may be asked" may_ask 20.0.0.53
fails 1 "another one may not" may_ask 20.0.0.54
resolv_conf 20.0.0.54
eventually may_ask 20.0.0.54
succeeds "the system's new resolver may be asked" may_ask 20.0.0.54
fails 1 "the old one may not" may_ask 20.0.0.53

rules() { echo "resolver $1"; }
rules 20.0.0.55 >"$work/repo/.worktrees/def/policy.rules"
ln -s .worktrees/def "$work/repo/next"
mv -T "$work/repo/next" "$work/repo/link"
eventually may_ask 20.0.0.55
succeeds "the policy of the worktree that the link leads to by now" may_ask 20.0.0.55
fails 1 "not of the one before" may_ask 20.0.0.54
rules 20.0.0.56 >"$work/mounted/policy.rules"
mount --bind "$work/mounted" "$work/repo/.worktrees/def"
eventually may_ask 20.0.0.56
succeeds "and what is mounted over it" may_ask 20.0.0.56
rules 20.0.0.57 >"$work/mounted/policy.rules" # by another way than the policy's
eventually may_ask 20.0.0.57
succeeds "and written to where it lies" may_ask 20.0.0.57
# In a folder where something stirs all the time.
start "$work/busy.log" - "$id-node" sh -c "while :; do touch '$work/mounted/busy'; sleep 0.05; done"
rules 20.0.0.58 >"$work/mounted/policy.rules"
eventually may_ask 20.0.0.58
succeeds "and is seen where something stirs all the time" may_ask 20.0.0.58
stop "$started"
finish
