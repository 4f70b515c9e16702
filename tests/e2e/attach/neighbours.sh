#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Other programs at the same cgroup: each is asked, and what one of them drops is dropped.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
govern <<'POLICY'
allow 20.1.0.1,20.1.0.2 tcp:443
POLICY
second=b$$
policy "$work/second.rules" <<'POLICY'
allow 20.1.0.1,20.1.0.3 tcp:443
POLICY
start "$work/second.log" - "$id-node" "$egret" run --policy "$work/second.rules" --cgroup "$cg" --instance "$second"
other=$started
eventually logged "$work/second.log" enforcing: || die "no second one: $(cat "$work/second.log")"

passes node 20.1.0.1 tcp:443
denied node 20.1.0.2 tcp:443
denied node 20.1.0.3 tcp:443
json 'any(.[]; .address == "20.1.0.3")' "the first one counted what it denied" egret_cmd drops --json
json 'any(.[]; .address == "20.1.0.2")' "and so did the second" "$egret" drops --instance "$second" --json

# One goes, and the other stands.
stop "$other"
succeeds "the second one is taken down" "$egret" detach --instance "$second"
passes node 20.1.0.2 tcp:443
denied node 20.1.0.3 tcp:443
finish
