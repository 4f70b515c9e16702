#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `private`: names of a rule that says so bring in private addresses (Private Link), and nothing else that is
# special. Names of other rules do not, and that is told: at the start, by drops, explain and status.
# Reports: MicrosoftDocs/azure-docs#47877, #80278, Azure/AKS#5135 (a vault's private end point: who calls that address?).
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up web 11
nat_up </dev/null
for prefix in 10.99.0.0/24 172.16.5.0/24 192.168.7.0/24 100.127.9.0/24; do
	internet ip route add local $prefix dev lo
done
internet ip -6 route add local fd77::/64 dev lo
dns exact.vault.example 10.99.0.1
dns other.vault.example 10.99.0.2
dns a.priv.example 172.16.5.1 fd77::1
dns b.priv.example 100.127.9.1
dns meta.priv.example 169.254.169.254 20.1.0.1
dns mapped.priv.example ::ffff:10.99.0.3
dns bad.priv.example 10.99.0.4
dns plain.wild.example 192.168.7.1
dns both.example 10.99.0.5
dns listed.example 10.99.0.6
dns inside.example 10.99.0.7
dns later.example 10.99.0.8
dns denied.example 10.99.0.9
dns api.privatelink.example 10.99.0.10
dns vault.pods.example 10.99.0.11 20.1.0.2 # behind a private end point, and not
dns a.pods.example 192.168.7.11
dns sunk.wild.example 0.0.0.0 :: # as filters of DNS answer
echo "nameserver $resolver" >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
ask() { $1 dig +short +time=3 +tries=1 @$resolver "$2" A "$2" AAAA >/dev/null; }
explain() { ungoverned "$egret" explain --instance "$instance" "$@"; }
line_of() { grep -nF "$1" "$work/policy.rules" | cut -d: -f1; }
rules() {
	cat <<POLICY
set internal = 10.99.0.7/32
set floor = off
resolver 20.0.0.53
allow exact.vault.example tcp:443 private
allow other.vault.example https:443       # not private
allow *.priv.example tcp:443 $1 for host
deny bad.priv.example
deny 10.99.0.9
allow *.wild.example tcp:443 for host
allow both.example tcp:443 private
allow both.example tcp:80
allow listed.example,20.1.0.9 tcp:443 private
allow inside.example tcp:443 private
allow denied.example tcp:443 private
allow vault.pods.example tcp:443 for pods
allow *.pods.example tcp:443 for pods
POLICY
}
rules private | govern

# What the agent resolved.
passes node 10.99.0.1 tcp:443
passes "pod web" 10.99.0.1 tcp:443
denied node 10.99.0.2 tcp:443
passes node 10.99.0.5 tcp:443
denied node 10.99.0.5 tcp:80 # another rule of the same name
passes node 10.99.0.6 tcp:443
passes node 20.1.0.9 tcp:443
passes node 10.99.0.7 tcp:443 # inside `set internal`
denied node 10.99.0.9 tcp:443 # a deny stands over it

# What answers taught.
denied node 172.16.5.1 tcp:443
for name in a b meta mapped bad; do ask node $name.priv.example; done
passes node 172.16.5.1 tcp:443
passes node fd77::1 tcp:443
passes node 100.127.9.1 tcp:443
passes node 10.99.0.3 tcp:443
passes node 20.1.0.1 tcp:443
denied node 169.254.169.254 tcp:80 tcp:443
denied node 10.99.0.4 tcp:443
denied node 172.16.5.1 tcp:80
ask "pod web" a.priv.example
denied "pod web" 172.16.5.1 tcp:443 # the rule is for the host
ask node plain.wild.example
denied node 192.168.7.1 tcp:443

# It is told, in the same words everywhere.
exact="policy.rules:$(line_of other.vault) names other.vault.example, but 10.99.0.2 is a private address, which a name may not bring in: add \`allow 10.99.0.2 https:443\`, or \`private\` behind the rule's ports"
wild="policy.rules:$(line_of wild) names plain.wild.example, but 192.168.7.1 is a private address, which a name may not bring in: add \`allow 192.168.7.1 tcp:443 for host\`, or \`private\` behind the rule's ports"
meta="names meta.priv.example, but 169.254.169.254 is a link-local address, which a name may not bring in: add \`allow 169.254.169.254 tcp:443 for host\`, if it is meant"
expect 1 "the agent's log tells of the exact name" grep -c "this rule ${exact#* }" "$work/agent.log"
told() { # told WHAT TEXT CMD...
	local what=$1 text=$2
	shift 2
	"$@" >"$work/told" 2>&1
	succeeds "$what: $(head -c 600 "$work/told")" grep -qF -- "$text" "$work/told"
}
for text in "$exact" "$wild" "$meta"; do
	told "drops: ${text:0:50}" "$text" egret_cmd drops -o wide
	told "status: ${text:0:50}" "$text" egret_cmd status
done
json 'any(.[]; .address == "10.99.0.2" and .reason == "special-address") and
	any(.[]; .address == "192.168.7.1" and .reason == "special-address") and
	any(.[]; .address == "10.99.0.5" and .port == "tcp:80" and .reason == "special-address") and
	any(.[]; .address == "169.254.169.254" and .port == "tcp:80" and .reason == "port")' "drops: the reason" egret_cmd drops --json
json '.special_addresses | any(.[]; .address == "10.99.0.2") and any(.[]; .address == "192.168.7.1") and
	all(.[]; .address != "10.99.0.1" and .address != "172.16.5.1")' "status lists them" egret_cmd status --json
told "explain of an address" "$exact" explain 10.99.0.2 tcp:443
told "explain of a name" "$exact" explain other.vault.example tcp:443
told "explain of a learned address" "$wild" explain 192.168.7.1 tcp:443
told "explain of a name under a pattern" "$wild" explain plain.wild.example tcp:443
told "explain of the files" "$exact" ungoverned "$egret" explain -p "$work/policy.rules" other.vault.example tcp:443
told "explain of the files, under a pattern" "$wild" ungoverned "$egret" explain -p "$work/policy.rules" plain.wild.example tcp:443
fails 1 "explain of the files says no" ungoverned "$egret" explain -p "$work/policy.rules" other.vault.example tcp:443
succeeds "explain of what is private" explain a.priv.example tcp:443
succeeds "explain of the files, too" ungoverned "$egret" explain -p "$work/policy.rules" a.priv.example tcp:443
fails 1 "explain of metadata" explain meta.priv.example tcp:443

# A rule for others is no rule, whatever the address would need: `private` there would not help who was denied.
ask node a.pods.example
for addr in 10.99.0.11 20.1.0.2 192.168.7.11; do
	denied node $addr tcp:443
	json "any(.[]; .address == \"$addr\" and .reason == \"class\")" "drops: $addr is for others" egret_cmd drops --json
	told "explain $addr" "a rule allows this, but not for this subject" explain $addr tcp:443
done
told "explain their name" "vault.pods.example (10.99.0.11) tcp:443: denied: a rule allows this, but not for this subject" \
	explain vault.pods.example tcp:443
pods="names vault.pods.example, but 10.99.0.11 is a private address"
told "and for pods" "$pods" explain vault.pods.example tcp:443 for pods
told "where its other address passes" "vault.pods.example (20.1.0.2) tcp:443: allowed" explain vault.pods.example tcp:443 for pods
ask node sunk.wild.example
for addr in 0.0.0.0 ::; do told "explain $addr" "names sunk.wild.example, but $addr is" explain $addr tcp:443; done
told "explain what a filter answers" 'sunk.wild.example, but 0.0.0.0 is an address of "this network"' explain sunk.wild.example tcp:443

# A reload takes `private` away, from live connections too, and brings it at once to what was resolved before.
hold_open flow "$cg/system.slice/app.service" "$id-node" 172.16.5.1 443
reload < <(rules "")
denied node 172.16.5.1 tcp:443
denied node fd77::1 tcp:443
told "drops tell of it" "names a.priv.example, but 172.16.5.1" egret_cmd drops -o wide
reload < <(rules private)
passes node 172.16.5.1 tcp:443
passes node fd77::1 tcp:443
ask node later.example
denied node 10.99.0.8 tcp:443
reload < <(rules private; echo "allow later.example tcp:443")
denied node 10.99.0.8 tcp:443
reload < <(rules private; echo "allow later.example tcp:443 private")
passes node 10.99.0.8 tcp:443

# What merely explains does not stand before a deny: one name of the address is denied this port, another one
# would allow it but for the address, and the address itself is allowed.
dns x.aa.example 10.99.0.20
dns x.bb.example 10.99.0.20
reload <<'POLICY'
resolver 20.0.0.53
allow 10.99.0.0/24 any
allow *.aa.example tcp:443 private
deny  *.aa.example tcp:9000
allow *.bb.example tcp:443 private
allow *.bb.example tcp:9000
POLICY
passes node 10.99.0.20 tcp:9000
ask node x.aa.example
ask node x.bb.example
denied node 10.99.0.20 tcp:9000
passes node 10.99.0.20 tcp:443

# `exec` says so when it starts and when it ends.
cp "$probe" "$work/probe" && chmod 755 "$work" "$work/probe"
ungoverned_exec() { in_cgroup "$cg.exec" "$id-node" "$egret" exec --policy "$work/exec.rules" "$@"; }
printf 'resolver 20.0.0.53\nallow other.vault.example https:443\n' | policy "$work/exec.rules"
fails 1 "a denied connect" ungoverned_exec -- "$work/probe" tcp 10.99.0.2 443
text="exec.rules:2 names other.vault.example, but 10.99.0.2 is a private address"
expect 2 "at its start and at its end" grep -cF "$text" "$work/output"
shows "^egret: warning: .*$text" "at its start"

# Before a rollout.
check() { ungoverned "$egret" check "$@"; }
printf 'resolver 20.0.0.53\nallow other.vault.example,nowhere.example https:443\nallow exact.vault.example tcp:443 private\n' |
	policy "$work/check.rules"
succeeds "check --resolve" check --resolve "$work/check.rules"
shows 'PROBLEM .*check.rules:2 names other.vault.example, but 10.99.0.2 is a private address' "a private address"
shows 'nowhere.example: PROBLEM does not exist' "a name that does not exist"
shows 'exact.vault.example: 10.99.0.1$' "a name that is right"
fails 1 "check --resolve --strict" check --resolve --strict "$work/check.rules"
sed -i 2d "$work/check.rules"
succeeds "check --resolve --strict, when all is right" check --resolve --strict "$work/check.rules"
printf 'resolver 20.0.0.54\nallow exact.vault.example tcp:443 private\n' | policy "$work/check.rules"
fails 1 "a resolver that does not answer" check --resolve --strict "$work/check.rules"

# A private cluster, with the rules that are shipped.
reload < <(printf 'set api_server = api.privatelink.example\nset location = eastus\nset internal = 10.224.0.0/12\nuse aks/node\nresolver 20.0.0.53\n')
passes node 10.99.0.10 tcp:443
rmdir "$cg.exec" 2>/dev/null
finish
