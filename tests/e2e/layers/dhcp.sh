#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# A DHCP client asks by a packet socket, from no address: it gets a lease, and asks for it again, where the policy allows
# what it asks; and not where the policy does not.
. "$(dirname "$0")/../lib.sh"
needs_egret
dhclient=$(command -v dhclient /usr/sbin/dhclient | head -n 1)
[ -n "$dhclient" ] || skip "no dhclient"
internet_ports="tcp:443"
bed_up
start "$work/dhcp.log" - "$id-inet" dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --user=root --pid-file= \
	--bind-interfaces --interface=eth0 --log-facility=- --dhcp-range=10.224.5.1,10.224.5.9,2m --dhcp-authoritative \
	--dhcp-leasefile="$work/leases"
eventually logged "$work/dhcp.log" "DHCP, IP range" || die "no DHCP: $(cat "$work/dhcp.log")"
# Nothing is done with a lease; a time that asks more than once.
echo 'timeout 4; retry 1; initial-interval 1; backoff-cutoff 1;' >"$work/dhclient.conf"
lease() {
	rm -f "$work/dhclient.pid"
	node timeout 20 "$dhclient" -4 -1 -d -sf /bin/true -cf "$work/dhclient.conf" -lf "$work/client.leases" \
		-pf "$work/dhclient.pid" eth0 >"$work/dhclient.log" 2>&1 &
	client=$!
	if eventually logged "$work/dhclient.log" "$1"; then passed "$2"; else failed "$2: $(cat "$work/dhclient.log")"; fi
	kill "$(cat "$work/dhclient.pid" 2>/dev/null)" 2>/dev/null
	wait "$client"
}
touch "$work/client.leases"

policy <<'POLICY'
set layers = enforce
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
agent_start
lease "No DHCPOFFERS|Unable to obtain" "without a rule there is no lease"
json 'any(.[]; .address == "255.255.255.255" and .port == "udp:67")' "drops says what was asked" egret_cmd drops --json
expect 0 "the server was not asked" grep -c DHCPDISCOVER "$work/dhcp.log"

echo "allow 255.255.255.255 udp:67" >>"$work/policy.rules"
ruled_again() { [ "$(grep -c enforcing: "$work/agent.log")" = 2 ]; }
eventually ruled_again || die "no reload: $(cat "$work/agent.log")"
lease "^bound to 10.224.5" "with one there is"
lease "DHCPACK of 10.224.5" "and it is kept"
finish
