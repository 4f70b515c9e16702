#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The units of deploy/systemd, as `make install` writes them, before systemd itself: no unit is asked for that is not
# there, and no word is misspelt. `make test-kernels` boots them.
set -u
root=$(cd "$(dirname "$0")/../../.." && pwd)
command -v systemd-analyze >/dev/null || { echo "skip: systemd-analyze is not installed" && exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
for unit in "$root"/deploy/systemd/*.service; do
	name=$(basename "$unit")
	# A program that is there stands for the one that is not installed here.
	sed -E 's,^(ExecStart=)/usr/local/bin/egret,\1/bin/true,; /^Documentation=/d' "$unit" >"$work/$name"
	grep -q '^Documentation=man:egret(8)$' "$unit" || { echo "FAIL $name names no manual" && failures=1; }
	# Of a folder of ours alone, and of systemd's own.
	SYSTEMD_UNIT_PATH=$work: systemd-analyze verify "$work/$name" >"$work/output" 2>&1
	code=$?
	if [ $code = 0 ] && ! grep -qF "$name" "$work/output"; then
		echo "ok   $name"
	else
		echo "FAIL $name: $code: $(cat "$work/output")"
		failures=1
	fi
done
[ "$failures" = 0 ]
