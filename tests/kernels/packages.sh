# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Debian's packages for the guests: downloaded once into $store, unpacked, never installed. What sources this file sets
# $store, and $suites or $newest_suites; $deb_arch, if not for amd64.

# --- with an apt configuration of our own -----------------------------------

# mirror NAME: of Debian's archive NAME, one that the machine itself uses.
mirror() {
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(REPO_URI)' | sed 's|/$||' | grep -E "/$1\$" | sort -u | head -n 1
}

# The security archive is a folder beside the archive.
sources() {
	local archive security suite uri
	archive=$(mirror debian)
	security=$(mirror '[^/]*-security')
	[ -n "$archive" ] || return 1
	for suite; do
		uri=$archive
		[ "${suite%-security}" = "$suite" ] || uri=${security:-$archive-security}
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main"
	done
}

# private_apt WHICH COMMAND ARG...: apt-get or apt-cache on the sources of WHICH.
private_apt() {
	local dir=$store/apt-$1 command=$2
	shift 2
	"$command" -qq -o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::PreferencesParts=/dev/null -o Dir::State="$dir" -o Dir::State::status="$dir/status" \
		-o Dir::Cache="$dir" -o APT::Sandbox::User=root -o APT::Architecture=${deb_arch:-amd64} -o Acquire::Languages=none "$@"
}

# A suite that the mirror no longer has does not cost the others. Once a run.
update() {
	local which=$1
	shift
	[ -e "$store/apt-$which/updated" ] && return
	mkdir -p "$store/apt-$which"/{lists/partial,archives/partial}
	touch "$store/apt-$which"/{status,updated}
	sources "$@" >"$store/apt-$which/sources.list" && private_apt "$which" apt-get update
}

# packages_of WHICH KERNEL: the newest version's packages with vmlinuz and modules. From
# 6.19 each is a package of its own.
packages_of() {
	local which=$1 kernel=$2 version
	[ "$kernel" != latest ] || kernel='[0-9]+'
	version=$(private_apt "$which" apt-cache pkgnames linux-image- |
		sed -nE "s/^linux-image-($kernel\.[0-9].*-cloud-${deb_arch:-amd64})\$/\1/p" | grep -v deb11 | sort -V | tail -n 1)
	[ -n "$version" ] || return 1
	echo "linux-image-$version"
	private_apt "$which" apt-cache pkgnames "linux-binary-$version"
	private_apt "$which" apt-cache pkgnames "linux-modules-$version"
}

# Into build/kernels/KERNEL.
fetch() {
	local kernel=$1 which=stable dir=$store/$1 packages package
	[ "$kernel" != latest ] || which=newest
	packages=$(packages_of "$which" "$kernel") || { echo "the mirror has no such package" && return 1; }
	rm -rf "$dir.new"
	mkdir -p "$dir.new" && cd "$dir.new" || return 1
	# shellcheck disable=SC2086
	private_apt "$which" apt-get download $packages || return 1
	for package in ./*.deb; do
		dpkg-deb -x "$package" . && rm "$package" || return 1
	done
	mv "$dir.new" "$dir"
}
