#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# In the room, as an ordinary user: what a person does who has just read README.
set -eu
cd
git config --global --add safe.directory /source/.git
git config --global --add safe.directory /source
git clone -q /source egret
cd egret

fail() {
	echo "FAIL clean-room: $*"
	exit 1
}

# `make` before `make deps` says what to do, in one line.
if make >/tmp/make.log 2>&1; then
	fail "make succeeds on a machine that has nothing to build with"
fi
grep -q 'make deps' /tmp/make.log || fail "make does not tell of make deps: $(cat /tmp/make.log)"
[ "$(grep -vc '^make' /tmp/make.log)" = 1 ] || fail "make says more than one line: $(cat /tmp/make.log)"

# Each command in the same shell: `cd` and variables are carried on.
while IFS= read -r command <&7; do
	echo "clean-room: \$ $command"
	begun=$SECONDS
	if ! eval "$command" >/tmp/command.log 2>&1 </dev/null; then
		tail -n 40 /tmp/command.log
		fail "\`$command\`"
	fi
	echo "clean-room: done in $((SECONDS - begun)) s"
done 7</commands
