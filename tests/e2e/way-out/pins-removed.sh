#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Whoever removes the pins under an agent that lives has opened nothing: status says so, and detach opens.
# The agent's own program does it, too, from a shell that has no Egret: through the agent's mounts.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pins=/sys/fs/bpf/egret/$instance

govern <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
rm -r "$pins"
denied node 51.0.0.1 tcp:443
status_tells() { egret_cmd status | grep -q '^PROBLEM .*pins are gone.*egret detach'; }
succeeds "status tells that the pins are gone" eventually status_tells
fails 1 "and is not content" egret_cmd status
shows '^instance .*: without pins' "it does not say that the agent is starting"
lacks 'nothing is governed' "and not that nothing is governed"
json '.attached and (.ready | not) and .live' "status --json" egret_cmd status --json
fails 1 "not ready" egret_cmd status --ready
succeeds "detach" egret_cmd detach
is_open() { [[ $(try node 51.0.0.1 tcp:443) == connected* ]]; }
succeeds "it opens" eventually is_open
fails 1 "status" egret_cmd status
shows 'opened by' "who opened it"
succeeds "attach" egret_cmd attach
is_pinned() { [ -e "$pins/link_egress" ]; }
succeeds "the pins are there again" eventually is_pinned
denied node 51.0.0.1 tcp:443
eventually egret_cmd status --ready
succeeds "and status is content" egret_cmd status

# As on a node without the program, from outside of the agent's mounts.
from_outside() { unshare --mount sh -c 'umount -l /sys/fs/bpf; exec "$@"' - "$@"; }
succeeds "detach, through the agent's mounts" from_outside \
	nsenter -m -t "$agent" "$egret" detach --instance "$instance" --state "$EGRET_STATE"
passes node 51.0.0.1 tcp:443
for view in drops rules learned "explain 51.0.0.1 tcp:443"; do
	# shellcheck disable=SC2086
	fails 4 "$view of an open instance" egret_cmd $view
	shows 'egret status' "$view points at status"
done
finish
