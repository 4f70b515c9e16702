#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# missing.sh CC CLANG BPFTOOL: what building needs and this machine does not have, in one
# line that says what to do; silent where all is there. Looks for programs and headers, not
# for packages: any distribution's will do.
missing=
for program in "$1" "$2" "$3" lowdown; do
	command -v "${program%% *}" >/dev/null || missing="$missing $(basename "$program")"
done
if command -v "${1%% *}" >/dev/null; then
	for header in bpf/libbpf.h libelf.h zlib.h ares.h jansson.h seccomp.h uthash.h; do
		echo "#include <$header>" | $1 -E -x c - >/dev/null 2>&1 || missing="$missing $header"
	done
fi
[ -n "$missing" ] || exit 0
echo "egret: building needs what is not on this machine:$missing; install it: sudo make deps" >&2
exit 1
