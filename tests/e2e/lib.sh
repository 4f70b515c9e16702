# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# The end-to-end test bed: a node and an "internet" in network namespaces, a
# cgroup of the test's own, real servers, and the words that tests are written
# in. A test sources this file, calls bed_up, and ends with `finish`.
#
#        pods (pod_up)                          "internet"
#   10.244.0.N, fd00:f4::N       20.0.0.0/8, 40.0.0.0/8, 51.0.0.0/8, 2603:1000::/24,
#          |                     TEST-NETs and the Azure host addresses: every
#        node  10.224.0.4  ----  address of these answers; DNS on 20.0.0.53
#              fd00:e9::4        10.224.0.1, fd00:e9::1
#
# Everything lives in a mount namespace of the test: its bpffs, its namespace
# names. What remains when a test is killed are its cgroups, nothing else.

set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
egret=${EGRET:-$root/build/egret}
probe=$root/build/tests/probe
enter=$root/build/tests/enter
ledger=$root/build/tests/ledger
name=$(basename "$0" .sh)

if [ "$(id -u)" != 0 ]; then
	echo "skip: needs root"
	exit 77
fi
if [ -z "${EGRET_TEST_MOUNTS:-}" ]; then
	EGRET_TEST_MOUNTS=1 exec unshare --mount --propagation private -- bash "$0" "$@"
fi
unset EGRET_TEST_MOUNTS
{ [ -x "$enter" ] && [ -x "$probe" ]; } || make -s -C "$root" build/tests/enter build/tests/probe >&2 || exit 1

failures=0
checks=0
pids=()
more_cgroups=() # that a test made in another hierarchy; empty at its end
id=egret-t$$
instance=t$$
work=$(mktemp -d "/tmp/$id-XXXXXX")
idle_pipe=/run/$id-idle # nobody writes to it; not where agents watch files
mkfifo "$idle_pipe"
export EGRET_STATE=$work/state
cgroup_root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
cg=$cgroup_root/$id
resolver=20.0.0.53
internet_ports="tcp:22 tcp:25 tcp:80 tcp:443 tcp:1688 tcp:8000 tcp:8080 tcp:8999 tcp:9000
	udp:80 udp:123 udp:443 udp:8000 udp:8080 udp:9000"

skip() {
	echo "skip: $*"
	exit 77
}

die() {
	echo "FAIL $*"
	failures=$((failures + 1))
	exit 1
}

finish() {
	echo "$checks checks, $failures failed"
	exit $((failures > 0))
}

# --- processes, namespaces, cgroups -----------------------------------------

# in_cgroup CGROUP NETNS CMD...: "-" leaves either as it is (tests/tools/enter.c).
in_cgroup() {
	"$enter" "$@"
}

# start LOG CGROUP NETNS CMD...: in the background; its pid is in $started.
start() {
	local log=$1
	shift
	"$enter" "$@" >>"$log" 2>&1 </dev/null &
	started=$!
	pids+=("$started")
}

# stop PID [SIGNAL]: ends one process that `start` started, and waits for it.
stop() {
	{ kill "-${2:-TERM}" "$1" && wait "$1"; } 2>/dev/null
}

node() { in_cgroup "$cg/system.slice/app.service" "$id-node" "$@"; }     # governed
ungoverned() { in_cgroup - "$id-node" "$@"; }                            # same namespace, outside
internet() { in_cgroup - "$id-inet" "$@"; }
# pod NAME CMD...: in the pod's namespace and a cgroup of the kubelet's shape.
pod() {
	local pod=$1
	shift
	in_cgroup "${pod_cgroup[$pod]}" "$id-$pod" "$@"
}

# nap SEC: sleep(1) without a process, of which those who wait would begin thousands.
nap() {
	local _
	read -rt "$1" _ <>"$idle_pipe"
	return 0
}

milliseconds() {
	echo $(($(date +%s%N) / 1000000))
}

# any_nap MS: less than that.
any_nap() {
	local ms=$((RANDOM % $1))
	nap "$((ms / 1000)).$(printf '%03d' $((ms % 1000)))"
}

# eventually CMD...: until it succeeds, 30 s at most. Who waits for long asks less often: what is waited for needs the
# processor, too.
eventually() {
	local tries
	for tries in {1..130}; do
		"$@" >/dev/null 2>&1 && return 0
		if [ "$tries" -le 10 ]; then nap 0.1; else nap 0.25; fi
	done
	return 1
}

# logged FILE PATTERN: has a line of it the pattern? Who waits asks many times, so no process is begun for it. A read that
# fails, of /proc/PID/status once the process has ended, leaves the line before in $line: it would be read for ever.
logged() {
	local line
	[ -r "$1" ] || return 1
	while line='' && { IFS= read -r line || [ -n "$line" ]; }; do
		[[ $line =~ $2 ]] && return 0
	done <"$1"
	return 1
}

# side_by_side FUNCTION ARG...: FUNCTION with each ARG, all at the same time, each with a $work and an instance of its own
# and a cgroup of its own below $cg. Its checks count here.
side_by_side() {
	local function=$1 arg
	shift
	for arg; do
		(one_side "$function" "$arg") >"$work/side.$arg" 2>&1 &
		pids+=($!)
		one_side_pid[$arg]=$!
	done
	for arg; do
		wait "${one_side_pid[$arg]}"
		cat "$work/side.$arg"
		grep -q '^end of side' "$work/side.$arg" || failed "$function $arg did not come to its end"
		checks=$((checks + $(grep -cE '^(ok|FAIL) ' "$work/side.$arg")))
		failures=$((failures + $(grep -c '^FAIL ' "$work/side.$arg")))
	done
}
declare -A one_side_pid

one_side() {
	mkdir "$work/$2" "$cg/$2"
	work=$work/$2 cg=$cg/$2 instance=$instance-$2 pids=()
	EGRET_STATE=$work/state
	"$1" "$2"
	egret_cmd detach --all >/dev/null 2>&1
	for pid in ${pids[@]+"${pids[@]}"}; do stop "$pid" KILL; done
	echo "end of side $2"
}

# --- the bed ----------------------------------------------------------------

mount_private() {
	mount -t bpf bpf /sys/fs/bpf || skip "no BPF file system can be mounted"
	mkdir -p /run/netns
	mount -t tmpfs netns /run/netns
	mount -t tmpfs log /var/log
}

set_sysctl() {
	in_cgroup - "$1" sysctl -qw "$2"
}

# netns_up NAME CGROUP: IPv6 addresses are usable at once.
netns_up() {
	in_cgroup "$2" - ip netns add "$1" || skip "network namespaces cannot be made here"
	set_sysctl "$1" net.ipv6.conf.all.accept_dad=0
	set_sysctl "$1" net.ipv6.conf.default.accept_dad=0
	set_sysctl "$1" "net.ipv4.ping_group_range=0 2147483647"
	in_cgroup - "$1" ip link set lo up
}

# wire A ADDR4 ADDR6 B ADDR4 ADDR6 [NAME-IN-B]: a veth pair between two namespaces.
wire() {
	local end_b=${7:-eth0}
	ip link add eth0 netns "$1" type veth peer name "$end_b" netns "$4" || die "no veth pair"
	in_cgroup - "$1" sh -c "ip addr add $2 dev eth0 && ip addr add $3 dev eth0 nodad && ip link set eth0 up"
	in_cgroup - "$4" sh -c "ip addr add $5 dev $end_b && ip addr add $6 dev $end_b nodad && ip link set $end_b up"
}

internet_up() {
	local prefix
	netns_up "$id-inet" -
	for prefix in 20.0.0.0/8 40.0.0.0/8 51.0.0.0/8 192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 \
		168.63.129.16 169.254.169.254; do
		internet ip route add local "$prefix" dev lo
	done
	for prefix in 2603:1000::/24 2001:db8::/32; do
		internet ip -6 route add local "$prefix" dev lo
	done
	# Anycast-like: the kernel may answer from any of the addresses above.
	set_sysctl "$id-inet" net.ipv6.ip_nonlocal_bind=1
	set_sysctl "$id-inet" net.ipv4.ip_nonlocal_bind=1
	set_sysctl "$id-inet" net.ipv4.icmp_ratelimit=0
	set_sysctl "$id-inet" net.ipv6.icmp.ratelimit=0
}

serve_internet() {
	# shellcheck disable=SC2086
	start "$work/internet.log" - "$id-inet" "$probe" serve $internet_ports
	eventually logged "$work/internet.log" ^ready || die "no servers: $(cat "$work/internet.log")"
}

serve_dns() {
	touch "$work/hosts"
	start "$work/dns.log" - "$id-inet" dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts \
		--user=root --pid-file= --bind-interfaces --listen-address=$resolver,2603:1000::53 --log-facility=- \
		--log-queries --addn-hosts="$work/hosts" --local-ttl=60 '--local=/#/' --cache-size=0
	dns_pid=$started
	eventually internet dig +time=1 +tries=1 @$resolver localhost. || die "no DNS: $(cat "$work/dns.log")"
}

# dns NAME ADDR...: NAME has exactly these addresses from now on.
dns() {
	local name=$1 addr
	shift
	sed -i "/ $name\$/d" "$work/hosts"
	for addr; do
		echo "$addr $name" >>"$work/hosts"
	done
	kill -HUP "$dns_pid"
	[ $# = 0 ] || eventually dns_serves "$name" "$1" || die "DNS does not serve $name"
}

dns_serves() {
	internet dig +short +time=1 +tries=1 @$resolver "$1" A "$1" AAAA | grep -qxF "$2"
}

bed_up() {
	[ -n "$cgroup_root" ] || skip "no cgroup v2 is mounted"
	mount_private
	mkdir "$cg" || skip "no cgroup can be made below $cgroup_root"
	internet_up
	# By a governed process, so that the kernel's own sockets of it are governed too.
	netns_up "$id-node" "$cg"
	wire "$id-node" 10.224.0.4/16 fd00:e9::4/64 "$id-inet" 10.224.0.1/16 fd00:e9::1/64
	ungoverned ip route add default via 10.224.0.1
	ungoverned ip -6 route add default via fd00:e9::1
	serve_internet
	serve_dns
	neighbours_met "$id-node" 10.224.0.1 fd00:e9::1
}

# The first packets to a new neighbour may be lost, which is no concern of a test.
neighbours_met() {
	local netns=$1 addr
	shift
	for addr; do
		eventually in_cgroup - "$netns" "$probe" -t 100 icmp "$addr" || die "$addr does not answer $netns"
	done
}

# pod_up NAME N: a namespace behind the node with 10.244.0.N and fd00:f4::N, routed; a cgroup and a log
# directory as the kubelet names them.
declare -A pod_cgroup
pod_up() {
	pod_unmet "$@"
	neighbours_met "$id-$1" 169.254.1.1 fd00:e9:1::1
}

# pod_unmet NAME N: nothing has been sent by its device.
pod_unmet() {
	local pod=$1 n=$2 uid
	uid=$(printf '%08x-0000-4000-8000-%012x' "$n" $$)
	pod_cgroup[$pod]=$cg/kubepods/burstable/pod$uid/$(sha256sum <<<"$uid" | cut -c1-64)
	mkdir -p "${pod_cgroup[$pod]}" "/var/log/pods/default_${pod}_$uid/$pod"
	netns_up "$id-$pod" "$cg"
	wire "$id-$pod" "10.244.0.$n/32" "fd00:f4::$n/128" "$id-node" 169.254.1.1/32 fd00:e9:1::1/128 "veth-$pod"
	in_cgroup - "$id-$pod" sh -c "ip route add 169.254.1.1 dev eth0 && ip route add default via 169.254.1.1 &&
		ip -6 route add fd00:e9:1::1 dev eth0 && ip -6 route add default via fd00:e9:1::1"
	ungoverned ip route add "10.244.0.$n" dev "veth-$pod"
	ungoverned ip -6 route add "fd00:f4::$n" dev "veth-$pod"
	set_sysctl "$id-node" net.ipv4.ip_forward=1
	set_sysctl "$id-node" net.ipv6.conf.all.forwarding=1
}

# nat_up < RULES: nft rules of the node beside the masquerading of what leaves it.
nat_up() {
	ungoverned nft -f - <<-NFT || skip "nft does not work here"
		table inet egret_bed {
			chain source { type nat hook postrouting priority 100; oifname eth0 masquerade; }
		}
	NFT
	ungoverned nft -f - || die "these nft rules are refused"
}

cleanup() {
	local code=$? pid
	trap - EXIT INT TERM
	[ -x "$egret" ] && in_cgroup - - "$egret" detach --instance "$instance" >/dev/null 2>&1
	# An agent that was started in a pipe's subshell is in no list, and stands by after a detach.
	for pid in ${pids[@]+"${pids[@]}"} $(pgrep -f -- "--instance $instance(-[a-z]+)?( |\$)"); do
		{ kill -KILL "$pid" && wait "$pid"; } 2>/dev/null
	done
	if [ -d "$cg" ]; then
		echo 1 >"$cg/cgroup.kill" 2>/dev/null
		eventually remove_cgroups || echo "FAIL cgroups are left behind: $cg"
	fi
	[ ${#more_cgroups[@]} = 0 ] || rmdir "${more_cgroups[@]}"
	if [ "$code" -ne 0 ] && [ "$code" -ne 77 ]; then
		tail -n 30 "$work"/*.log 2>/dev/null
	fi
	rm -rf "$work" "$idle_pipe"
	exit "$code"
}

remove_cgroups() {
	find "$cg" -depth -type d -exec rmdir {} + 2>/dev/null
	[ ! -d "$cg" ]
}

trap cleanup EXIT
trap 'exit 130' INT TERM

# --- what tests are written in ----------------------------------------------

passed() {
	checks=$((checks + 1))
	echo "ok   $*"
}

failed() {
	checks=$((checks + 1))
	failures=$((failures + 1))
	echo "FAIL $*"
}

# expect WORD WHAT CMD...: the first word that CMD prints is WORD (a regular expression).
expect() {
	local want=$1 what=$2 output
	shift 2
	output=$("$@" 2>&1 </dev/null)
	if [[ "${output%%[[:space:]]*}" =~ ^($want)$ ]]; then
		passed "$what: ${output%%$'\n'*}"
	else
		failed "$what: expected $want, got \"$output\" ($*)"
	fi
}

# succeeds WHAT CMD... / fails CODE WHAT CMD...: by exit code; output in $work/output.
succeeds() {
	fails 0 "$@"
}

fails() {
	local want=$1 what=$2 code
	shift 2
	"$@" >"$work/output" 2>&1 </dev/null
	code=$?
	if [[ $code =~ ^($want)$ ]]; then
		passed "$what"
	else
		failed "$what: exit code $code, not $want ($*): $(cat "$work/output")"
	fi
}

# shows PATTERN WHAT: the output of the last succeeds/fails has a line like PATTERN.
shows() {
	if grep -qiE -- "$1" "$work/output"; then
		passed "$2"
	else
		failed "$2: no line like \"$1\" in: $(cat "$work/output")"
	fi
}

# lacks PATTERN WHAT: the output of the last check has no such line.
lacks() {
	if grep -qE -- "$1" "$work/output"; then
		failed "$2: $(cat "$work/output")"
	else
		passed "$2"
	fi
}

# json FILTER WHAT CMD...: CMD prints JSON for which jq's FILTER is true.
json() {
	local filter=$1 what=$2
	shift 2
	"$@" >"$work/output.json" 2>"$work/output"
	if jq -e "$filter" "$work/output.json" >/dev/null 2>>"$work/output"; then
		passed "$what"
	else
		failed "$what: not $filter ($*): $(jq -c 'del(.maps?)' "$work/output.json" | cut -c1-2000) $(cat "$work/output")"
	fi
}

# arrived PATTERN / nothing_arrived PATTERN: by the internet's servers, "PROTO PEER LOCAL".
arrived() {
	if eventually logged "$work/internet.log" "$1"; then
		passed "the servers saw $1"
	else
		failed "the servers did not see $1"
	fi
}

nothing_arrived() {
	if logged "$work/internet.log" "$1"; then
		failed "the servers saw $(grep -m1 -E -- "$1" "$work/internet.log")"
	else
		passed "the servers saw nothing like $1"
	fi
}

# try WHO ADDR PROTO:PORT, "udp" on a connected and "send" on an unconnected socket.
try() {
	case $3 in
	tcp:*) $1 "$probe" tcp "$2" "${3#*:}" ;;
	udp:*) $1 "$probe" udp "$2" "${3#*:}" ;;
	send:*) $1 "$probe" udp-send "$2" "${3#*:}" ;;
	icmp) $1 "$probe" icmp "$2" ;;
	ping) $1 "$probe" ping "$2" ;;
	esac
}

# passes WHO ADDR PROTO:PORT... / denied WHO ADDR PROTO:PORT...: WHO as in `node`,
# "pod web". A denial is an error at once, not a silence.
passes() {
	local who=$1 addr=$2 port
	shift 2
	for port; do
		expect "connected|answered" "$who may reach $addr $port" try "$who" "$addr" "$port"
	done
}

denied() {
	local who=$1 addr=$2 port
	shift 2
	for port; do
		expect EPERM "$who may not reach $addr $port" try "$who" "$addr" "$port"
	done
}

# hold_open NAME CGROUP NETNS ADDR PORT: a connection that stays open.
declare -A hold_fd
hold_open() {
	local hold=$1 fd
	shift
	mkfifo "$work/$hold.in"
	"$enter" "$1" "$2" "$probe" hold "$3" "$4" <"$work/$hold.in" >"$work/$hold.hold" 2>&1 &
	pids+=($!)
	exec {fd}>"$work/$hold.in"
	hold_fd[$hold]=$fd
	eventually logged "$work/$hold.hold" ^connected || die "no connection to hold: $(cat "$work/$hold.hold")"
}

# hold_say NAME: sends a line over it; prints what became of it.
hold_say() {
	local said
	said=$(wc -l <"$work/$1.hold")
	echo "still there" >&"${hold_fd[$1]}"
	eventually hold_has_more "$1" "$said" && tail -n 1 "$work/$1.hold"
}

hold_has_more() {
	[ "$(wc -l <"$work/$1.hold")" -gt "$2" ]
}

# --- every packet on the books ----------------------------------------------

# ledger_start LABEL=ADDR...: numbered packets to all of these from now on, and the internet writes down
# what arrives; tests/tools/ledger.h has the labels. What was there before the policy is no matter of it,
# so: after agent_start. $EGRET_RATE: datagrams a second of each of three kinds.
ledger_start() {
	[ -x "$ledger" ] || make -s -C "$root" build/tests/ledger >&2 || die "tests/tools does not build"
	rm -f "$work/receiver.log" "$work/sender.log" # of a ledger before this one, which was ready
	start "$work/receiver.log" - "$id-inet" "$ledger" receive "$work/received"
	receiver=$started
	eventually logged "$work/receiver.log" ^ready || die "no receiver: $(cat "$work/receiver.log")"
	start "$work/sender.log" "$cg/system.slice/app.service" "$id-node" \
		"$ledger" -r "${EGRET_RATE:-400}" send "$work/sent" "$@"
	sender=$started
	eventually logged "$work/sender.log" ^ready || die "no sender: $(cat "$work/sender.log")"
}

# ledger_end [WINDOWS]: both ends close their books, which are compared.
ledger_end() {
	[ -d "/proc/$sender" ] || failed "the sender ended before: $(cat "$work/sender.log")"
	stop "$sender"
	stop "$receiver"
	if "$ledger" account "$work/sent" "$work/received" "$@" >"$work/account" 2>&1; then
		passed "every packet is accounted for"
	else
		failed "the books of the two ends differ"
	fi
	cat "$work/account"
}

# --- Egret ------------------------------------------------------------------

needs_egret() {
	[ -x "$egret" ] || skip "$egret is not built"
}

# policy [FILE] < TEXT: at once whole. An agent may be looking, and that of release 0.1.0 takes what is empty for a moment.
policy() {
	local file=${1:-$work/policy.rules}
	cat >"$file.part"
	mv -T "$file.part" "$file"
}

# agent_start [ARG...]: with the policy of this test; returns once it enforces (or audits). As on a
# machine where nobody opened anything before: agent_again is for that.
agent_start() {
	rm -rf "$EGRET_STATE"
	agent_again "$@"
}

agent_again() {
	agent_launch "$@"
	eventually agent_settled || die "the agent is not ready: $(cat "$work/agent.log")"
	agent_alive || die "the agent ended: $(cat "$work/agent.log")"
}

# agent_launch [ARG...]: returns at once; the agent may be in the middle of anything.
agent_launch() {
	rm -f "$work/agent.log"
	start "$work/agent.log" - "$id-node" "$egret" run --policy "$work/policy.rules" --cgroup "$cg" \
		--instance "$instance" "$@"
	agent=$started
}

agent_alive() {
	[ -d "/proc/$agent" ] && ! logged "/proc/$agent/status" '^State:.Z' 2>/dev/null
}

agent_ready() {
	logged "$work/agent.log" '(enforcing|auditing):'
}

agent_settled() {
	agent_ready || ! agent_alive
}

# kill_agent: as a crash ends it, once what it enforces is kept on disk, which follows "enforcing:".
kill_agent() {
	eventually test -e "$EGRET_STATE/policy-$instance" || die "no policy is kept"
	stop "$agent" KILL
}

# govern < POLICY: the usual beginning of a test.
govern() {
	policy
	agent_start
}

# reload < POLICY: another policy; returns when it rules.
reload() {
	local before
	before=$(announced)
	policy
	eventually announced_more_than "$before" || die "no reload: $(cat "$work/agent.log")"
}
announced() { grep -cE '(enforcing|auditing):' "$work/agent.log"; }
announced_more_than() { [ "$(announced)" -gt "$1" ]; }

# rows_completed: the agent says of each row of drops what it finds out, within a second.
rows_completed() {
	egret_cmd drops --json |
		jq -e 'all(.[] | select(.kernel_reason | IN("no-rule", "port", "class", "expired")); .completed)'
}

egret_cmd() {
	local command=$1
	shift
	"$egret" "$command" --instance "$instance" "$@"
}
