#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# At which devices of a node the layers look: at what is there, at what comes and goes while the agent lives, is dead or
# comes back, and whatever others do at the same devices.
source "$(dirname "$0")/../lib.sh"
needs_egret
bpftool=$(command -v bpftool /usr/sbin/bpftool | head -n 1)
[ -n "$bpftool" ] || skip "no bpftool"
bed_up
pod_up web 2
pins=/sys/fs/bpf/egret/$instance

# --- words ---

# The bits of include/egret_device.h, in their order.
words=(leads-in uplink looked lower no-mac has-peer above tunnel own-sources joins)

# flags NAME: what the map says of the node's device; "none" = nothing.
flags() {
	local value bit text=
	value=$("$bpftool" -j map dump pinned "$pins/map_devices" 2>/dev/null |
		jq -r --arg name "$1" '[.[].formatted.value | select(.name == $name) | .flags][0] // 0')
	for bit in "${!words[@]}"; do
		[ $((value >> bit & 1)) = 0 ] || text+=+${words[bit]}
	done
	text=${text#+}
	echo "${text:-none}"
}

# sides NAME: where programs stand, "in", "out" or "none".
sides() {
	local text=
	local number
	number=$(number "$1")
	[ ! -e "$pins/tcx_${number}_in" ] || text+=+in
	[ ! -e "$pins/tcx_${number}_out" ] || text+=+out
	text=${text#+}
	echo "${text:-none}"
}

number() {
	ungoverned ip -o link show dev "$1" | cut -d: -f1
}

is_so() {
	[ "$(flags "$1") $(sides "$1")" = "$2 $3" ]
}

# device NAME FLAGS SIDES WHAT: it is so, soon.
device() {
	if eventually is_so "$1" "$2" "$3"; then
		passed "$4: $1 is $2, looked at: $3"
	else
		failed "$4: $1 is $(flags "$1"), not $2; looked at: $(sides "$1"), not $3"
	fi
}

# left_over: numbers of pins and entries that no device of the node has.
left_over() {
	{
		find "$pins" -name 'tcx_*' | sed 's/.*tcx_\([0-9]*\)_.*/\1/'
		"$bpftool" -j map dump pinned "$pins/map_devices" | jq -r '.[].formatted.key'
	} | sort -u | grep -vxF "$(ungoverned ip -o link | cut -d: -f1)"
}

is_clean() {
	[ -z "$(left_over)" ]
}

nothing_left() {
	if eventually is_clean; then
		passed "$1: nothing is left of devices that are gone"
	else
		failed "$1: something is left of $(left_over | tr '\n' ' ')"
	fi
}

# veth NAME: one end in the node, the other in a namespace of somebody.
ungoverned ip netns add "$id-somebody"
veth() {
	ungoverned ip link add "$1" type veth peer name "$1" netns "$id-somebody"
}

pod="leads-in+looked+has-peer+own-sources"

# --- what is there ---

policy <<-POLICY
	set layers = enforce
	allow 20.0.0.0/8 any
POLICY
veth before
agent_start
device eth0 uplink out "the device of the default route, though it is a veth"
device veth-web $pod in "a pod's"
device before $pod in "one that is still down"
device lo none none "what leads nowhere"

# --- what comes and goes ---

veth after
device after $pod in "one that comes, and is down"
ungoverned ip link set after name renamed
device renamed $pod in "one that has another name by now"
ungoverned ip link del renamed
nothing_left "a device went"

ungoverned ip link add host0 type veth peer name host1
sleep 0.3
device host0 none none "a pair of the node's own"
ungoverned ip link set host1 netns "$id-somebody"
device host0 $pod in "once its other end went into a namespace"

ungoverned ip link add br0 type bridge
ungoverned ip link set br0 up
veth port1
ungoverned ip link set port1 master br0
device br0 looked+joins none "a bridge all of whose ports are looked at"
device port1 leads-in+looked+has-peer in "a port of a bridge that the node has no address on"
ungoverned ip addr add 10.98.0.1/24 dev br0
device port1 $pod in "once it has one"
ungoverned ip addr del 10.98.0.1/24 dev br0
device port1 leads-in+looked+has-peer in "once it has none any more"
ungoverned ip link add here1 type veth peer name here2
ungoverned ip link set here1 master br0
device br0 joins none "a bridge with a port that is not"
ungoverned ip link set here1 nomaster
device br0 looked+joins none "a bridge without that port"

ungoverned ip tuntap add tap0 mode tap
device tap0 leads-in+looked+own-sources in "a tap"
ungoverned ip tuntap add tun0 mode tun
device tun0 leads-in+looked+no-mac+own-sources in "a tun"
if ungoverned ip link add vx0 type vxlan id 5 dstport 4790 dev eth0; then
	device vx0 none none "a tunnel that is down"
	ungoverned ip link set vx0 up
	device vx0 uplink+tunnel out "a tunnel that is up"
fi
if ungoverned ip link add mac0 link eth0 type macvlan; then
	device mac0 uplink+above none "a macvlan, by whose parent all leaves"
fi

ungoverned ip addr add 10.99.0.1/24 dev before
ungoverned ip link set before up
in_cgroup - "$id-somebody" ip link set before up
ungoverned ip route add default via 10.99.0.2 metric 50 table 77
device before uplink out "what a default route leads over, of any table"
ungoverned ip route del default table 77
device before $pod in "once it does not any more"
ungoverned ip route add 0.0.0.0/1 via 10.99.0.2
device before uplink out "what half of a default route leads over"
ungoverned ip link set before down
device before $pod in "once it is down, and with it its route"

# --- others at the same devices ---

programs() {
	"$bpftool" -j link show pinned "$pins/tcx_$(number veth-web)_in" | jq .prog_id
}
ours=$(programs)
ungoverned tc qdisc add dev veth-web clsact
ungoverned tc filter add dev veth-web ingress prio 1 matchall action pass
ungoverned tc qdisc replace dev veth-web clsact
ungoverned tc qdisc del dev veth-web clsact
ungoverned tc qdisc add dev veth-web ingress
device veth-web $pod in "whatever a CNI does to its qdiscs"
[ "$(programs)" = "$ours" ] && passed "the same program stands there" || failed "another program stands there"

# --- the agent goes and comes ---

stop "$agent" KILL
device veth-web $pod in "without an agent"
veth orphan
ungoverned ip link del port1
agent_again
device orphan $pod in "one that came while no agent lived"
device veth-web $pod in "one that was there before"
device br0 none none "a bridge without ports"
nothing_left "an agent came back"

# --- the policy ---

policy <<-POLICY
	set layers = off
	allow 20.0.0.0/8 any
POLICY
kill -HUP "$agent"
device veth-web none none "layers that are off"
device eth0 none none "layers that are off"
[ -z "$(find "$pins" -name 'tcx_*')" ] && passed "no program is left" || failed "$(find "$pins" -name 'tcx_*')"
policy <<-POLICY
	set layers = audit
	set overlay = vx* flannel.1
	allow 20.0.0.0/8 any
POLICY
kill -HUP "$agent"
device veth-web $pod in "layers that only count"
device eth0 uplink out "layers that only count"
succeeds "status says which overlay is not there" logged "$work/agent.log" 'set overlay.*flannel\.1'
if ungoverned ip link show vx0 >/dev/null 2>&1; then
	overlay() {
		"$bpftool" -j map dump pinned "$pins/map_overlays" |
			jq -r '.[].formatted.key | "\(.l4_proto) \(.port) \(.of_near_port)"'
	}
	expect 17 "the outer packets of vxlan are known" overlay
fi

# --- many ---

many=60
for i in $(seq $many); do veth "many$i"; done
all_looked_at() {
	[ "$(find "$pins" -name 'tcx_*_in' | wc -l)" = "$1" ]
}
before=$(ungoverned ip -o link | grep -c 'many')
[ "$before" = $many ] || failed "only $before devices were made"
if eventually is_so many$many $pod in; then
	passed "$many devices that come at once are looked at"
else
	failed "many$many is $(flags many$many)"
fi
kill -STOP "$agent"
ungoverned ip netns del "$id-somebody"
ungoverned ip netns add "$id-somebody"
veth last
kill -CONT "$agent"
device last $pod in "one that came while the agent could not listen"
nothing_left "$many devices went at once"

succeeds "taken down" "$egret" detach --instance "$instance"
[ -e "$pins" ] && failed "pins are left: $(ls "$pins")" || passed "no pin is left"
finish
