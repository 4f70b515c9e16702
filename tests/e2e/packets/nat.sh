#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Behind kube-proxy's NAT: a pod is judged by the ClusterIP, and at the uplink by the backend, too; a process of the
# host by the backend.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up web 11
dns api.nat.example 20.10.0.1
nat_up <<'NFT'
table ip egret_services {
	map services { type ipv4_addr : ipv4_addr; elements = { 10.0.0.10 : 20.0.0.53, 10.0.0.1 : 20.10.0.1,
		10.0.0.2 : 51.0.0.8, 10.0.0.99 : 51.0.0.9 } }
	chain prerouting { type nat hook prerouting priority -100; dnat to ip daddr map @services; }
	chain output { type nat hook output priority -100; dnat to ip daddr map @services; }
}
NFT
expect connected "without Egret: the pod" pod web "$probe" tcp 10.0.0.99 443
expect connected "without Egret: the host" node "$probe" tcp 10.0.0.99 443
govern <<'POLICY'
set service_ranges = 10.0.0.0/16
resolver 20.0.0.53
resolver 10.0.0.10
allow 10.0.0.1         tcp:443  for pods
allow 10.0.0.2         any      for pods
allow api.nat.example  tcp:443
POLICY
expect 20.10.0.1 "the pod asks the DNS service" pod web dig +short @10.0.0.10 api.nat.example
expect 20.10.0.1 "the host asks the DNS service" node dig +short @10.0.0.10 api.nat.example
passes "pod web" 10.0.0.1 tcp:443
passes node 10.0.0.1 tcp:443
passes node 20.10.0.1 tcp:443
denied "pod web" 20.10.0.1 tcp:80
# No early error where NAT may still change the destination; nothing gets out.
: >"$work/internet.log"
expect timeout "a service that nothing allows, the pod" pod web "$probe" tcp 10.0.0.99 443
expect timeout "a service that nothing allows, the host" node "$probe" tcp 10.0.0.99 443
expect EPERM "datagrams to it, the pod" pod web "$probe" udp 10.0.0.99 123
expect EPERM "datagrams to it, the host" node "$probe" udp 10.0.0.99 123
expect timeout "one whose address is allowed, and whose end point is not" pod web "$probe" tcp 10.0.0.2 443
expect timeout "datagrams to it" pod web "$probe" udp 10.0.0.2 123
nothing_arrived ' 51\.'
json '[.[] | select(.address == "51.0.0.8" and .reason == "service-outside")] | length == 2' \
	"the pod's denials name the end point" egret_cmd drops --json
finish
