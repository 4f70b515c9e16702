#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `for cgroup` of a path that is no cgroup: a `deny` that holds for nobody. The log says so when the policy comes to rule,
# `status` for as long as it is so; and since it may be a service that is stopped, `status` is content all the same.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
mkdir -p "$cg/system.slice/app.service"
govern <<POLICY
resolver 20.0.0.53
allow 51.0.0.0/8 tcp:443
deny  51.0.0.1   for cgroup /$id/system.slice/ap.service
deny  51.0.0.2   for cgroup /$id/system.slice/ap.service
deny  51.0.0.3   for cgroup /$id/system.slice/app.service
POLICY

shows_absent() { egret_cmd status | grep -q "^absent .*$1"; }
hides_absent() { ! egret_cmd status | grep -q ^absent; }

succeeds "status is content" eventually egret_cmd status
succeeds "status names the path" eventually shows_absent "/$id/system.slice/ap.service"
json ".absent_cgroups == [\"/$id/system.slice/ap.service\"] and .absent_cgroups_count == 1" \
	"JSON has it once, and not the one that is there" egret_cmd status --json
succeeds "so does the log, with file and line" \
	grep -q "policy.rules:3: there is no cgroup /$id/system.slice/ap.service" "$work/agent.log"
fails 1 "once" grep -q "policy.rules:[45]: there is no cgroup" "$work/agent.log"

# The service begins. The agent looks every ten seconds.
mkdir -p "$cg/system.slice/ap.service"
within_two_looks() { eventually "$@" || eventually "$@"; }
succeeds "nothing is told once it is there" within_two_looks hides_absent
json ".absent_cgroups == []" "nor in JSON" egret_cmd status --json

# Another policy: looked for at once.
policy <<POLICY
resolver 20.0.0.53
allow 51.0.0.0/8 tcp:443 for cgroup /$id/later
POLICY
succeeds "another policy's path" eventually shows_absent "/$id/later"
finish
