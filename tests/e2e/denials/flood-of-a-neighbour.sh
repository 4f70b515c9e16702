#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A pod that is denied at thousands of destinations pushes out rows of its own only: its neighbours keep theirs, its own
# newest ones are there, and what made room is told as "other destinations". Nothing of the totals is lost. Nor do names
# without end, of each of which the agent must ask whose alias it is, keep it from asking about a neighbour's.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up calm 11
pod_up noisy 12
nat_up </dev/null
{
	seq -f 'cname=f%.0f.flood.example,way.flood.example' 2000
	echo 'cname=way.flood.example,cloud.example'
} >"$work/aliases"
start "$work/aliases.log" - "$id-inet" dnsmasq --keep-in-foreground --conf-file="$work/aliases" --no-resolv --no-hosts --user=root \
	--pid-file= --bind-interfaces --listen-address=20.0.0.54 --log-facility=- --local-ttl=1 --cache-size=0 '--local=/#/' \
	--host-record=cloud.example,51.0.0.4 --host-record=b.cdn.example,20.2.0.2 \
	--cname=files.example,b.cdn.example --cname=pictures.example,b.cdn.example
govern <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY

# flood THIRD LAST...: one datagram to each address 51.THIRD.0.1 and on, one after the other.
flood() {
	local count=$2 third=$1
	seq 1 "$count" | awk -v third="$third" '{ printf "51.%d.%d.%d\n", third, $1 / 250, $1 % 250 + 1 }' >"$work/flood"
	# shellcheck disable=SC2046
	pod noisy "$probe" udp-each 123 $(cat "$work/flood") >"$work/flooded" 2>&1
}
rows() { egret_cmd drops --json | jq "[.[] | select($1)] | length"; }
sum() { egret_cmd drops --json | jq "[.[] | select($1) | .packets_total] | add // 0"; }
counted() { egret_cmd status --json | jq '.packets.denied_total'; }
memory_of() { egret_cmd status --json | jq ".maps[] | select(.map == \"$1\") | .memory_bytes"; }
calm='(.subject // "" | test("calm"))' noisy='(.subject // "" | test("noisy"))'

denied "pod calm" 51.6.6.6 tcp:443
denied "pod calm" 51.6.6.7 tcp:443
before=$(rows "$calm")
expect 2 "rows of the calm pod before" echo "$before"
# What is shown as it happens has a line for the calm one, with the agent's words, and a share of the flood.
egret_cmd drops --follow >"$work/follow" 2>&1 &
pids+=("$!")
flood 100 8000 &
flooding=$!
tells() { pod calm "$probe" tcp 51.6.6.8 443 >"$work/tried" 2>&1; logged "$work/follow" ' by default/calm'; }
eventually tells
wait $flooding
followed() { awk '/ by default.noisy/ { for (i = 1; i < NF; i++) if ($i == "DENIED") sum += $(i + 1) } END { print sum + 0 }' "$work/follow"; }
all_followed() { [ "$(followed)" = 8000 ]; }
eventually all_followed
expect 8000 "--follow: all packets of the flood, in lines or counted" followed
cp "$work/follow" "$work/output"
shows 'Z DENIED [0-9]+: [0-9]+ more destinations by default/noisy' "--follow: a share of the flood has lines"
full=$(memory_of drops)
flood 101 8000
expect 3 "rows of the calm pod behind 16000 of its neighbour's" rows "$calm"
expect 64 "rows of the noisy pod" rows "$noisy and .others_total == 0"
expect 1 "its newest destination among them" rows ".address == \"$(tail -n 1 "$work/flood")\""
expect 15936 "packets to other destinations" sum "$noisy and .others_total > 0"
expect 15936 "rows that made room" eval 'egret_cmd drops --json | jq "[.[].others_total] | add"'
expect "$full" "memory of the rows, as after half of it" memory_of drops
expect "$(counted)" "packets in rows are those of the totals" sum true
succeeds "drops" egret_cmd drops -o wide
shows '15 936 .*DENIED .*other destinations .*pod .*noisy.* 15936 rows of this subject made room for newer ones' "drops in words"
lacks 'more packets' "and nothing is missing"

# A row counts on where it stands.
pod noisy "$probe" udp-each 123 "$(tail -n 1 "$work/flood")" >/dev/null 2>&1
expect 2 "packets of the newest row" sum ".address == \"$(tail -n 1 "$work/flood")\""
succeeds "drops --clear" egret_cmd drops --clear
expect 0 "rows after that" rows true
denied "pod noisy" 51.6.6.6 tcp:443
expect 1 "rows of what comes after it" rows true

# One socket, many packets in each tick: to one address, and to two in turn.
again() { pod noisy "$probe" udp-each 123 "$@" >/dev/null 2>&1; }
# shellcheck disable=SC2046
again $(yes 51.7.7.7 | head -n 3000)
expect 3000 "packets of one socket to one address" sum '.address == "51.7.7.7"'
# shellcheck disable=SC2046
again $(yes '51.7.7.8 51.7.7.9' | head -n 1500)
expect 1500 "packets of one socket to two addresses, in turn: to the one" sum '.address == "51.7.7.8"'
expect 1500 "and to the other" sum '.address == "51.7.7.9"'

# --- aliases ---
cat >"$work/ask.py" <<'PY'
import socket, struct, time
server, other = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
server.connect(("20.0.0.54", 53))
server.settimeout(1)
number = 0
while True:
    number += 1
    name = b"f%d" % (number % 2000 + 1)
    server.send(struct.pack(">6H", number & 0xffff, 0x100, 1, 0, 0, 0) +
                b"".join(bytes([len(x)]) + x for x in (name, b"flood", b"example", b"")) + struct.pack(">2H", 1, 1))
    try:
        if b"\x33\x00\x00\x04" not in server.recv(512):
            print("no address", flush=True)
        other.sendto(b"x", ("51.0.0.4", 123))
    except PermissionError:
        pass
    except OSError as e:
        print(e, flush=True)
    if number % 500 == 0:
        print(number, "names", flush=True)
    time.sleep(0.001)
PY
reload <<'POLICY'
resolver 20.0.0.54
allow *.cdn.example tcp:443
POLICY
is_alias() { # is_alias NAME: the calm pod's row of it says so
	egret_cmd drops --json |
		jq -e --arg name "$1" "any(.[]; $calm and .name == \$name and .reason == \"alias\" and .policy_name == \"b.cdn.example\")"
}
resident() { awk '$1 == "VmRSS:" { print $2 }' "/proc/$agent/status"; }
ask() { pod calm dig +short +time=3 +tries=2 @20.0.0.54 "$1" A >/dev/null; }
ask files.example
denied "pod calm" 20.2.0.2 tcp:443
succeeds "an alias is told as one" eventually is_alias files.example
start "$work/ask.log" "${pod_cgroup[noisy]}" "$id-noisy" /usr/bin/python3 "$work/ask.py"
asking=$started
eventually logged "$work/ask.log" '^1000 names' || die "no flood of names: $(cat "$work/ask.log")"
before=$(resident)
ask pictures.example
denied "pod calm" 20.2.0.2 tcp:443
succeeds "and beside a neighbour that asks for thousands, too" eventually is_alias pictures.example
succeeds "what was told before it stays told" is_alias files.example
eventually logged "$work/ask.log" '^2000 names' || die "the flood of names ended: $(cat "$work/ask.log")"
expect '-?[0-9]{1,3}' "kB more of the agent" expr "$(resident)" - "$before"
expect 0 "questions without an answer" grep -cv names "$work/ask.log"
stop "$asking"
finish
