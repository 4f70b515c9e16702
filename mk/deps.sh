#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Installs what is missing of the packages named as arguments' groups (build,
# test, image, lint, bench, kernels, room, page). Says what it does; does nothing if nothing is missing.
set -eu

build="gcc make clang bpftool pkg-config libbpf-dev libelf-dev zlib1g-dev libc-ares-dev libjansson-dev libseccomp-dev uthash-dev lowdown"
test="libcmocka-dev libclang-rt-dev dnsmasq-base unbound nftables iproute2 util-linux ethtool isc-dhcp-client curl jq socat openssl bind9-dnsutils procps sudo valgrind yamllint yq systemd kmod"
image="buildah podman runc"
lint="clang-format clang-tidy"
bench="ipset iptables bsdextrautils"
kernels="qemu-system-x86 busybox-static lz4 zstd"
room="mmdebstrap socat"
page="chromium nodejs"

command -v apt-get >/dev/null || { echo "deps: no apt-get here; install by hand: $build $test" >&2; exit 1; }

wanted=
for group in "${@:-build}"; do
	case $group in
	build) wanted="$wanted $build" ;;
	test) wanted="$wanted $build $test" ;;
	image) wanted="$wanted $build $test $image" ;;
	lint) wanted="$wanted $build $lint" ;;
	bench) wanted="$wanted $build $test $bench" ;;
	room) wanted="$wanted $room" ;;
	page) wanted="$wanted $page" ;;
	kernels) wanted="$wanted $build $test $kernels" ;;
	*) echo "deps: no group $group" >&2; exit 2 ;;
	esac
done

missing=
for package in $wanted; do
	case $(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null) in
	ii*) ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0

# Ubuntu has bpftool in linux-tools-common, as a package of the kernel's tools.
if ! apt-cache show bpftool >/dev/null 2>&1; then
	apt-get update -qq
	apt-cache show bpftool >/dev/null 2>&1 || missing=$(echo "$missing" | sed 's/ bpftool/ linux-tools-common/')
fi
[ "$(id -u)" = 0 ] || { echo "deps: missing:$missing; install them, or run this as root" >&2; exit 1; }
echo "deps: installing$missing"
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
