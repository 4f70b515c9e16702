#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The programs at devices outlive their agent, the next one takes them over where they stand, also from another version
# and from pins that others may have written to, and `egret detach` takes away ours alone. Meanwhile a pod sends frames
# without end, of which none may leave, and what the policy allows goes on.
. "$(dirname "$0")/../lib.sh"
needs_egret
bpftool=$(command -v bpftool /usr/sbin/bpftool | head -n 1)
[ -n "$bpftool" ] || skip "no bpftool"
command -v python3 >/dev/null || skip "no python3"
bed_up
pod_up web 2
nat_up </dev/null
internet ip route add 10.244.0.0/24 via 10.224.0.4
start "$work/server.log" "${pod_cgroup[web]}" "$id-web" "$probe" serve tcp:8080 udp:8080
policy <<'POLICY'
set layers = enforce
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
allow 20.2.0.1 udp:9000
POLICY
pins=/sys/fs/bpf/egret/$instance

# frame.py OWN-MAC ROUTER-MAC once|always: a frame from a packet socket, which the hook of the cgroup does not see: UDP to 51.0.0.1, port 9000.
cat >"$work/frame.py" <<'PYTHON'
import socket, struct, sys, time
mac = lambda text: bytes.fromhex(text.replace(":", ""))
own, router = mac(sys.argv[1]), mac(sys.argv[2])
ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 32, 0, 0, 64, 17, 0, socket.inet_aton("10.244.0.2"), socket.inet_aton("51.0.0.1"))
words = sum(struct.unpack("!10H", ip))
words = (words >> 16) + (words & 0xffff)
ip = ip[:10] + struct.pack("!H", ~(words + (words >> 16)) & 0xffff) + ip[12:]
frame = router + own + b"\x08\x00" + ip + struct.pack("!HHHH", 9000, 9000, 12, 0) + b"Hey\n"
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(("eth0", 0))
while True:
    out.send(frame)
    if sys.argv[3] == "once":
        break
    time.sleep(0.002)
PYTHON
mac_of() { in_cgroup - "$1" ip -j link show "$2" | jq -r '.[0].address'; }
frames=(python3 "$work/frame.py" "$(mac_of "$id-web" eth0)" "$(mac_of "$id-node" veth-web)")
pod web "${frames[@]}" once
eventually logged "$work/internet.log" '51\.0\.0\.1' && passed "without a policy a frame gets out" || failed "no frame gets out"
ungoverned tc qdisc add dev veth-web clsact
ungoverned tc filter add dev veth-web ingress prio 1 u32 match u32 0 0 flowid 1:1
agent_start
stands() { json '[.layers[] | select(.layer != "hook") | .standing] == ["stands", "stands", "stands"]' "$1: all layers are proved" egret_cmd status --json; }
stands "at the start"
: >"$work/internet.log"
start "$work/frames.log" "${pod_cgroup[web]}" "$id-web" "${frames[@]}" always
hold_open live "${pod_cgroup[web]}" "$id-web" 20.1.0.1 443

pin() { echo "$pins/tcx_$(ungoverned ip -o link show dev "$1" | cut -d: -f1)_$2"; }
# what FIELD: of the links at the pod's device and at the uplink.
what() {
	for path in "$(pin veth-web in)" "$(pin eth0 out)"; do "$bpftool" -j link show pinned "$path" | jq -r ".$1"; done | paste -sd ' '
}
[ "$(find "$pins" -name 'tcx_*' | wc -l)" = 2 ] || skip "this kernel has no links for devices"

all_goes_on() {
	passes "pod web" 20.1.0.1 tcp:443
	passes "pod web" 20.2.0.1 udp:9000
	denied "pod web" 51.0.0.1 tcp:443
	expect ok "$1: the live connection goes on" hold_say live
	expect answered "$1: the pod serves" internet "$probe" tcp-echo 10.244.0.2 8080
	nothing_arrived '51\.0\.0\.1'
}

# taken_over WHAT: by another program at the same links.
taken_over() {
	local links=$2 programs=$3
	[ "$(what id)" = "$links" ] && passed "$1: the links are the same" || failed "$1: links $(what id), not $links"
	[ "$(what prog_id)" != "$programs" ] && passed "$1: the programs are new" || failed "$1: the programs are still $programs"
	stands "$1"
	all_goes_on "$1"
	succeeds "$1: nothing of it is left" bash -c "! ls '$pins' | grep -E '^next_|foreign'"
}

links=$(what id)
programs=$(what prog_id)
stop "$agent" KILL
all_goes_on "without an agent"
[ "$(what id) $(what prog_id)" = "$links $programs" ] && passed "nothing changed without an agent" || failed "what stood has changed"
agent_again
taken_over "another agent" "$links" "$programs"

programs=$(what prog_id)
stop "$agent" KILL
rm "$pins/map_meta"
"$bpftool" map create "$pins/map_meta" type array key 4 value 512 entries 1 name meta
agent_again
taken_over "another version" "$links" "$programs"

programs=$(what prog_id)
stop "$agent" KILL
chown 65534 "$(pin veth-web in)"
agent_again
taken_over "a pin of somebody else's" "$links" "$programs"
expect 0 "the pin is root's" stat -c %u "$(pin veth-web in)"

# What stands of others stays.
succeeds "detach" egret_cmd detach
[ -e "$pins" ] && failed "pins are left: $(ls "$pins")" || passed "no pin is left"
expect filter "somebody else's filter stays" ungoverned tc filter show dev veth-web ingress
pod web "${frames[@]}" once
eventually logged "$work/internet.log" '51\.0\.0\.1' && passed "and frames get out again" || failed "no frame gets out"
finish
