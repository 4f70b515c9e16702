#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Each command of README's blocks marked "run: bed", as it stands there, on a node of the bed; and those
# marked "run: cluster", where kubectl and az are stand-ins: there is no cluster here. The clean room runs
# the rest. What is written "# denied" must fail, "# stays" must go on.
. "$(dirname "$0")/../lib.sh"
needs_egret
internet_ports="tcp:22 tcp:25 tcp:80 udp:123 udp:9000" # 443 is the TLS server's
bed_up
cd "$root" || exit 1
dns example.com 20.1.0.1
dns paste.example 51.6.6.6
dns archive.ubuntu.com 20.1.0.2

# The machine: names by DNS alone, a TLS server, /etc that is not this machine's, and commands in PATH.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=example.com" \
	-addext "subjectAltName=DNS:example.com,DNS:paste.example" -keyout "$work/key.pem" -out "$work/ca.pem" \
	>/dev/null 2>&1 || die "openssl made no certificate"
cat "$work/key.pem" "$work/ca.pem" >"$work/server.pem"
start "$work/tls.log" - "$id-inet" socat \
	"OPENSSL-LISTEN:443,fork,reuseaddr,pf=ip6,ipv6-v6only=0,cert=$work/server.pem,verify=0" \
	EXEC:"sh $root/demo/http-answer.sh"
mkdir -p "$cg/caller"
mkdir "$work/etc" "$work/etc.work" "$work/bin"
mount -t overlay etc -o "lowerdir=/etc,upperdir=$work/etc,workdir=$work/etc.work" /etc ||
	skip "no overlay file system, and /etc is not to be written to"
echo "nameserver $resolver" >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
echo "hosts: files dns" >/etc/nsswitch.conf
cat >"$work/bin/egret" <<EGRET
#!/bin/bash
# The node's own cgroup is the test's, and so is its instance.
export EGRET_CGROUP=$cg EGRET_STATE=$work/state
[ "\$1" = exec ] && export EGRET_CGROUP=$cg/caller || export EGRET_INSTANCE=$instance
exec "$egret" "\$@"
EGRET
printf '#!/bin/sh\nexec "$@"\n' >"$work/bin/sudo"
# kubectl apply: the file is there, and each line is YAML as far as can be told. kubectl exec: on the bed's node.
cat >"$work/bin/kubectl" <<'KUBECTL'
#!/bin/bash
case "$*" in
apply\ -f\ *) [ -s "$3" ] && ! grep -n "$(printf '\t')" "$3" ;;
*"-- /egret "*)
	words="$*"
	# Into a pod that runs: after `attach` the agent needs a moment.
	for _ in {1..100}; do egret drops >/dev/null 2>&1 && break || sleep 0.1; done
	# shellcheck disable=SC2086
	exec egret ${words##*-- /egret }
	;;
*) echo "kubectl: this stand-in does not know: $*" >&2; exit 1 ;;
esac
KUBECTL
printf '#!/bin/sh\nexit 0\n' >"$work/bin/az"
# The image is built by deploy/image.sh.
printf '#!/bin/sh\nexec /usr/bin/make -n "$@"\n' >"$work/bin/make"
chmod +x "$work/bin"/*

# as_written LINE: in a shell of a person on this node.
as_written() {
	in_cgroup - "$id-node" env PATH="$work/bin:$PATH" CURL_CA_BUNDLE="$work/ca.pem" bash -c "cd '$root'; $1"
}

stays_log=$work/stays.log
agent=
stay() {
	[ -z "$agent" ] || stop "$agent" INT
	: >"$stays_log"
	start "$stays_log" - "$id-node" env PATH="$work/bin:$PATH" bash -c "cd '$root'; exec ${1#sudo }"
	agent=$started
	eventually logged "$stays_log" '^egret: (enforcing|auditing)'
}

run_block() {
	local line
	while IFS= read -r line <&7; do
		case $line in
		*"# denied"*) fails '[0-9]+' "$line" as_written "$line" ;;
		*"# stays"*) succeeds "$line" stay "$line" || cat "$stays_log" ;;
		*) succeeds "$line" as_written "$line" ;;
		esac
	done 7< <(tests/clean-room/commands "$1" README.md)
}

run_block bed
run_block cluster
succeeds "README has no more than 150 lines" test "$(wc -l <README.md)" -le 150
finish
