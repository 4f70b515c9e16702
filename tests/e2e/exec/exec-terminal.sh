#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `exec` at a terminal, in a shell with job control, by a user and by root: Ctrl-C, Ctrl-\, Ctrl-Z and fg, jobs in the
# background, and what a command does with the terminal.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../person.sh"
needs_egret
command -v python3 >/dev/null || skip "no python3"
bed_up
person_up
policy <<'POLICY'
allow 20.1.0.1 tcp:443
POLICY
chmod 644 "$work/policy.rules"
# keys COMMAND [KEYS SAID]...: COMMAND in a shell at a terminal; once SAID is read, KEYS are typed. Prints all that was
# read, without what the terminal adds.
keys=$work/keys.py
cat >"$keys" <<'PY'
import os, pty, select, sys, time

pid, fd = pty.fork()
if pid == 0:
    os.execvp("bash", ["bash", "--norc", "--noediting", "-i"])
seen = b""

def read_until(said):
    global seen
    start, end = len(seen), time.time() + 30
    while said not in seen[start:] and time.time() < end:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                seen += os.read(fd, 4096)
            except OSError:
                return

os.write(fd, b"PS1=ready: ; stty -echo; echo b''egin\n")
read_until(b"begin")
for typed, said in zip(sys.argv[1::2], sys.argv[2::2]):
    os.write(fd, typed.encode().decode("unicode_escape").encode())
    read_until(said.encode())
    time.sleep(0.1)
print(seen.decode(errors="replace").replace("\r", ""))
PY
by_dev() { as_user 54321 54321 TERM=dumb python3 "$keys" "$@"; }
by_root() { in_cgroup "$cg/caller" "$id-node" env -u SUDO_UID -u PROMPT_COMMAND TERM=dumb python3 "$keys" "$@"; }
printf '#!/bin/sh\nexec "%s" exec --policy "%s" -- "$@"\n' "$work/egret" "$work/policy.rules" >"$work/under"
chmod 755 "$work/under"
u=$work/under

at_terminal() {
	local who=$1
	succeeds "$who: Ctrl-C" $who "$u sh -c 'echo is-up; exec sleep 100'\n" is-up '\x03' ready: 'echo code=$?\n' code=
	shows 'code=130' "$who: ends the command"
	succeeds "$who: Ctrl-C at a command that catches it" \
		$who "$u sh -c 'trap \"exit 9\" INT; echo is-up; while :; do sleep 0.1; done'\n" is-up '\x03' ready: 'echo code=$?\n' code=
	shows 'code=9' "$who: its own code comes back"
	succeeds "$who: Ctrl-\\" $who "$u sh -c 'echo is-up; exec sleep 100'\n" is-up '\x1c' ready: 'echo code=$?\n' code=
	shows 'code=131' "$who: ends it, too"
	succeeds "$who: Ctrl-Z, jobs, fg" $who "$u sh -c 'echo is-up; sleep 1; echo later; exit 3'\n" is-up \
		'\x1a' Stopped 'fg\n' later '' ready: 'echo code=$?\n' code=
	shows 'later' "$who: it goes on"
	shows 'code=3' "$who: and its code comes back"
	succeeds "$who: in the background" $who "$u sh -c 'sleep 0.5; exit 4' &\n" ready: 'wait %1; echo code=$?\n' code=
	shows 'code=4' "$who: its code comes back"
	succeeds "$who: a background command that reads" $who "$u sh -c 'read x; echo got \$x' &\n" ready: \
		'while ! jobs | grep -q Stopped; do sleep 0.2; done; fg\n' 'got ' 'hello\n' 'got hello'
	shows 'got hello' "$who: reads once it is in front"
}
side_by_side at_terminal by_dev by_root
finish
