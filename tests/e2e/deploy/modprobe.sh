#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# deploy/modprobe.d/egret.conf: modprobe itself reads it, and loads none of these modules, by name or by the alias that
# the kernel asks for; all others as before. On made-up modules: nothing is loaded.
set -u
root=$(cd "$(dirname "$0")/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
for tool in modprobe depmod gcc; do
	command -v $tool >/dev/null || { echo "skip: $tool is not installed" && exit 77; }
done
modules=$work/lib/modules/6.0.0
mkdir -p "$modules" "$work/none"

# module NAME ALIAS...: what depmod reads of one.
module() {
	local name=$1 alias
	shift
	for alias; do
		echo "static const char alias_$RANDOM[] __attribute__((section(\".modinfo\"), used)) = \"alias=$alias\";"
	done | gcc -x c -c -o "$modules/$name.ko" -
}

# would MODULE-OR-ALIAS: what modprobe would do about it.
would() {
	modprobe -C "${configuration:-$root/deploy/modprobe.d}" -d "$work" -S 6.0.0 -n -v "$1" 2>&1
}

check() {
	if [[ $(would "$2") =~ ^$3 ]]; then
		echo "ok   $1"
	else
		echo "FAIL $1: $(would "$2")"
		failures=$((failures + 1))
	fi
}

# The aliases are those of Linux's net-pf-FAMILY-proto-PROTOCOL (include/linux/net.h): 24 PPPOX, 21 RDS.
module pppox net-pf-24
module pppoe net-pf-24-proto-0
module l2tp_ppp net-pf-24-proto-1 l2tp-pwtype-7
module pptp net-pf-24-proto-2
module rds net-pf-21
module rds_tcp rds-transport-2
module rds_rdma rds-transport-0
module veth rtnl-link-veth
depmod -b "$work" 6.0.0 2>"$work/depmod.log" || { echo "skip: depmod does not take made-up modules: $(cat "$work/depmod.log")" && exit 77; }

for name in pppox pppoe l2tp_ppp pptp rds rds_tcp rds_rdma net-pf-24 net-pf-24-proto-{0,1,2} net-pf-21 l2tp-pwtype-7; do
	configuration=$work/none check "$name would be loaded without the file" $name "insmod "
	check "$name is not loaded" $name "install /bin/false"
done
check "another module is" veth "insmod "
modprobe -C "$root/deploy/modprobe.d" -c 2>&1 | grep -qi 'ignoring bad line' && echo "FAIL a line is not understood" && failures=1
[ "$failures" = 0 ]
