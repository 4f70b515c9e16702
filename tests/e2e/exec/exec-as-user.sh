#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `exec` called by an ordinary user: egret calls sudo itself, and the command is that user's, with the user's
# environment, groups and home; also of users that /etc/passwd does not know.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../person.sh"
needs_egret
bed_up
dns www.exec.example 20.1.0.1
person_up
cp "$probe" "$work/probe"
printf '#!/bin/sh\necho my own tool\n' >"$work/home/bin/mytool"
chmod 755 "$work/probe" "$work/home/bin/mytool"
policy <<'POLICY'
resolver 20.0.0.53
allow www.exec.example tcp:443
POLICY
chmod 644 "$work/policy.rules"

succeeds "an allowed connect, by a user" run_as_dev -- "$work/probe" tcp 20.1.0.1 443
shows '^connected' "its output comes back"
fails 1 "a denied one" run_as_dev -- "$work/probe" tcp 51.0.0.1 443
shows "denied:" "the list is shown"
fails 42 "the exit code comes back" run_as_dev -- sh -c 'exit 42'
cat >"$work/home/about.sh" <<'ABOUT'
echo "user $(id -u)"
echo "groups $(id -G | tr ' ' '\n' | sort -n | paste -sd,)"
echo "mytool $(mytool)"
echo "token $NPM_TOKEN"
echo "home $HOME"
echo "egret $EGRET"
case $EGRET_INSTANCE in exec-*) echo "instance exec" ;; esac
echo "sudo $SUDO_UID$SUDO_COMMAND"
sed -n 's/NoNewPrivs:\t/privileges /p' /proc/self/status
echo "word ${#1}"
ABOUT
chmod 755 "$work/home/about.sh"
succeeds "a command that tells of itself" run_as_dev -- sh "$work/home/about.sh" "a b'c"
shows '^user 54321$' "the command is the user's"
shows '^groups 54321,54400,54777$' "with all groups, those of a directory too"
shows '^mytool my own tool$' "programs of the user's PATH are found"
shows '^token secret$' "variables are the user's"
shows "^home $work/home\$" "and the home"
shows '^egret 1$' "the command can tell that it is under a list"
shows '^instance exec$' "and which instance"
shows '^sudo $' "sudo's variables are not the command's"
shows '^privileges 1$' "no new privileges"
shows '^word 5$' "words stay words"
echo text >"$work/text"
chmod 644 "$work/text"
from_text() { run_as_dev "$@" <"$work/text"; }
expect "text" "standard input comes through" from_text -- cat
succeeds "variables stand in for options" as_user 54321 54321 EGRET_POLICY="$work/policy.rules" "$work/egret" exec -- true
fails 125 "a wrong variable is refused before sudo" as_user 54321 54321 EGRET_AUDIT=maybe "$work/egret" exec --policy "$work/policy.rules" -- true
fails 125 "a policy that is not there" as_user 54321 54321 "$work/egret" exec --policy "$work/nowhere" -- true
fails 127 "a command that is not there" run_as_dev -- no-such-command

# The report is written as the user would write it.
succeeds "a report" run_as_dev --report "$work/home/report.json" -- true
expect 54321 "is the user's file" stat -c %u "$work/home/report.json"
fails 1 "denials come into it" run_as_dev --report "$work/home/report.json" -- "$work/probe" tcp 51.0.0.1 443
json '.[0].address == "51.0.0.1" and .[0].port == "tcp:443"' "all of them, as JSON" cat "$work/home/report.json"
fails 125 "a file that the user may not write" run_as_dev --report /etc/egret-report -- true
succeeds "is not made" test ! -e /etc/egret-report

# Who is in no /etc/passwd, and typed sudo.
by_sudo() {
	in_cgroup "$cg/caller" "$id-node" env SUDO_UID=54399 SUDO_GID=54399 SUDO_USER=alice HOME=/root USER=root LOGNAME=root \
		"$work/egret" exec --policy "$work/policy.rules" "$@"
}
expect "54399,HOME=,USER=alice" "a user of a directory" by_sudo -- sh -c 'echo "$(id -u),HOME=$HOME,USER=$USER"'

# Root, on purpose and not.
root_exec() { in_cgroup "$cg/caller" "$id-node" env -u SUDO_UID "$work/egret" exec --policy "$work/policy.rules" "$@"; }
succeeds "as root" root_exec -- true
shows "warning: the command runs as root" "it warns"
succeeds "as root on purpose" root_exec --as-root -- true
lacks "warning" "it does not"
succeeds "--user root, by a user" run_as_dev --user root -- sh -c 'echo "user $(id -u)"; echo "home $HOME"; echo "token $NPM_TOKEN"'
shows '^user 0$' "it is root"
shows '^home /root$' "with root's home"
shows '^token $' "and nothing of the user's environment"
expect 65534 "another user, by root" root_exec --user nobody -- id -u
fails 125 "a user who is not there" root_exec --user nosuchuser -- true

# A lie about who called.
fails 125 "a caller that is somebody else's process" in_cgroup "$cg/caller" "$id-node" \
	env SUDO_UID=54321 SUDO_GID=54321 "$work/egret" exec --caller="1:0" --policy "$work/policy.rules" -- true
fails 125 "a caller without sudo" root_exec --caller="1:1" -- true

# Another user has taken the names that pids would give: they are not needed.
cat >"$work/squat.py" <<'PY'
import os, socket, time
taken = []
for pid in range(os.getpid(), os.getpid() + 1000):
    taken.append(socket.socket(socket.AF_UNIX))
    taken[-1].bind("\0egret-exec-%d" % pid)
print("ready", flush=True)
time.sleep(1000)
PY
chmod 644 "$work/squat.py"
start "$work/squat.log" - "$id-node" setpriv --reuid=54322 --regid=54322 --clear-groups prlimit --nofile=2000 \
	/usr/bin/python3 "$work/squat.py"
squatter=$started
if eventually logged "$work/squat.log" ^ready; then
	succeeds "another user keeps nobody from exec" run_as_dev -- true
fi
stop "$squatter"

# Signals: the user's egret passes them on; when it is killed, so is the command.
as_user 54321 54321 "$work/egret" exec --policy "$work/policy.rules" -- sh -c 'trap "echo got term >$HOME/term; exit 7" TERM
	touch $HOME/up; while :; do sleep 0.1; done' >/dev/null 2>&1 &
shell=$!
eventually test -e "$work/home/up"
exec_pid=$(pgrep -u 54321 -f "^$work/egret exec" | head -n 1)
kill -TERM "$exec_pid"
wait "$shell"
expect 7 "the command's own answer to TERM comes back" echo $?
expect "got" "it was told" cat "$work/home/term"
rm -f "$work/home/up"
as_user 54321 54321 "$work/egret" exec --policy "$work/policy.rules" -- sh -c 'echo $$ >$HOME/up; exec sleep 1000' >/dev/null 2>&1 &
shell=$!
eventually test -s "$work/home/up"
kill -KILL "$(pgrep -u 54321 -f "^$work/egret exec" | head -n 1)"
eventually bash -c "! kill -0 $(cat "$work/home/up")"
expect 1 "the command ends with its caller" bash -c "kill -0 $(cat "$work/home/up") 2>/dev/null; echo \$?"
wait "$shell" 2>/dev/null
eventually bash -c "! ls -d $cg/caller/egret-exec-* 2>/dev/null"
succeeds "nothing is left" bash -c "! ls -d $cg/caller/egret-exec-*"

# Inherited sockets, however many.
cat >"$work/parent.py" <<'PY'
import socket, subprocess, sys
socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(int(sys.argv[1]))]
for s in socks:
    s.set_inheritable(True)
sys.exit(subprocess.run(sys.argv[2:], close_fds=False).returncode)
PY
count_sockets='ls -l /proc/self/fd | grep -c socket: | cat'
ulimit -n 8192 2>/dev/null && expect 0 "3,000 sockets: none is left" in_cgroup "$cg/caller" "$id-node" \
	python3 "$work/parent.py" 3000 "$work/egret" exec --as-root --policy "$work/policy.rules" -- sh -c "$count_sockets"
finish
