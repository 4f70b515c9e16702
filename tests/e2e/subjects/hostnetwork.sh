#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `for hostnetwork`, `for pods not hostnetwork`: pods by the network namespace of their socket. `for pods` is all of them,
# and `for host` none.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up web 11
pod_up proxy 12 # its processes are in the node's namespace here
nat_up </dev/null
policy <<'POLICY'
allow 20.1.0.1  tcp:443 udp:123  for hostnetwork
allow 20.1.0.2  tcp:443 udp:123  for pods not hostnetwork
allow 20.1.0.3  tcp:443 udp:123  for pods
allow 20.1.0.4  tcp:443 udp:123  for host
allow 20.1.0.0/24  tcp:80
deny  20.1.0.5  for hostnetwork
deny  20.1.0.6  for pods not hostnetwork
deny  20.1.0.7  for pods
allow 2603:1000::1:1  tcp:443 for hostnetwork
allow 2603:1000::1:2  tcp:443 for pods not hostnetwork
POLICY
succeeds "check" "$egret" check "$work/policy.rules"
shows "for hostnetwork" "check shows for hostnetwork"
shows "for pods not hostnetwork" "check shows for pods not hostnetwork"
agent_start

hostnetwork() { in_cgroup "${pod_cgroup[proxy]}" "$id-node" "$@"; }
# A service with a network namespace of its own (PrivateNetwork=) is no pod.
private_service() { in_cgroup "$cg/system.slice/private.service" "$id-web" "$@"; }
# A container of a CI pod with docker in it: a namespace inside the pod's, behind it.
netns_up "$id-inner" "${pod_cgroup[web]}"
wire "$id-inner" 172.17.0.2/24 fd00:17::2/64 "$id-web" 172.17.0.1/24 fd00:17::1/64 docker0
in_cgroup - "$id-inner" ip route add default via 172.17.0.1
set_sysctl "$id-web" net.ipv4.ip_forward=1
in_cgroup - "$id-web" nft -f - <<-'NFT' || die "no nft"
	table ip inner {
		chain source {
			type nat hook postrouting priority 100;
			ip saddr 172.17.0.0/24 masquerade
		}
	}
NFT
neighbours_met "$id-inner" 172.17.0.1
docker_in_pod() { in_cgroup "${pod_cgroup[web]}/docker/c1" "$id-inner" "$@"; }

who_may() {
	passes hostnetwork 20.1.0.1 tcp:443 udp:123 send:123
	denied "pod web" 20.1.0.1 tcp:443 udp:123 send:123
	denied docker_in_pod 20.1.0.1 tcp:443 send:123
	denied node 20.1.0.1 tcp:443 send:123
	denied private_service 20.1.0.1 tcp:443

	denied hostnetwork 20.1.0.2 tcp:443 udp:123 send:123
	passes "pod web" 20.1.0.2 tcp:443 udp:123 send:123
	passes docker_in_pod 20.1.0.2 tcp:443 send:123
	denied node 20.1.0.2 tcp:443
	denied private_service 20.1.0.2 tcp:443

	for who in hostnetwork "pod web" docker_in_pod; do
		passes "$who" 20.1.0.3 tcp:443 send:123
		denied "$who" 20.1.0.4 tcp:443 send:123
		denied "$who" 20.1.0.7 tcp:80
	done
	for who in node private_service; do
		denied "$who" 20.1.0.3 tcp:443
		passes "$who" 20.1.0.4 tcp:443 send:123
		passes "$who" 20.1.0.5 tcp:80
		passes "$who" 20.1.0.6 tcp:80
		passes "$who" 20.1.0.7 tcp:80
	done
	denied hostnetwork 20.1.0.5 tcp:80
	passes "pod web" 20.1.0.5 tcp:80
	passes hostnetwork 20.1.0.6 tcp:80
	denied "pod web" 20.1.0.6 tcp:80
	denied docker_in_pod 20.1.0.6 tcp:80
	passes hostnetwork 2603:1000::1:1 tcp:443
	denied hostnetwork 2603:1000::1:2 tcp:443
	denied "pod web" 2603:1000::1:1 tcp:443
	passes "pod web" 2603:1000::1:2 tcp:443
}
who_may

# Whose namespace a process is in at the moment says nothing: it is the socket's that counts. This process of the pod has
# a socket of its own namespace, and then goes to the node's.
goes_to_node() {
	in_cgroup "${pod_cgroup[web]}" "$id-web" python3 - "$1" "/run/netns/$id-node" <<-'PY'
		import ctypes, errno, os, socket, sys
		own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		fd = os.open(sys.argv[2], os.O_RDONLY)
		if ctypes.CDLL(None, use_errno=True).setns(fd, 0x40000000):
		    sys.exit("setns")
		late = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		def send(s):
		    try:
		        s.sendto(b"x", (sys.argv[1], 123))
		        return "sent"
		    except OSError as e:
		        return errno.errorcode[e.errno]
		print(send(own) + "," + send(late))
	PY
}
expect EPERM,sent "a socket of the node's namespace is hostnetwork's, one of the pod's is not" goes_to_node 20.1.0.1
expect sent,EPERM "and the other way round" goes_to_node 20.1.0.2

# No agent is needed for it, nor has a pod to be there before.
stop "$agent" KILL
pod_up late 13
pod_cgroup[latehost]=$cg/kubepods.slice/kubepods-pod0a1b2c3d_0000_4000_8000_000000000001.slice/cri-containerd-1.scope
late_host() { in_cgroup "${pod_cgroup[latehost]}" "$id-node" "$@"; }
passes "pod late" 20.1.0.2 tcp:443 send:123
denied "pod late" 20.1.0.1 tcp:443 send:123
passes late_host 20.1.0.1 tcp:443 send:123
denied late_host 20.1.0.2 tcp:443 send:123
who_may
agent_again
who_may
passes late_host 20.1.0.1 tcp:443
denied "pod late" 20.1.0.1 tcp:443
finish
