#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `status` lists the cgroups below which pods are, in each shape that kubelets make; and has a PROBLEM where a kubelet
# runs without one, since its pods would be the host.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
govern <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443 for host
POLICY

trees_are() {
	local wanted
	wanted=$(for tree; do echo "/$id/$tree"; done | jq -Rn '[inputs | select(. != "/'"$id"'/")] | sort')
	[ "$(egret_cmd status --json | jq -c '.subjects.kubepods | sort')" = "$(jq -c . <<<"$wanted")" ]
}
kubelet_is_a_problem() { egret_cmd status --json | jq -e '[.problems[].kind] == ["kubepods"]'; }

succeeds "no tree is there, and no kubelet" trees_are ""
succeeds "which is no problem" egret_cmd status
lacks '^pods' "and no line"

# A service of that name, and a process.
mkdir -p "$cg/system.slice/kubelet.service"
fails 1 "a kubelet.service without a tree: status is not content" egret_cmd status
shows "^PROBLEM +a kubelet runs \(/$id/system.slice/kubelet.service\), and below" "a PROBLEM says which"
succeeds "the same in JSON" kubelet_is_a_problem
succeeds "it keeps no probe from being ready" egret_cmd status --ready
rmdir "$cg/system.slice/kubelet.service"
succeeds "it has ended" egret_cmd status
cp "$(command -v sleep)" "$work/kubelet"
start "$work/kubelet.log" "$cg/k3s.slice" - "$work/kubelet" 600
succeeds "a process called kubelet, with no service of that name" eventually kubelet_is_a_problem

pod=podaaaaaaaa-0000-4000-8000-000000000001
made() { mkdir -p "$cg/$1"; }
made "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-${pod//-/_}.slice/cri-containerd-1.scope"
succeeds "with a tree its pods are pods" egret_cmd status
shows "^pods +below /$id/kubepods.slice$" "which is told"
made "kubepods/besteffort/$pod/1/n/n/n/n/n/n/n/n"
made "kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-${pod//-/_}.slice/x.scope"
made "system.slice/docker-1.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-${pod//-/_}.slice/x.scope"
made "a.slice/a-b.slice/kubepods/$pod"
made "system.slice/containerd.service/kubepods-burstable-${pod//-/_}.slice:cri-containerd:1"
made "system.slice/containerd.service/kubepods-burstable-${pod//-/_}.slice:cri-containerd:2"
# None of a kubelet's.
made "system.slice/evil.service/kubepods/$pod"
made "kubepodsx/$pod"
succeeds "each shape is found once, however deep, and no lookalike" trees_are kubepods.slice kubepods \
	kubelet.slice/kubelet-kubepods.slice system.slice/docker-1.scope/kubelet.slice/kubelet-kubepods.slice \
	a.slice/a-b.slice/kubepods 'system.slice/containerd.service/kubepods*'
succeeds "status" egret_cmd status
shows "^(pods +below | +)/$id/a.slice/a-b.slice/kubepods$" "one line each"
finish
