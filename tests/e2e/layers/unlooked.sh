#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A pod that is made while the agent is dead has no look at its device: what leaves by an uplink from there is counted as
# unjudged, or denied but for replies if the policy says `set unlooked = deny`; until an agent comes.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../astray.sh"
needs_egret
internet_ports="tcp:443 udp:9"
bed_up
pod_up web 11
nat_up </dev/null
internet ip route add 10.244.0.0/16 via 10.224.0.4
wire_listen
policy <<'POLICY'
set layers = enforce
resolver 20.0.0.53
allow 20.1.0.0/24 any
POLICY
served() {
	start "$work/served-$1.log" "${pod_cgroup[$1]}" "$id-$1" "$probe" serve tcp:8080 udp:8080
	eventually logged "$work/served-$1.log" ^ready || die "no server in $1"
}
by_late() {
	way_of_late packet-raw 51.0.0.1
	way_of_late packet-raw-to-what-is-allowed 20.1.0.1
	fine_of_socket of-the-other-pod "pod web" 20.1.0.1 9
	way of-the-other-pod-astray "pod web" packet-raw eth0 "$(mac_of "$id-node" veth-web)" 10.244.0.11 51.0.0.1 9
}
way_of_late() { way "$1" "pod $late" packet-raw eth0 "$(mac_of "$id-node" "veth-$late")" "10.244.0.$n" "$2" 9; }
unjudged() { egret_cmd status --json | jq .unjudged; }

agent_start
round=enforce
stop "$agent" KILL
late=late n=12
pod_up $late $n
served late
served web
by_late_counted() {
	by_late
	is_fine[packet-raw]=yes
	is_fine[packet-raw-to-what-is-allowed]=yes
}
one_round by_late_counted
expect '[1-9][0-9]*' "what nobody judged is counted" unjudged
fails 1 "status, without an agent" egret_cmd status
shows '^unjudged packets: [1-9]' "status says so, first"
fails 1 "status, on the node" in_cgroup - "$id-node" "$egret" status --instance "$instance"
shows 'not seen on this kernel: .*pods. devices \(no program at veth-late\)' "names the device"
expect answered "inbound is served" internet "$probe" tcp-echo 10.244.0.12 8080

# As soon as an agent is there, the device has a look.
agent_again
by_late_looked() {
	by_late
	is_fine[packet-raw-to-what-is-allowed]=yes
}
one_round by_late_looked
expect answered "inbound is served" internet "$probe" tcp-echo 10.244.0.12 8080
passes "pod late" 20.1.0.1 tcp:443

# Where the policy wants no such packet at all.
echo "set unlooked = deny" >>"$work/policy.rules"
ruled_again() { [ "$(grep -c enforcing: "$work/agent.log")" = 2 ]; }
eventually ruled_again || die "no reload: $(cat "$work/agent.log")"
stop "$agent" KILL
late=later n=13
pod_up $late $n
served later
before=$(unjudged)
one_round by_late
expect "timeout" "nor by a socket" try "pod later" 20.1.0.1 tcp:443
expect "$before" "nothing more is unjudged" unjudged
json 'any(.[]; .reason == "unlooked" and .address == "51.0.0.1")' "drops says why" egret_cmd drops --json
expect answered "but it may reply: inbound is served" internet "$probe" tcp-echo 10.244.0.13 8080
expect answered "by datagrams, too" internet "$probe" udp 10.244.0.13 8080
expect answered "and of the pod with a look" internet "$probe" tcp-echo 10.244.0.11 8080
agent_again
passes "pod later" 20.1.0.1 tcp:443
finish
