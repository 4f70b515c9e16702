#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The answer to a datagram that audit let through makes nothing inbound: each one that follows would be
# denied, too, and is denied when the policy is enforced.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
settled() { [ "$(egret_cmd status --json | jq -r .mode)" = "$1" ]; }
would_deny() { egret_cmd status --json | jq .packets.would_deny_total; }
cat >"$work/talk.py" <<'PY'
import socket, sys
sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
sockets[1].connect(("51.0.0.1", 9000))
for line in sys.stdin:
    for s in sockets:
        s.settimeout(2)
        try:
            s.send(b"x") if s is sockets[1] else s.sendto(b"x", ("51.0.0.1", 9000))
            print("answered" if s.recv(9) else "nothing", flush=True)
        except OSError as e:
            print(e.strerror or e, flush=True)
PY
mkfifo "$work/in"
"$enter" "$cg/system.slice/app.service" "$id-node" /usr/bin/python3 "$work/talk.py" <"$work/in" >"$work/said" 2>&1 &
pids+=($!)
exec 9>"$work/in"
lines() { [ "$(wc -l <"$work/said")" -ge "$1" ]; }
talk() { # talk LINES: both sockets send; so many lines are there then
	echo >&9
	eventually lines "$1"
}

policy <<'POLICY'
set mode = audit
resolver 20.0.0.53
POLICY
agent_start
for n in 2 4 6 8; do talk $n; done
expect 8 "audit lets all of it through" grep -c answered "$work/said"
expect 8 "and counts each as what would be denied" would_deny
sed -i 1d "$work/policy.rules"
eventually settled enforcing || die "it does not enforce"
talk 10
expect 2 "enforced, the same sockets get no further" bash -c "tail -n 2 '$work/said' | grep -c 'not permitted'"

# What came in is answered, whatever the mode was then.
sed -i '1i set mode = audit' "$work/policy.rules"
eventually settled auditing || die "it does not audit"
start "$work/server.log" "$cg/system.slice/app.service" "$id-node" "$probe" serve udp:8080
eventually logged "$work/server.log" ^ready
expect answered "a datagram that comes in" internet "$probe" -b 20.7.7.7 -p 7777 udp-send 10.224.0.4 8080
expect 8 "is no matter of audit" would_deny
finish
