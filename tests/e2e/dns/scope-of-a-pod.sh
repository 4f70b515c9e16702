#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Whom an answer serves: all containers of the pod that asked, also in a namespace of their own and when they are made
# anew, and nobody else; of what is no pod, its network namespace.
. "$(dirname "$0")/../lib.sh"
needs_egret
internet_ports="tcp:443"
bed_up
pod_up web 11
pod_up other 12
internet ip route add 10.244.0.0/16 via 10.224.0.4
start "$work/liar.log" - "$id-inet" "$root/build/tests/liar" 20.0.0.54
eventually logged "$work/liar.log" ^ready || die "no liar: $(cat "$work/liar.log")"
govern <<'POLICY'
resolver 20.0.0.54
allow *.wild.example  tcp:443
POLICY
address() { echo "20.7.$(($1 / 250)).$(($1 % 250 + 1))"; }
asks() { expect "$(address "$2")" "$1 asks for f$2" $1 dig +noedns +short +time=3 +tries=2 @20.0.0.54 "f$2.wild.example" A; }
may() { passes "$1" "$(address "$2")" tcp:443; }
may_not() { denied "$1" "$(address "$2")" tcp:443; }

pod_of() { echo "${pod_cgroup[$1]%/*}"; }
sidecar() { in_cgroup "$(pod_of web)/$(printf 'e1%.0s' $(seq 32))" "$id-web" "$@"; }
below() { in_cgroup "${pod_cgroup[web]}/docker/$(printf 'd2%.0s' $(seq 32))" "$id-web" "$@"; }
netns_up "$id-inner" "${pod_cgroup[web]}"
wire "$id-inner" 172.17.0.2/24 fd00:17::2/64 "$id-web" 172.17.0.1/24 fd00:17::1/64 docker0
in_cgroup - "$id-inner" ip route add default via 172.17.0.1
set_sysctl "$id-web" net.ipv4.ip_forward=1
in_cgroup - "$id-web" nft -f - <<'NFT' || die "no nft"
table ip inner {
	chain source {
		type nat hook postrouting priority 100;
		ip saddr 172.17.0.0/24 masquerade
	}
}
NFT
neighbours_met "$id-inner" 172.17.0.1
inner() { in_cgroup "${pod_cgroup[web]}/docker/$(printf 'd3%.0s' $(seq 32))" "$id-inner" "$@"; }
host_pod() { in_cgroup "$cg/kubepods.slice/kubepods-pod0a0b0c0d_0000_4000_8000_$1.slice/cri-containerd-$1.scope" "$id-node" "${@:2}"; }
service() { in_cgroup "$cg/system.slice/$1.service" "$id-node" "${@:2}"; }

asks "pod web" 100
for who in "pod web" sidecar below inner; do may "$who" 100; done
for who in "pod other" "host_pod 000000000001" node "service a"; do may_not "$who" 100; done
asks inner 101
for who in "pod web" sidecar below inner; do may "$who" 101; done
may_not node 101

# In the node's namespace: each pod has its own, the services share theirs.
asks "host_pod 000000000001" 102
may "host_pod 000000000001" 102
may_not "host_pod 000000000002" 102
may_not "service a" 102
may_not "pod web" 102
asks "service a" 103
may "service b" 103
may node 103
may_not "host_pod 000000000001" 103
may_not "pod web" 103

# A container that is made anew is the pod's, another pod in its place is not: with an agent and without one.
made_anew() {
	local old=${pod_cgroup[web]}
	asks "pod web" "$1"
	find "$old" -depth -type d -exec rmdir {} + 2>/dev/null
	[ ! -d "$old" ] || failed "the container does not go"
	pod_cgroup[web]=$(pod_of web)/$(sha256sum <<<"$1" | cut -c1-64)
	may "pod web" "$1"
	may inner "$1"
	may_not "pod other" "$1"
}
made_anew 110
stop "$agent" KILL
made_anew 111
find "$(pod_of web)" -depth -type d -exec rmdir {} + 2>/dev/null
may_not "pod web" 111
pod_cgroup[web]=$cg/kubepods/burstable/pod0b0b0b0b-0000-4000-8000-000000000000/c
may_not "pod web" 111
asks "pod web" 112
may "pod web" 112
agent_again
may "pod web" 112
may_not "pod other" 112
finish
