# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# An ordinary user of the bed's node, who may call `egret exec` by sudo: for tests of exec.

# person_up: egretdev (54321) with a home, in an /etc of the test's own; $work/egret is for every user.
person_up() {
	command -v sudo >/dev/null || skip "no sudo"
	mkdir "$work/etc" "$work/etc.work" "$work/home" "$work/home/bin"
	mount -t overlay etc -o "lowerdir=/etc,upperdir=$work/etc,workdir=$work/etc.work" /etc ||
		skip "no overlay file system, and /etc is not to be written to"
	echo "egretdev:x:54321:54321::$work/home:/bin/sh" >>/etc/passwd
	echo "egretdev:*:19000:0:99999:7:::" >>/etc/shadow
	echo "egretdev:x:54321:" >>/etc/group
	echo "egretgroup:x:54400:egretdev" >>/etc/group
	mkdir -p /etc/sudoers.d "$cg/caller"
	cp "$egret" "$work/egret" # where every user may run it
	echo "egretdev ALL=(root) NOPASSWD: $work/egret exec *" >/etc/sudoers.d/egret-test
	chmod 440 /etc/sudoers.d/egret-test
	grep -q sudoers.d /etc/sudoers || echo '@includedir /etc/sudoers.d' >>/etc/sudoers
	chmod 755 "$work"
	chown -R 54321:54321 "$work/home"
}

# as_user UID GROUPS CMD...: on the node, with an environment of the user's own.
as_user() {
	local uid=$1 groups=$2
	shift 2
	in_cgroup "$cg/caller" "$id-node" setpriv --reuid="$uid" --regid="$uid" --groups="$groups" env -i \
		PATH="$work/home/bin:$work:/usr/bin:/bin:/usr/sbin" HOME="$work/home" USER=egretdev NPM_TOKEN=secret "$@"
}

# run_as_dev ARG...: egret exec by that user, under this test's policy.
run_as_dev() { as_user 54321 54321,54400,54777 "$work/egret" exec --policy "$work/policy.rules" "$@"; }
