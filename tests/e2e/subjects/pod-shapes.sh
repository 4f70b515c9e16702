#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Which cgroups are pods: the shapes of kubelets, of nodes inside containers, and of what only looks like one. Each is
# judged by the first packet of a process in a cgroup that was just made, while no agent runs, and when it lives; and the
# agent that finds them there later says the same.
. "$(dirname "$0")/../lib.sh"
needs_egret
internet_ports="tcp:9000 udp:9000"
newborn=$root/build/tests/newborn
[ -x "$newborn" ] || make -s -C "$root" build/tests/newborn >&2 || die "tests/subjects does not build"
bed_up
govern <<'POLICY'
allow 20.1.0.1 tcp:9000 udp:9000 for host
allow 20.1.0.2 tcp:9000 udp:9000 for pods
allow 20.1.0.3 tcp:9000 udp:9000
deny  20.1.0.3 for pods
allow 20.1.0.4 tcp:9000 udp:9000
deny  20.1.0.4 for host
POLICY

# born PATH: how many packets of a process that is born there pass, to each of the four.
born() {
	in_cgroup - "$id-node" nice -n -15 "$newborn" ${keep:+"$keep"} "$cg/$1" 1 20.1.0.1 9000 20.1.0.2 9000 20.1.0.3 9000 \
		20.1.0.4 9000 | awk '/sent/ { printf "%s-", $3 }'
}

# is KIND WHAT PATH
is() {
	local passes=2-0-2-0-
	[ "$1" = host ] || passes=0-2-0-2-
	expect "$passes" "$when: $2: $1" born "$3"
}

uid=3f7a0c11-58d2-4e0b-9a6e-0b1d9c7e2f40
under=3f7a0c11_58d2_4e0b_9a6e_0b1d9c7e2f40
hash=$(printf 'b7%.0s' $(seq 32))
static=2b9e4d8f6a7c41d0835fe1a2b3c4d5e6 # the kubelet calls a static pod by a hash of its file
deep=$(printf 'd/%.0s' $(seq 24))

all_shapes() {
	when=$1
	is pod "cgroupfs, guaranteed" "$2/kubepods/pod$uid/$hash"
	is pod "cgroupfs, best effort" "$2/kubepods/besteffort/pod$uid/$hash"
	is pod "systemd, CRI-O" "$2/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod$under.slice/crio-$hash.scope/container"
	is pod "systemd, a static pod" "$2/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod$static.slice/cri-containerd-$hash.scope"
	is pod "a pod's cgroup, without a container" "$2/kubepods.slice/kubepods-pod$under.slice"
	is pod "the tree itself" "$2/tree/kubepods.slice"
	is pod "kind with docker and systemd" "$2/system.slice/docker-$hash.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod$under.slice/cri-containerd-$hash.scope"
	is pod "kind with docker and cgroupfs" "$2/docker/$hash/kubelet/kubepods/burstable/pod$uid/$hash"
	is pod "k3s in docker" "$2/docker/$hash/kubepods/besteffort/pod$uid/$hash"
	is pod "kind with podman, not root" "$2/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-$hash.scope/container/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod$under.slice/cri-containerd-$hash.scope"
	is pod "containerd's driver is not the kubelet's" "$2/system.slice/containerd.service/kubepods-besteffort-pod$under.slice:cri-containerd:$hash"
	is pod "a kubelet's own root" "$2/team.slice/team-kubepods.slice/team-kubepods-pod$under.slice/cri-containerd-$hash.scope"
	is pod "docker in a pod" "$2/kubepods/burstable/pod$uid/$hash/docker/$hash"
	is pod "far below its container" "$2/kubepods/burstable/pod$uid/$hash/${deep}x"
	is pod "a service that systemd in a pod starts" "$2/kubepods/burstable/pod$uid/$hash/system.slice/sshd.service"
	is pod "kubepods in kubepods" "$2/kubepods.slice/kubepods-pod$under.slice/cri-containerd-$hash.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod$under.slice/x.scope"
	is host "a service" "$2/system.slice/kubelet.service"
	is host "a service that is called so" "$2/system.slice/kubepods-exporter.service"
	is host "a user's" "$2/user.slice/user-1000.slice/user@1000.service/app.slice/kubepods/pod$uid"
	is host "a folder of a service" "$2/system.slice/ci@7.service/kubepods.slice/kubepods-pod$under.slice"
	is host "a part of a word" "$2/mykubepods.slice/pod$uid"
	is host "another word" "$2/kubepodsaurus/pod$uid"
	is host "other case" "$2/KubePods/pod$uid"
	is host "a pod without a tree" "$2/machine.slice/pod$uid/$hash"
	is host "docker's" "$2/system.slice/docker-$hash.scope/init.scope"
}

all_shapes alive a
stop "$agent" KILL
all_shapes dead b
keep=-k all_shapes "dead, kept" c
agent_again
keep=-s all_shapes "found by the next agent" c
finish
