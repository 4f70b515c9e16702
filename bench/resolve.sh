#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Many names at once: bench/resolve.c, with its server, where 127.0.0.1 is nobody's.
. "$(dirname "$0")/bed.sh"
ip link set lo up
echo "nameserver 127.0.0.1" >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
echo "hosts: dns" >"$work/nsswitch.conf"
mount --bind "$work/nsswitch.conf" /etc/nsswitch.conf

coproc server { exec "$root/build/bench/dns_server" 10; }
server_pid=$!
read -r line <&"${server[0]}" && [ "$line" = ready ] || { say "no server"; exit 1; }
"$root/build/bench/resolve"
