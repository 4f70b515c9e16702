#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Real servers and real clients: what a client resolved, its first packet reaches. 10,000 fresh
# names, also while policies change and while no agent runs; `make test-long` takes 60,000.
. "$(dirname "$0")/../lib.sh"
needs_egret
command -v unbound >/dev/null || skip "unbound is not installed"
client=$root/build/tests/client
[ -x "$client" ] || skip "build/tests/client is not built"
bed_up
count=${EGRET_FRESH_NAMES:-10000}
port=8443

# 20.0.0.54 knows the names and is not trusted; 20.0.0.55 (unbound) and 20.0.0.56 (dnsmasq) forward to it.
names() {
	awk -v count="$count" 'BEGIN {
		for (i = 0; i < count; i++) {
			printf "20.7.%d.%d f%d.wild.example\n2603:1000:7::%x f%d.wild.example\n", i / 250, i % 250 + 1, i, i + 1, i
			printf "20.10.%d.%d r%d.wild.example\n2603:1000:10::%x r%d.wild.example\n", i / 250, i % 250 + 1, i, i + 1, i
			printf "20.8.%d.%d k%d.wild.example\n2603:1000:8::%x k%d.wild.example\n", i / 250, i % 250 + 1, i, i + 1, i
			if (i < 1000)
				printf "20.9.%d.%d c%d.wild.example\n2603:1000:9::%x c%d.wild.example\n", i / 250, i % 250 + 1, i, i + 1, i
		}
	}'
}

dnsmasq_up() {
	local log=$1
	shift
	start "$log" - "$id-inet" dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --user=root \
		--pid-file= --bind-interfaces --log-facility=- --cache-size=0 --dns-forward-max=10000 "$@"
}

unbound_up() {
	cat >"$work/unbound.conf" <<-CONF
		server:
			interface: 20.0.0.55
			access-control: 0.0.0.0/0 allow
			do-daemonize: no
			use-syslog: no
			logfile: ""
			username: ""
			chroot: ""
			directory: "$work"
			pidfile: ""
			module-config: "iterator"
			outgoing-range: 4096
			num-queries-per-thread: 4096
			so-rcvbuf: 4m
			do-not-query-localhost: no
			local-zone: "example." transparent
		remote-control:
			control-enable: no
		forward-zone:
			name: "."
			forward-addr: 20.0.0.54
	CONF
	start "$work/unbound.log" - "$id-inet" unbound -d -p -c "$work/unbound.conf"
}

names >"$work/names"
dnsmasq_up "$work/names.log" --listen-address=20.0.0.54 --addn-hosts="$work/names" --local-ttl=60 '--local=/#/'
dnsmasq_up "$work/forwarder.log" --listen-address=20.0.0.56 --server=20.0.0.54
unbound_up
start "$work/serve.log" - "$id-inet" "$client" serve $port
eventually logged "$work/serve.log" ^ready || die "no server: $(cat "$work/serve.log")"
knows() { internet dig +short +time=1 +tries=1 "@$1" c0.wild.example A | grep -qx 20.9.0.1; }
for server in 20.0.0.54 20.0.0.55 20.0.0.56; do
	eventually knows $server || die "no DNS on $server: $(tail "$work"/{names,unbound,forwarder}.log)"
done

govern <<POLICY
resolver 20.0.0.55
resolver 20.0.0.56
allow *.wild.example  tcp:$port udp:$port
allow 20.0.0.54       udp:53     # may be asked, is not trusted
POLICY

# Who asks whom is set here, as the clients find it.
touch "$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
echo "hosts: dns" >"$work/nsswitch.conf"
mount --bind "$work/nsswitch.conf" /etc/nsswitch.conf
ask_by() { printf '%s\n' "$@" >"$work/resolv.conf"; }

# Each client gets a name of its own, that nobody asked for before: $fresh.
number=0
next() { fresh=c$((number++)); }
dig_and_use() {
	local name=$1 addr
	shift
	addr=$(node dig +short +time=3 +tries=1 "$@" "$name" A | tail -n 1)
	node "$probe" tcp "${addr:-unresolved}" $port
}
# The server closes at once; curl would wait for more to say.
curl_and_use() { node curl -sS -m 3 "telnet://$1:$port"; }

for server in 20.0.0.55 20.0.0.56; do
	ask_by "nameserver $server"
	next
	expect connected "$server: getaddrinfo" node "$client" getaddrinfo $fresh.wild.example $port
	next
	expect connected "$server: c-ares" node "$client" cares $port $fresh.wild.example
	expect connected "$server: c-ares, 8 names at once" node "$client" cares $port c${server##*.}{0..7}.wild.example
	next
	expect connected "$server: A and AAAA at once on an unconnected socket" node "$client" musl $fresh.wild.example $server $port
	next
	expect connected "$server: the same, IPv4-mapped" node "$client" musl $fresh.wild.example ::ffff:$server $port
	next
	succeeds "$server: curl" curl_and_use $fresh.wild.example
	next
	expect connected "$server: dig" dig_and_use $fresh.wild.example
	next
	expect connected "$server: dig by TCP" dig_and_use $fresh.wild.example +tcp
	next
	expect connected "$server: dig with EDNS options" dig_and_use $fresh.wild.example +dnssec +nsid +bufsize=4096
	next
	expect connected "$server: dig without EDNS" dig_and_use $fresh.wild.example +noedns
	for option in edns0 trust-ad single-request single-request-reopen use-vc rotate; do
		next
		ask_by "nameserver $server" "options $option"
		expect connected "$server: getaddrinfo, options $option" node "$client" getaddrinfo $fresh.wild.example $port
	done
	ask_by "nameserver $server" "search first.example wild.example" "options edns0"
	next
	expect connected "$server: getaddrinfo of a short name" node "$client" getaddrinfo $fresh $port
	next
	expect connected "$server: c-ares, a short name" node "$client" cares $port $fresh
	next
	succeeds "$server: curl, a short name" curl_and_use $fresh
	next
	ask_by "nameserver $server" "search first.example wild.example" "options ndots:3"
	expect connected "$server: getaddrinfo, what other expansions do not exist" node "$client" getaddrinfo $fresh.wild.example $port
done

# What a count of lost first packets looks like.
ask_by "nameserver 20.0.0.54"
next
expect EPERM "a server that is not trusted: getaddrinfo" node "$client" getaddrinfo $fresh.wild.example $port
next
fails 7 "a server that is not trusted: curl" curl_and_use $fresh.wild.example
fails 1 "a server that is not trusted: fresh names" node "$client" fresh f 96 20.0.0.54 $port
shows '96 fresh names, 96 first packets lost' "the client counts what is lost"

all_reached() {
	succeeds "$1: no first packet is lost" node "$client" fresh "$2" "$count" 20.0.0.55 $port
	grep ^note: "$work/output"
}
all_reached "$count fresh names" f

# Another policy every few moments, which allows the names as the last one did.
policies_change() {
	local i
	for i in $(seq 2000); do
		[ -e "$work/changing" ] || break
		{ cat "$work/first.rules" && echo "allow 20.99.0.$((i % 250)) tcp:1"; } >"$work/next.rules"
		mv "$work/next.rules" "$work/policy.rules"
		kill -HUP "$agent"
		sleep 0.05
	done
	echo "note: $i times another policy"
}
cp "$work/policy.rules" "$work/first.rules"
touch "$work/changing"
policies_change &
changer=$!
all_reached "$count fresh names while policies change" r
rm "$work/changing"
wait "$changer"

stop "$agent" KILL
all_reached "$count fresh names without an agent" k
json '.dns_total | .crowded + .busy + .full + .malformed + .mismatch == 0' "status --json: nothing went wrong" \
	egret_cmd status --json

# More questions at once than Egret remembers of a socket (16): the others' answers teach nothing.
ask_by "nameserver 20.0.0.55"
lost=$(node "$client" cares $port c{600..799}.wild.example | tr ' ' '\n' | grep -c =EPERM)
echo "note: 200 names at once on one socket (c-ares): $lost of 400 first packets lost"
[ "$lost" = 0 ] || json '.dns_total.crowded > 0' "status --json counts them" egret_cmd status --json
finish
