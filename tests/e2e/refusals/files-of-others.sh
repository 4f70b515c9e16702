#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Who may write a policy's file, or a folder or link on the way to it, opens what is governed: that is told, at the
# start, by a reload, and by `status` for as long as it rules. And no error quotes what root alone may read to
# whoever puts a link to it there.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
chmod 755 "$work"
p=$work/policy.rules
nobody=65534
warns() { # warns WHAT PATTERN: check of the policy, twice, as text
	succeeds "$1: check" "$egret" check "$p"
	shows "warning: .*$2" "$1: is told"
}
silent() {
	succeeds "$1: check" "$egret" check "$p"
	if grep -qE "may write|belongs to|may change" "$work/output"; then
		failed "$1: $(cat "$work/output")"
	else
		passed "$1: nothing is told"
	fi
}
fresh() { # a policy that uses a file in a folder, all of it root's alone
	rm -rf "$work/pub" "$work/elsewhere"
	mkdir -m 755 "$work/pub" "$work/elsewhere"
	echo "allow 20.1.0.1 tcp:443" >"$work/pub/used.rules"
	printf 'use %s\nallow 20.1.0.9 tcp:443\n' "$work/pub/used" >"$p"
	chmod 644 "$p" "$work/pub/used.rules"
}

fresh
silent "root's own"
chmod 666 "$work/pub/used.rules"
warns "a used file for all" "others may write $work/pub/used.rules \(mode 0666\).*chmod go-w"
fresh
chmod 664 "$work/pub/used.rules"
warns "a used file for a group" "others may write $work/pub/used.rules \(mode 0664\)"
fresh
chown $nobody "$work/pub/used.rules"
warns "a used file of another user" "$work/pub/used.rules belongs to uid $nobody.*chown root"
fresh
chmod 777 "$work/pub"
warns "a folder for all" "others may write $work/pub \(mode 0777\)"
fresh
chown $nobody "$work/pub"
warns "a folder of another user" "$work/pub belongs to uid $nobody"
fresh
chmod 777 "$work/pub"
mkdir -m 755 "$work/pub/below"
mv "$work/pub/used.rules" "$work/pub/below/"
sed -i 's#pub/used#pub/below/used#' "$p"
warns "a folder further up" "others may write $work/pub \(mode 0777\)"
fresh
chmod 1777 "$work/pub"
silent "a sticky folder, with a file of root's"
mv "$work/pub/used.rules" "$work/elsewhere/"
ln -s "$work/elsewhere/used.rules" "$work/pub/used.rules"
silent "a link of root's in a sticky folder"
chown -h $nobody "$work/pub/used.rules"
warns "a link of another's in a sticky folder" "$work/pub/used.rules belongs to uid $nobody"
fresh
mv "$work/pub/used.rules" "$work/elsewhere/"
ln -s ../elsewhere/used.rules "$work/pub/used.rules"
silent "a link"
chmod 777 "$work/elsewhere"
warns "the folder that a link points into" "others may write $work/elsewhere"
fresh
mv "$work/pub" "$work/elsewhere/pub"
ln -s elsewhere/pub "$work/pub"
chmod 777 "$work/elsewhere"
warns "the folder of a folder that is a link" "others may write $work/elsewhere"
fresh
chmod 666 "$work/pub/used.rules"
succeeds "a path from here" bash -c "cd '$work' && '$egret' check policy.rules"
shows "others may write $work/pub/used.rules" "is looked at too"

# A ConfigMap: folders for all, links, and a mount that nobody can write through.
fresh
mkdir -m 777 "$work/elsewhere/..2026_11_27"
chmod 777 "$work/elsewhere"
echo "allow 20.1.0.1 tcp:443" >"$work/elsewhere/..2026_11_27/policy.rules"
ln -s ..2026_11_27 "$work/elsewhere/..data"
ln -s ..data/policy.rules "$work/elsewhere/policy.rules"
mount --bind "$work/elsewhere" "$work/pub"
mount -o remount,bind,ro "$work/pub"
echo "use $work/pub/policy" >"$p"
silent "a ConfigMap"
umount "$work/pub"

# The agent: at the start, in status, after a reload that mends it, and after one that brings it back.
fresh
chmod 666 "$work/pub/used.rules"
agent_start
files='any(.problems[]; .kind == "files" and (.text | test("others may write .*/pub/used.rules.*chmod go-w")))'
json "$files" "status says so" egret_cmd status --json
if grep -q "warning: others may write $work/pub/used.rules" "$work/agent.log"; then
	passed "and the log"
else
	failed "and the log: $(cat "$work/agent.log")"
fi
denied node 51.0.0.1 tcp:443
chmod 644 "$work/pub/used.rules"
echo "# mended" >>"$work/pub/used.rules"
gone() { egret_cmd status --json | jq -e '.problems == []'; }
if eventually gone; then passed "mended, it goes"; else failed "mended, it goes"; fi
chmod 777 "$work/pub"
echo "# again" >>"$work/pub/used.rules"
back() { egret_cmd status --json | jq -e 'any(.problems[]; .kind == "files")'; }
if eventually back; then passed "a reload tells it too"; else failed "a reload tells it too"; fi
stop "$agent"

# What root alone may read, and a link to it.
quiet() { # quiet WHAT FILE: its errors say nothing of what it holds
	fails 2 "$1" "$egret" check "$2"
	if grep -qE 'hash|s3cret|daemon' "$work/output"; then failed "$1: $(cat "$work/output")"; else passed "$1: is not quoted"; fi
	shows "error: .*not shown" "$1: says why"
}
fresh
printf 'root:$6$s3cret$hash:19000::::::\ndaemon:*:19000:0:99999:7:::\nset s3cret\n' >"$work/shadow"
chmod 640 "$work/shadow"
ln -s "$work/shadow" "$work/link.rules"
quiet "a link to it" "$work/link.rules"
echo "use $work/link" >"$p"
quiet "a used link to it" "$p"
chmod 644 "$work/shadow"
chmod 777 "$work/pub"
ln "$work/shadow" "$work/pub/hard.rules"
quiet "in a folder for all" "$work/pub/hard.rules"
printf 'use %s\n' "$work/own" >"$work/pub/used.rules"
cp "$work/shadow" "$work/own.rules"
quiet "a file that such a file uses" "$work/pub/used.rules"
fails 2 "root's own file" "$egret" check "$work/own.rules"
shows "own.rules:1:1: error: unknown statement .root:.6.s3cret" "is quoted, as ever"
finish
