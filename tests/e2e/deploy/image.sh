#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The image as the DaemonSet runs it: privileged, in the node's network, with the
# cgroups and the BPF file system of the host, its policy from a folder. It governs
# a container in a cgroup of the kubelet's shape and a network namespace of its own.
. "$(dirname "$0")/../lib.sh"
needs_egret
for tool in buildah podman runc yq; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done
[ -x "$root/build/egret-static" ] || make -s -C "$root" static || die "no static binary"
manifest=$root/deploy/daemonset.yaml

# Storage of the test's own, so that it meets nobody else's images and leaves none.
cat >"$work/storage.conf" <<-CONF
	[storage]
	driver = "vfs"
	graphroot = "$work/storage"
	runroot = "$work/run"
CONF
cat >"$work/containers.conf" <<-CONF
	[engine]
	tmp_dir = "$work/libpod"
	cgroup_manager = "cgroupfs"
	runtime = "runc"
	events_logger = "none"
CONF
export CONTAINERS_STORAGE_CONF=$work/storage.conf CONTAINERS_CONF=$work/containers.conf
mount -t tmpfs shm /dev/shm # podman's lock file

bed_up
pod_up shop 11
internet ip route add 10.244.0.0/16 via 10.224.0.4
# deploy/manifests has it that this is what `make image` makes.
image=$(sed -n 's/^ *image: //p' "$manifest" | head -n 1)
succeeds "the image is built" "$root/deploy/image/build" "$image"
mkdir "$work/client"
gcc -static -O2 -std=gnu11 -D_GNU_SOURCE -o "$work/client/probe" "$root"/tests/tools/probe*.c 2>"$work/gcc.log" ||
	die "no static client: $(cat "$work/gcc.log")"
printf 'FROM scratch\nCOPY probe /probe\nENTRYPOINT ["/probe"]\n' >"$work/client/Containerfile"
buildah bud --quiet --isolation chroot --tag client "$work/client" >"$work/client.log" 2>&1 ||
	die "no client image: $(cat "$work/client.log")"
expect "$image" "the image has the name that the DaemonSet asks for" \
	buildah images --format '{{.Name}}:{{.Tag}}' "$image"

# root has no CAP_SYS_RESOURCE everywhere that this runs.
run_container() {
	podman run --rm --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --pids-limit=0 --log-driver=k8s-file "$@"
}

mkdir "$work/config"
mkdir -m 0700 "$work/state"
policy "$work/config/policy.rules" <<'POLICY'
set location = eastus
resolver 20.0.0.53
use aks/public
allow 20.1.0.1       https:443
allow 169.254.169.254 tcp:80 for host
POLICY
# What the manifest's env and volumeMounts say.
grep -qE 'mountPath: /etc/egret$' "$manifest" && passed "the manifest mounts the policy" || failed "no policy in the manifest"
run_container --name egret --privileged --network "ns:/run/netns/$id-node" --cgroup-parent "/$id/kubepods/podagent" \
	-v "$work/config:/etc/egret:ro" -v /sys/fs/cgroup:/sys/fs/cgroup -v /sys/fs/bpf:/sys/fs/bpf \
	-v /var/log/pods:/var/log/pods:ro -v "$work/state:/var/lib/egret" -e EGRET_POLICY=/etc/egret/policy.rules -e "EGRET_INSTANCE=$instance" \
	"$image" run --cgroup "/$id" >"$work/agent.log" 2>&1 </dev/null &
agent=$!
pids+=("$agent")
eventually agent_settled || die "the agent is not ready: $(cat "$work/agent.log")"
agent_alive || die "the agent ended: $(cat "$work/agent.log")"

in_container() {
	run_container --network "ns:/run/netns/$id-shop" --cgroup-parent "/$id/kubepods/besteffort/pod$uid" \
		localhost/client "$@"
}
uid=5f3a1c2e-0000-4000-8000-000000000090
expect connected "an allowed connect from a container" in_container tcp 20.1.0.1 443
expect EPERM "a denied connect from a container" in_container tcp 51.0.0.1 443
expect EPERM "a denied datagram from a container" in_container udp-send 51.0.0.1 123
expect EPERM "the metadata service is not for pods" in_container tcp 169.254.169.254 80
passes node 169.254.169.254 tcp:80
nothing_arrived ' 51\.'
succeeds "drops answers in the agent's container" podman exec egret /egret drops -o wide
shows "51\.0\.0\.1 .*tcp:443.*$uid" "drops knows the pod"
json 'map(select(.address == "51.0.0.1" and .kernel_reason == "no-rule")) | length >= 1' "drops --json" \
	podman exec egret /egret drops --json
succeeds "status answers in the agent's container" podman exec egret /egret status
shows enforcing "it enforces"
probe_words=$(yq -r 'select(.kind == "DaemonSet").spec.template.spec.containers[].readinessProbe.exec.command | join(" ")' "$manifest")
# shellcheck disable=SC2086
succeeds "the DaemonSet's readiness probe" podman exec egret $probe_words

# The end of the container opens nothing; another one takes over or opens.
podman kill --signal KILL egret >/dev/null 2>&1
wait "$agent" 2>/dev/null
expect EPERM "still denied without the agent" in_container tcp 51.0.0.1 443
# deploy/uninstall.yaml: first what opens, then what waits, since a DaemonSet cannot end.
uninstall() {
	run_container "$@" --privileged --network "ns:/run/netns/$id-node" --cgroup-parent "/$id/kubepods/poduninstall" \
		-v /sys/fs/cgroup:/sys/fs/cgroup -v /sys/fs/bpf:/sys/fs/bpf -v "$work/state:/var/lib/egret" "$image" "${words[@]}"
}
words_of() {
	mapfile -t words < <(yq -r "select(.kind == \"DaemonSet\").spec.template.spec.$1[0].args[]" "$root/deploy/uninstall.yaml")
}
words_of initContainers
succeeds "uninstall.yaml: its init container opens the node, and ends" uninstall
expect connected "open again" in_container tcp 51.0.0.1 443
succeeds "nothing is left of it" test -z "$(find /sys/fs/bpf/egret "$work/state" -mindepth 1 2>/dev/null)"
succeeds "once more, where nothing is left" uninstall
words_of containers
uninstall --name done >"$work/done.log" 2>&1 </dev/null &
waits=$!
eventually logged "$work/done.log" 'nothing of Egret is left' || failed "no word of it: $(cat "$work/done.log")"
succeeds "its container then waits, and ends when it is told to" podman stop --time 60 done
wait $waits
expect 0 "with exit code 0" echo $?
finish
