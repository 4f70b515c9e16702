#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A governed cgroup that was removed and made again, under the same path, is governed by the next start.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
policy <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
service=$cg/service
in_service() { in_cgroup "$service" "$id-node" "$@"; }
start_here() {
	agent_start --cgroup "$service"
	denied in_service 51.0.0.1 tcp:443
	passes in_service 20.1.0.1 tcp:443
	passes node 51.0.0.1 tcp:443
	json '.mode == "enforcing" and .attached' "status" egret_cmd status --json
}
anew() {
	rmdir "$service" && mkdir "$service" || die "the cgroup cannot be made anew"
	passes in_service 51.0.0.1 tcp:443
}
mkdir "$service"
start_here
stop "$agent" KILL
anew
start_here

# One hook was taken away by hand: the next start puts it back, and the others go on.
stop "$agent" KILL
bpftool=$(command -v bpftool /usr/sbin/bpftool | head -n 1)
if [ -n "$bpftool" ]; then
	"$bpftool" link detach pinned "/sys/fs/bpf/egret/$instance/link_connect4"
	start_here
	stop "$agent" KILL
fi

# Made anew elsewhere: what governs nothing any more may govern another one.
rmdir "$service"
service=$cg/elsewhere
mkdir "$service"
start_here
succeeds "detach" egret_cmd detach
succeeds "leaves nothing" test ! -e "/sys/fs/bpf/egret/$instance"
passes in_service 51.0.0.1 tcp:443
finish
